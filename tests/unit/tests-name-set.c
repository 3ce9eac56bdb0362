/* SPDX-License-Identifier: MIT */
/* name_set.c against a plain table: what is put, removed and looked for at random. */
#include "name_set.h"
#include "unit.h"

#include <string.h>

#define AUTO_SET __attribute__((__cleanup__(name_set_clear))) struct name_set

/* ---- the same as a sorted array ---- */

static gint compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *sorted_keys(GHashTable *table)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	g_ptr_array_sort(names, compare);
	return names;
}

static void assert_cursor_is_at(const struct name_cursor *at, GPtrArray *names, guint i,
				GHashTable *table)
{
	if (i >= names->len) {
		g_assert_null(at->name);
		return;
	}
	g_assert_cmpstr(at->name, ==, g_ptr_array_index(names, i));
	g_assert_cmpuint(at->number, ==, GPOINTER_TO_UINT(g_hash_table_lookup(table, at->name)));
}

static void assert_same(const struct name_set *set, GHashTable *table)
{
	g_autoptr(GPtrArray) names = sorted_keys(table);
	struct name_cursor at = name_set_from(set, "");

	g_assert_cmpuint(set->count, ==, names->len);
	for (guint i = 0; i <= names->len; i++) {
		assert_cursor_is_at(&at, names, i, table);
		if (at.name != NULL)
			name_cursor_next(&at);
	}
}

static void assert_finds(const struct name_set *set, GHashTable *table, const char *key)
{
	g_autoptr(GPtrArray) names = sorted_keys(table);
	struct name_cursor from = name_set_from(set, key), behind = name_set_behind(set, key);
	guint first = 0, after;

	while (first < names->len && strcmp(g_ptr_array_index(names, first), key) < 0)
		first++;
	assert_cursor_is_at(&from, names, first, table);
	for (after = first; after < names->len; after++)
		if (!g_str_has_prefix(g_ptr_array_index(names, after), key))
			break;
	assert_cursor_is_at(&behind, names, after, table);
	g_assert_cmpint(name_set_has(set, key), ==, g_hash_table_contains(table, key));
}

/* ---- random names ---- */

/* Few letters, so that names meet and begin alike; bytes of both signs; sometimes
 * as long as a name can be. */
static char *random_name(void)
{
	static const char letters[] = { 'a', 'b', '%', (char)0xff, 1 };
	const int len = g_test_rand_int_range(0, 20) == 0 ? 255 : g_test_rand_int_range(1, 8);
	char *name = g_malloc0((gsize)len + 1);

	for (int i = 0; i < len; i++)
		name[i] = letters[g_test_rand_int_range(0, G_N_ELEMENTS(letters))];
	return name;
}

static void change(struct name_set *set, GHashTable *table, int removals_of_ten)
{
	char *name = random_name();
	const guint number = (guint)g_test_rand_int() >> 1;

	if (g_test_rand_int_range(0, 10) < removals_of_ten) {
		name_set_remove(set, name);
		g_hash_table_remove(table, name);
		g_free(name);
	} else {
		g_assert_true(name_set_put(set, name, number));
		g_hash_table_replace(table, name, GUINT_TO_POINTER(number));
	}
}

static void test_set_is_what_was_put_and_not_removed(void)
{
	g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	AUTO_SET set = { 0 };

	/* It grows, and it shrinks to nearly nothing. */
	for (int i = 0; i < 30000; i++) {
		change(&set, table, i < 15000 ? 2 : 8);
		if (i % 500 == 0)
			assert_same(&set, table);
	}
	assert_same(&set, table);
}

static void test_places_are_found_by_name_and_behind_a_prefix(void)
{
	g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	AUTO_SET set = { 0 };

	assert_finds(&set, table, "a");
	for (int i = 0; i < 3000; i++) {
		g_autofree char *key = random_name();

		change(&set, table, 3);
		assert_finds(&set, table, key);
	}
}

static void fill_in_order(struct name_set *set, int first, int last, int step)
{
	for (int i = first; i != last; i += step) {
		char name[16];

		g_snprintf(name, sizeof(name), "name%06d", i);
		g_assert_true(name_set_put(set, name, 1));
	}
}

/* As a directory is read, forwards or backwards. */
static void test_names_in_order_leave_no_room_unused(void)
{
	const size_t full = 10000 * (10 + strlen("name000000")) / 4000;

	for (int up = 0; up <= 1; up++) {
		AUTO_SET set = { 0 };

		fill_in_order(&set, up ? 0 : 10000, up ? 10000 : 0, up ? 1 : -1);
		g_assert_cmpuint(set.count, ==, 10000);
		g_assert_cmpuint(set.chunk_count, <=, full + 2);
	}
}

static void test_memory_of_removed_names_is_given_back(void)
{
	AUTO_SET set = { 0 };

	fill_in_order(&set, 0, 10000, 1);
	for (int i = 0; i < 10000; i++) {
		char name[16];

		g_snprintf(name, sizeof(name), "name%06d", i);
		if (i % 100 != 0)
			name_set_remove(&set, name);
	}
	g_assert_cmpuint(set.count, ==, 100);
	g_assert_cmpuint(set.chunk_count, <=, 2);
	for (struct name_cursor at = name_set_from(&set, ""); at.name != NULL;) {
		g_autofree char *name = g_strdup(at.name);

		name_set_remove(&set, name);
		at = name_set_from(&set, name);
	}
	g_assert_cmpuint(set.chunk_count, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("name-set", set_is_what_was_put_and_not_removed);
	add("name-set", places_are_found_by_name_and_behind_a_prefix);
	add("name-set", names_in_order_leave_no_room_unused);
	add("name-set", memory_of_removed_names_is_given_back);
	return g_test_run();
}
