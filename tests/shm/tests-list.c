/* SPDX-License-Identifier: MIT */
/* list.c */
#include "helpers.h"

/* How often each name was told. */
static int count_name(const char *name, void *arg)
{
	GHashTable *counts = arg;
	int count = GPOINTER_TO_INT(g_hash_table_lookup(counts, name));

	g_hash_table_insert(counts, g_strdup(name), GINT_TO_POINTER(count + 1));
	return 0;
}

static GHashTable *counts_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static int count_of(GHashTable *counts, const char *name)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(counts, name));
}

static void test_list_tells_each_object_once(void)
{
	g_autoptr(GHashTable) counts = counts_new();
	AUTO_NAME one = unique_name();
	AUTO_NAME two = unique_name();
	AUTO_FD fd_one = object_with(one, "");
	AUTO_FD fd_two = object_with(two, "");

	assert_ok(pshm_list(count_name, counts));
	g_assert_cmpint(count_of(counts, one), ==, 1);
	g_assert_cmpint(count_of(counts, two), ==, 1);
}

static void test_list_tells_no_unlinked_object(void)
{
	g_autoptr(GHashTable) counts = counts_new();
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "");

	assert_ok(pshm_unlink(name));
	assert_ok(pshm_list(count_name, counts));
	g_assert_cmpint(count_of(counts, name), ==, 0);
}

static int stop_with_7(const char *name, void *arg)
{
	(*(int *)arg)++;
	return 7;
}

static void test_list_stops_when_told_and_says_so(void)
{
	AUTO_NAME one = unique_name();
	AUTO_NAME two = unique_name();
	AUTO_FD fd_one = object_with(one, "");
	AUTO_FD fd_two = object_with(two, "");
	int calls = 0;

	g_assert_cmpint(pshm_list(stop_with_7, &calls), ==, 7);
	g_assert_cmpint(calls, ==, 1);
}

static int unlink_ours(const char *name, void *arg)
{
	if (g_str_has_prefix(name, arg))
		assert_ok(pshm_unlink(name));
	return 0;
}

static void test_listed_objects_may_be_unlinked_meanwhile(void)
{
	g_autofree char *prefix = unique_name();
	g_autoptr(GHashTable) counts = counts_new();

	for (int i = 0; i < 1000; i++) {
		g_autofree char *name = g_strdup_printf("%s.%d", prefix, i);
		AUTO_FD fd = pshm_create(name, PSHM_RDWR, 0600);

		g_assert_cmpint(fd, >=, 0);
	}
	assert_ok(pshm_list(unlink_ours, prefix));
	assert_ok(pshm_list(count_name, counts));
	for (int i = 0; i < 1000; i++) {
		g_autofree char *name = g_strdup_printf("%s.%d", prefix, i);

		g_assert_cmpint(count_of(counts, name), ==, 0);
	}
}

static void test_list_without_a_function_is_einval(void)
{
	assert_fails(pshm_list(NULL, NULL), EINVAL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("list", list_tells_each_object_once);
	add("list", list_tells_no_unlinked_object);
	add("list", list_stops_when_told_and_says_so);
	add("list", listed_objects_may_be_unlinked_meanwhile);
	add("list", list_without_a_function_is_einval);
	return g_test_run();
}
