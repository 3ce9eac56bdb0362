/* SPDX-License-Identifier: MIT */
/* node.c: ids, counts and places. */

#include "nodes.h"

/* ---- ids ---- */

static void test_root_is_number_1_and_is_there_to_the_end(void)
{
	AUTO_TABLE nodes = table_new("");
	NODE root = node_get(nodes, 1);

	g_assert_true(root == nodes->root);
	node_forget(nodes, 1, 1);
	g_assert_true(is_known(nodes, 1));
}

static void test_id_that_nobody_was_told_is_not_found(void)
{
	static const uint64_t ids[] = { 0,	   2, 63, 64, 1u << 20, UINT32_MAX, 1ull << 32 | 1,
					UINT64_MAX };
	AUTO_TABLE nodes = table_new("");

	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
		g_assert_false(is_known(nodes, ids[i]));
}

static void test_id_of_a_forgotten_node_is_not_found(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);

	g_assert_true(is_known(nodes, a));
	node_forget(nodes, a, 1);
	g_assert_false(is_known(nodes, a));
}

/* What the next daemon tells of an object is what this one told. */
static void test_object_has_the_same_id_again(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	const uint64_t d = look_up(nodes->root, "d/", 11);

	g_assert_cmpuint(node_id_ino(a), ==, 10);
	g_assert_cmpuint(node_id_ino(d), ==, 11);
	node_forget(nodes, a, 1);
	node_forget(nodes, d, 1);
	g_assert_cmpuint(look_up(nodes->root, "d/", 11), ==, d);
	g_assert_cmpuint(look_up(nodes->root, "a", 10), ==, a);
	node_forget(nodes, a, 1);
	node_forget(nodes, d, 1);
}

static void test_restored_node_is_of_its_id_and_kind(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	const uint64_t d = look_up(nodes->root, "d/", 11);

	node_forget(nodes, a, 1);
	node_forget(nodes, d, 1);

	NODE file = node_restore(nodes, a, 10);
	NODE directory = node_restore(nodes, d, 11);

	g_assert_true(file->id == a && !file->directory);
	g_assert_true(directory->id == d && directory->directory);
	assert_place(file, "-");
	node_give_name(directory, nodes->root, "d");
	node_give_name(file, directory, "a");
	assert_place(file, "d%:a");
	g_assert_cmpuint(look_up(directory, "a", 10), ==, a);
	node_forget(nodes, a, 5);
	node_forget(nodes, d, 7);
}

static void test_restored_node_is_gone_when_more_is_forgotten_than_was_counted(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	NODE node = NULL;

	node_forget(nodes, a, 1);
	node = node_restore(nodes, a, 10);
	node_forget(nodes, a, 1000);
	node_put(node);
	node = NULL;
	g_assert_false(is_known(nodes, a));
}

static void restore_ten(void *arg, struct node *node)
{
	struct nodes *nodes = arg;

	if (node->ino == 10)
		node_give_name(node, nodes->root, "a");
}

static void test_unknown_id_is_restored_where_somebody_can(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);

	node_forget(nodes, a, 1);
	nodes->restore = restore_ten;
	nodes->arg = nodes;
	g_assert_true(is_known(nodes, a));
	g_assert_false(is_known(nodes, a + ((uint64_t)1 << 20)));
	nodes->restore = NULL;
	g_assert_true(is_known(nodes, a));
	node_forget(nodes, a, 1);
}

/* Only what was counted for the question is given up. */
static void test_lookups_are_kept_where_no_names_can_be_restored(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t b = look_up(nodes->root, "b", 11);
	NODE node = node_get(nodes, b);

	nodes->restore = restore_ten;
	nodes->arg = nodes;
	node_break(node, "b");
	g_assert_false(node_restore_names(node));
	g_assert_false(node_restore_names(node));
	node_put(node);
	node = NULL;
	g_assert_true(is_known(nodes, b));
	node_forget(nodes, b, 1);
	g_assert_false(is_known(nodes, b));
}

static void test_names_of_one_marker_are_told_apart_up_to_a_limit(void)
{
	AUTO_TABLE nodes = table_new("");
	uint64_t ids[100];

	for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_autofree char *name = g_strdup_printf("d%u/", i);

		ids[i] = look_up(nodes->root, name, 10);
		g_assert_cmpuint(node_id_ino(ids[i]), ==, 10);
		for (unsigned j = 0; j < i; j++)
			g_assert_cmpuint(ids[i], !=, ids[j]);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++)
		node_forget(nodes, ids[i], 1);
}

