/* SPDX-License-Identifier: MIT */
/* name_list.c: positions, by which a directory is read on in a later listing. */
#include "name_list.h"
#include "unit.h"

static void clear(struct name_list *list)
{
	name_list_clear(list);
}

#define NAMES __attribute__((__cleanup__(clear))) struct name_list

static void put(struct name_list *list, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		g_autofree char *name = g_strdup_printf("name-%u", i);

		assert_result(name_list_add(list, name, i, i % 2), 0);
	}
}

static const char *at(const struct name_list *list, uint64_t position)
{
	const size_t i = name_list_behind(list, position - 1);

	return i < list->count && list->entries[i].position == position ? name_list_name(list, i)
									: "";
}

static void test_nothing_has_an_order(void)
{
	NAMES list = { 0 };

	name_list_order(&list, 2);
	g_assert_cmpuint(name_list_behind(&list, 0), ==, 0);
}

static void test_positions_rise(void)
{
	NAMES list = { 0 };

	put(&list, 0, 100000);
	name_list_order(&list, 0);
	g_assert_cmpuint(list.entries[0].position, >, 0);
	for (size_t i = 1; i < list.count; i++)
		g_assert_cmpuint(list.entries[i].position, >, list.entries[i - 1].position);
}

static void test_each_keeps_what_it_is(void)
{
	NAMES list = { 0 };

	put(&list, 0, 1000);
	name_list_order(&list, 0);
	for (size_t i = 0; i < list.count; i++) {
		g_autofree char *name = g_strdup_printf("name-%u", (unsigned)list.entries[i].ino);

		g_assert_cmpstr(name_list_name(&list, i), ==, name);
		g_assert_true(list.entries[i].directory == list.entries[i].ino % 2);
	}
}

static void test_the_first_stay_first(void)
{
	NAMES list = { 0 };

	assert_result(name_list_add(&list, ".", 1, true), 0);
	assert_result(name_list_add(&list, "..", 1, true), 0);
	put(&list, 0, 100);
	name_list_order(&list, 2);
	g_assert_cmpstr(at(&list, 1), ==, ".");
	g_assert_cmpstr(at(&list, 2), ==, "..");
}

/* Whatever came or went, and in whichever order they were added. */
static void test_name_has_its_position_in_every_list(void)
{
	NAMES one = { 0 }, other = { 0 };

	put(&one, 0, 2000);
	put(&other, 1500, 3000);
	put(&other, 1000, 1500);
	name_list_order(&one, 0);
	name_list_order(&other, 0);
	for (size_t i = 0; i < one.count; i++) {
		const unsigned number = (unsigned)one.entries[i].ino;

		if (number >= 1000)
			g_assert_cmpstr(at(&other, one.entries[i].position), ==,
					name_list_name(&one, i));
	}
}

/* Of so many names some have the same hash. */
static void test_names_of_one_hash_have_two_positions(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);
	NAMES list = { 0 };
	const size_t count = 500000;
	size_t pairs = 0;

	for (size_t i = 0; i < count; i++) {
		g_autofree char *name =
			g_strdup_printf("%08x%08x", g_rand_int(rand), g_rand_int(rand));

		assert_result(name_list_add(&list, name, i, false), 0);
	}
	name_list_order(&list, 0);
	for (size_t i = 1; i < count; i++) {
		g_assert_cmpuint(list.entries[i].position, >, list.entries[i - 1].position);
		pairs += list.entries[i].position == list.entries[i - 1].position + 1u;
	}
	g_assert_cmpuint(pairs, >, 0);
	g_assert_cmpuint(name_list_behind(&list, list.entries[count - 1].position), ==, count);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("name-list", nothing_has_an_order);
	add("name-list", positions_rise);
	add("name-list", each_keeps_what_it_is);
	add("name-list", the_first_stay_first);
	add("name-list", name_has_its_position_in_every_list);
	add("name-list", names_of_one_hash_have_two_positions);
	return g_test_run();
}
