/* SPDX-License-Identifier: MIT */
/* node.c: the names by which a node is known, what becomes of them, and handles. */
#include "nodes.h"

/* ---- names ---- */

static void test_place_is_by_the_name_looked_up_last(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	NODE node = node_get(nodes, a);

	assert_place(node, ":a");
	look_up(nodes->root, "b", 10);
	assert_place(node, ":b");
	look_up(nodes->root, "a", 10);
	assert_place(node, ":a");
	node_forget(nodes, a, 3);
}

static void test_broken_name_leaves_the_one_before(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	NODE node = node_get(nodes, a);

	look_up(nodes->root, "b", 10);
	node_break(node, "b");
	assert_place(node, ":a");
	/* Not the name that it is known by now. */
	node_break(node, "b");
	assert_place(node, ":a");
	node_break(node, "a");
	assert_place(node, "-");
	node_break(node, "a");
	node_forget(nodes, a, 2);
}

static void test_object_with_many_links_is_known_by_the_last_few(void)
{
	enum { LINKS = 1000 };
	AUTO_TABLE nodes = table_new("");
	const uint64_t id = look_up(nodes->root, "link0", 10);
	NODE node = node_get(nodes, id);
	int known = 0;

	for (int i = 1; i < LINKS; i++) {
		g_autofree char *name = g_strdup_printf("link%d", i);

		look_up(nodes->root, name, 10);
	}
	for (int i = LINKS; i-- > 0;) {
		g_autofree char *name = g_strdup_printf("link%d", i);
		g_autofree char *wanted = g_strdup_printf(":%s", name);
		g_autofree char *place = place_of(node);

		if (strcmp(place, "-") == 0)
			break;
		g_assert_cmpstr(place, ==, wanted);
		node_break(node, name);
		known++;
	}
	g_assert_cmpint(known, >, 0);
	g_assert_cmpint(known, <, 100);
	node_forget(nodes, id, LINKS);
}

static void test_two_nodes_may_claim_a_name(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t old = look_up(nodes->root, "a", 10);
	const uint64_t new = look_up(nodes->root, "a", 11);
	NODE old_node = node_get(nodes, old);
	NODE new_node = node_get(nodes, new);

	/* Only the object says whose it is. */
	node_rebind(nodes->root, "a", 11, false, nodes->root, "b");
	assert_place(old_node, ":a");
	assert_place(new_node, ":b");
	node_forget(nodes, old, 1);
	node_forget(nodes, new, 1);
}

static void test_broken_name_is_gone_until_the_next_lookup(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	NODE node = node_get(nodes, a);

	node_break(node, "a");
	assert_place(node, "-");
	g_assert_cmpuint(look_up(nodes->root, "b", 10), ==, a);
	assert_place(node, ":b");
	node_forget(nodes, a, 2);
}

static void test_directory_under_another_name_is_another_node(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t old = look_up(nodes->root, "d/", 10);
	const uint64_t new = look_up(nodes->root, "e/", 10);
	NODE old_node = node_get(nodes, old);
	NODE new_node = node_get(nodes, new);

	g_assert_cmpuint(old, !=, new);
	assert_place(old_node, ":d");
	assert_place(new_node, ":e");
	/* Each lookup finds its own again. */
	g_assert_cmpuint(look_up(nodes->root, "d/", 10), ==, old);
	g_assert_cmpuint(look_up(nodes->root, "e/", 10), ==, new);
	node_forget(nodes, old, 1);
	node_forget(nodes, new, 1);
	node_forget(nodes, old, 1);
	node_forget(nodes, new, 1);
}

static void test_content_of_a_directory_that_broke_has_no_place(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t d = look_up(nodes->root, "d/", 10);
	NODE directory = node_get(nodes, d);
	const uint64_t a = look_up(directory, "a", 11);
	NODE node = node_get(nodes, a);
	object_name prefix;

	assert_place(node, "d%:a");
	node_break(directory, "d");
	assert_place(node, "-");
	g_assert_false(node_prefix(directory, prefix));
	node_forget(nodes, a, 1);
	node_forget(nodes, d, 1);
}