static void test_objects_whose_numbers_end_alike_are_two(void)
{
	const ino_t far = (ino_t)10 + ((ino_t)1 << 48);
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	const uint64_t b = look_up(nodes->root, "b", far);
	NODE node = node_get(nodes, b);

	g_assert_cmpuint(a, !=, b);
	g_assert_true(node->ino == far);
	g_assert_cmpuint(look_up(nodes->root, "a", 10), ==, a);
	node_forget(nodes, a, 2);
	node_forget(nodes, b, 1);
}

static void test_object_has_one_id_under_all_its_names(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	const uint64_t b = look_up(nodes->root, "b", 10);

	g_assert_cmpuint(a, ==, b);
	node_forget(nodes, a, 2);
}

static void test_marker_and_directory_of_a_number_are_two(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t file = look_up(nodes->root, "a%", 10);
	const uint64_t directory = look_up(nodes->root, "a/", 10);

	g_assert_cmpuint(file, !=, directory);
	node_forget(nodes, file, 1);
	node_forget(nodes, directory, 1);
}

/* ---- counts ---- */

static void test_node_goes_with_its_last_lookup(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);

	look_up(nodes->root, "a", 10);
	look_up(nodes->root, "a", 10);
	node_forget(nodes, a, 2);
	g_assert_true(is_known(nodes, a));
	node_forget(nodes, a, 1);
	g_assert_false(is_known(nodes, a));
}

static void test_nothing_forgotten_changes_nothing(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);

	node_forget(nodes, a, 0);
	g_assert_true(is_known(nodes, a));
	node_forget(nodes, a, 1);
}

static void test_directory_stays_while_something_in_it_does(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t d = look_up(nodes->root, "d/", 10);
	NODE directory = node_get(nodes, d);
	const uint64_t a = look_up(directory, "a", 11);

	node_forget(nodes, d, 1);
	node_put(directory);
	g_assert_true(is_known(nodes, d));
	node_forget(nodes, a, 1);
	g_assert_false(is_known(nodes, d));
	directory = NULL;
}

static void test_node_of_an_object_is_found_while_it_is_known(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);

	g_assert_null(node_find(nodes->root, "a", 10, true));
	g_assert_null(node_find(nodes->root, "a", 11, false));
	{
		NODE found = node_find(nodes->root, "a", 10, false);

		g_assert_nonnull(found);
		g_assert_cmpuint(found->id, ==, a);
	}
	node_forget(nodes, a, 1);
	g_assert_null(node_find(nodes->root, "a", 10, false));
}

static void test_unnamed_node_has_no_place(void)
{
	AUTO_TABLE nodes = table_new("");
	NODE node = node_enter_unnamed(nodes, 10);
	const uint64_t id = node->id;

	assert_place(node, "-");
	/* A name is given to it later, as with linkat(2). */
	g_assert_cmpuint(look_up(nodes->root, "a", 10), ==, id);
	assert_place(node, ":a");
	node_forget(nodes, id, 2);
}

static void test_100000_nodes_come_and_go(void)
{
	enum { COUNT = 100000 };
	g_autofree uint64_t *ids = g_new(uint64_t, COUNT);
	AUTO_TABLE nodes = table_new("");

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < COUNT; i++) {
			g_autofree char *name = g_strdup_printf("object-%d", i);

			ids[i] = look_up(nodes->root, name, (ino_t)(2 + i));
		}
		g_assert_cmpuint(nodes->count, ==, COUNT + 1);
		for (int i = 0; i < COUNT; i += 997) {
			g_autofree char *place = g_strdup_printf(":object-%d", i);
			NODE node = node_get(nodes, ids[i]);

			assert_place(node, place);
			g_assert_cmpuint(node->ino, ==, 2 + i);
		}
		/* In another order than they came. */
		for (int i = 0; i < COUNT; i++)
			node_forget(nodes, ids[(i * 7919ll) % COUNT], 1);
		g_assert_cmpuint(nodes->count, ==, 1);
	}
}

static void test_table_of_many_nodes_is_given_back_with_them(void)
{
	enum { COUNT = 10000 };
	g_autofree uint64_t *ids = g_new(uint64_t, COUNT);
	AUTO_TABLE nodes = table_new("");
	const size_t empty = nodes->bucket_count;

	for (int i = 0; i < COUNT; i++)
		ids[i] = look_up(nodes->root, "object", (ino_t)(2 + i));
	g_assert_cmpuint(nodes->bucket_count, >=, COUNT / 2);
	for (int i = 1; i < COUNT; i++) {
		node_forget(nodes, ids[i], 1);
		/* Those of nodes that are gone are recognised however small it is. */
		g_assert_false(is_known(nodes, ids[i]));
		g_assert_true(is_known(nodes, ids[0]));
	}
	g_assert_cmpuint(nodes->bucket_count, ==, empty);
	node_forget(nodes, ids[0], 1);
}

static unsigned visits;

static void visit(struct node *node)
{
	g_assert_false(node->directory);
	visits++;
}

static void test_files_are_visited_at_the_end(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t a = look_up(nodes->root, "a", 10);
	const uint64_t b = look_up(nodes->root, "b", 266);
	const uint64_t d = look_up(nodes->root, "d/", 11);

	visits = 0;
	nodes_visit(nodes, visit);
	g_assert_cmpuint(visits, ==, 2);
	node_forget(nodes, a, 1);
	node_forget(nodes, b, 1);
	node_forget(nodes, d, 1);
}

/* ---- places ---- */

static void test_place_is_the_way_from_the_root(void)
{
	AUTO_TABLE nodes = table_new("");
	const uint64_t team = look_up(nodes->root, "team/", 10);
	NODE team_node = node_get(nodes, team);
	const uint64_t cam = look_up(team_node, "cam/", 11);
	NODE cam_node = node_get(nodes, cam);
	const uint64_t left = look_up(cam_node, "left", 12);
	NODE left_node = node_get(nodes, left);
	object_name prefix;

	assert_place(left_node, "team%cam%:left");
	assert_place(cam_node, "team%:cam");
	assert_place(nodes->root, "-");
	g_assert_true(node_prefix(cam_node, prefix));
	g_assert_cmpstr(prefix, ==, "team%cam%");
	g_assert_true(node_prefix(nodes->root, prefix));
	g_assert_cmpstr(prefix, ==, "");
	node_forget(nodes, left, 1);
	node_forget(nodes, cam, 1);
	node_forget(nodes, team, 1);
}

static void test_root_of_a_part_has_its_prefix(void)
{
	AUTO_TABLE nodes = table_new("team%");
	const uint64_t cam = look_up(nodes->root, "cam/", 11);
	NODE cam_node = node_get(nodes, cam);
	object_name prefix;

	g_assert_true(node_prefix(nodes->root, prefix));
	g_assert_cmpstr(prefix, ==, "team%");
	g_assert_true(node_prefix(cam_node, prefix));
	g_assert_cmpstr(prefix, ==, "team%cam%");
	node_forget(nodes, cam, 1);
}

static void test_prefix_of_more_than_255_bytes_is_none(void)
{
	g_autofree char *name = g_strnfill(127, 'd'), *slash = g_strconcat(name, "/", NULL);
	AUTO_TABLE nodes = table_new("");
	const uint64_t outer = look_up(nodes->root, slash, 10);
	NODE outer_node = node_get(nodes, outer);
	const uint64_t middle = look_up(outer_node, slash + 1, 11);
	NODE middle_node = node_get(nodes, middle);
	const uint64_t inner = look_up(middle_node, "/", 12);
	NODE inner_node = node_get(nodes, inner);
	object_name prefix;

	g_assert_true(node_prefix(middle_node, prefix));
	g_assert_cmpuint(strlen(prefix), ==, 255);
	g_assert_false(node_prefix(inner_node, prefix));
	node_forget(nodes, inner, 1);
	node_forget(nodes, middle, 1);
	node_forget(nodes, outer, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("node", root_is_number_1_and_is_there_to_the_end);
	add("node", id_that_nobody_was_told_is_not_found);
	add("node", id_of_a_forgotten_node_is_not_found);
	add("node", object_has_the_same_id_again);
	add("node", restored_node_is_of_its_id_and_kind);
	add("node", restored_node_is_gone_when_more_is_forgotten_than_was_counted);
	add("node", unknown_id_is_restored_where_somebody_can);
	add("node", lookups_are_kept_where_no_names_can_be_restored);
	add("node", names_of_one_marker_are_told_apart_up_to_a_limit);
	add("node", objects_whose_numbers_end_alike_are_two);
	add("node", object_has_one_id_under_all_its_names);
	add("node", marker_and_directory_of_a_number_are_two);
	add("node", node_goes_with_its_last_lookup);
	add("node", nothing_forgotten_changes_nothing);
	add("node", directory_stays_while_something_in_it_does);
	add("node", node_of_an_object_is_found_while_it_is_known);
	add("node", unnamed_node_has_no_place);
	add("node", 100000_nodes_come_and_go);
	add("node", table_of_many_nodes_is_given_back_with_them);
	add("node", files_are_visited_at_the_end);
	add("node", place_is_the_way_from_the_root);
	add("node", root_of_a_part_has_its_prefix);
	add("node", prefix_of_more_than_255_bytes_is_none);
	return g_test_run();
}