static void test_place_of_a_directory_is_given_up_with_it(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t d = look_up(nodes->root, "d/", 10);
	const uint64_t e = look_up(nodes->root, "e/", 10);

	/* In any order. */
	node_forget(nodes, d, 1);
	g_assert_false(is_known(nodes, d));
	g_assert_true(is_known(nodes, e));
	g_assert_cmpuint(look_up(nodes->root, "e/", 10), ==, e);
	node_forget(nodes, e, 2);
}

/* ---- names that change through the mount ---- */

static void test_unlinked_name_is_gone(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t id = look_up(nodes->root, "a", 10);
	NODE node = node_get(nodes, id);

	node_unbind(nodes->root, "a", 10, false);
	assert_place(node, "-");
	g_assert_cmpuint(look_up(nodes->root, "b", 10), ==, id);
	assert_place(node, ":b");
	node_forget(nodes, id, 2);
}

static void test_name_in_a_directory_that_broke_leaves_the_other(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t d = look_up(nodes->root, "d/", 10);
	const uint64_t a = look_up(nodes->root, "a", 11);
	NODE directory = node_get(nodes, d);
	NODE node = node_get(nodes, a);

	look_up(directory, "b", 11);
	assert_place(node, "d%:b");
	g_assert_cmpuint(node_parent_ino(node), ==, 10);
	node_break(directory, "d");
	assert_place(node, ":a");
	g_assert_cmpuint(node_parent_ino(node), ==, ROOT_INO);
	node_forget(nodes, a, 2);
	node_forget(nodes, d, 1);
}

static void test_unlinked_other_name_leaves_the_bound_one(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	NODE node = node_get(nodes, a);

	node_unbind(nodes->root, "b", 10, false);
	node_unbind(nodes->root, "a", 11, false);
	node_unbind(nodes->root, "a", 10, true);
	assert_place(node, ":a");
	node_forget(nodes, a, 1);
}

static void test_renamed_node_has_the_new_place(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t d = look_up(nodes->root, "d/", 10);
	const uint64_t a = look_up(nodes->root, "a", 11);
	NODE directory = node_get(nodes, d);
	NODE node = node_get(nodes, a);

	node_rebind(nodes->root, "a", 11, false, directory, "b");
	assert_place(node, "d%:b");
	node_rebind(nodes->root, "d", 10, true, nodes->root, "e");
	assert_place(node, "e%:b");
	g_assert_cmpuint(look_up(directory, "b", 11), ==, a);
	node_forget(nodes, a, 2);
	node_forget(nodes, d, 1);
}

static void test_name_changes_to_any_length_and_back(void)
{
	g_autofree char *longest = g_strnfill(255, 'n'), *place = g_strconcat(":", longest, NULL);
	AUTO_TABLE nodes = table_new("");
	const uint64_t id = look_up(nodes->root, "first", 10);
	NODE node = node_get(nodes, id);

	node_rebind(nodes->root, "first", 10, false, nodes->root, longest);
	assert_place(node, place);
	node_rebind(nodes->root, longest, 10, false, nodes->root, "first");
	assert_place(node, ":first");
	node_break(node, "first");
	assert_place(node, "-");
	look_up(nodes->root, longest, 10);
	look_up(nodes->root, "b", 10);
	node_unbind(nodes->root, longest, 10, false);
	assert_place(node, ":b");
	node_forget(nodes, id, 3);
}

static void test_exchanged_names_are_each_other_s(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	const uint64_t b = look_up(nodes->root, "b/", 11);
	NODE file = node_get(nodes, a);
	NODE directory = node_get(nodes, b);

	node_rebind(nodes->root, "a", 10, false, nodes->root, "b");
	node_rebind(nodes->root, "b", 11, true, nodes->root, "a");
	assert_place(file, ":b");
	assert_place(directory, ":a");
	node_forget(nodes, a, 1);
	node_forget(nodes, b, 1);
}

/* ---- handles ---- */

static void test_handle_keeps_its_node_and_closes_its_descriptor(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	NODE node = node_get(nodes, a);
	const int fd = any_fd();
	struct handle *handle = handle_new(node, fd);

	node_forget(nodes, a, 1);
	node_put(node);
	g_assert_true(is_known(nodes, a));
	handle_release(handle);
	g_assert_false(is_known(nodes, a));
	g_assert_false(is_open(fd));
	node = NULL;
}

static void test_borrowed_handle_outlives_its_release(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	NODE node = node_get(nodes, a);
	const int fd = any_fd();
	struct handle *handle = handle_new(node, fd), *borrowed = handle_of(node);

	g_assert_true(borrowed == handle);
	handle_release(handle);
	g_assert_null(handle_of(node));
	g_assert_true(is_open(fd));
	handle_put(borrowed);
	g_assert_false(is_open(fd));
	node_forget(nodes, a, 1);
}

static void test_each_handle_of_a_node_can_go_first(void)
{
	for (int first = 0; first < 3; first++) {
		AUTO_TABLE nodes = table_new("");
		const uint64_t a = look_up(nodes->root, "a", 10);
		NODE node = node_get(nodes, a);
		struct handle *handles[3];

		for (int i = 0; i < 3; i++)
			handles[i] = handle_new(node, any_fd());
		for (int i = 0; i < 3; i++) {
			struct handle *some = handle_of(node);

			g_assert_nonnull(some);
			handle_put(some);
			handle_release(handles[(first + i) % 3]);
		}
		g_assert_null(handle_of(node));
		node_forget(nodes, a, 1);
	}
}

/* In the order in which they came: the last of a list that is walked. */
static void test_200000_handles_of_a_node_go_in_no_time(void)
{
	enum { COUNT = 200000 };
	g_autofree struct handle **handles = g_new(struct handle *, COUNT);
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	NODE node = node_get(nodes, a);
	gint64 start, made;

	start = g_get_monotonic_time();
	for (int i = 0; i < COUNT; i++)
		handles[i] = handle_new(node, -1);
	made = g_get_monotonic_time();
	for (int i = 0; i < COUNT; i++)
		handle_release(handles[i]);
	g_test_message("%d made in %d us, gone in %d us", COUNT, (int)(made - start),
		       (int)(g_get_monotonic_time() - made));
	g_assert_null(handle_of(node));
	node_forget(nodes, a, 1);
}

static void test_end_closes_what_is_open(void)
{
	const struct view view = { .separator = '%' };
	struct nodes nodes;
	int fd = any_fd();

	assert_result(nodes_init(&nodes, &view, ROOT_INO), 0);

	NODE node = node_get(&nodes, look_up(nodes.root, "a", 10));

	handle_new(node, fd);
	nodes_destroy(&nodes);
	g_assert_false(is_open(fd));
	node = NULL;
}

/* ---- owners ---- */

static void test_owner_is_known_as_it_was_told_last(void)
{
	const struct stat mine = { .st_uid = 1, .st_gid = 2 }, yours = { .st_uid = 3, .st_gid = 2 };
	const struct stat group = { .st_uid = 1, .st_gid = 3 };
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	NODE node = node_get(nodes, a);

	node_tell(node, &mine, false);
	g_assert_true(node_knows_owner(node, &mine));
	g_assert_false(node_knows_owner(node, &yours));
	g_assert_false(node_knows_owner(node, &group));
	node_tell(node, &yours, false);
	g_assert_true(node_knows_owner(node, &yours));
	node_forget(nodes, a, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("node", place_is_by_the_name_looked_up_last);
	add("node", broken_name_leaves_the_one_before);
	add("node", object_with_many_links_is_known_by_the_last_few);
	add("node", two_nodes_may_claim_a_name);
	add("node", broken_name_is_gone_until_the_next_lookup);
	add("node", directory_under_another_name_is_another_node);
	add("node", content_of_a_directory_that_broke_has_no_place);
	add("node", place_of_a_directory_is_given_up_with_it);
	add("node", unlinked_name_is_gone);
	add("node", name_in_a_directory_that_broke_leaves_the_other);
	add("node", unlinked_other_name_leaves_the_bound_one);
	add("node", renamed_node_has_the_new_place);
	add("node", name_changes_to_any_length_and_back);
	add("node", exchanged_names_are_each_other_s);
	add("node", handle_keeps_its_node_and_closes_its_descriptor);
	add("node", borrowed_handle_outlives_its_release);
	add("node", each_handle_of_a_node_can_go_first);
	add("node", 200000_handles_of_a_node_go_in_no_time);
	add("node", end_closes_what_is_open);
	add("node", owner_is_known_as_it_was_told_last);
	return g_test_run();
}
