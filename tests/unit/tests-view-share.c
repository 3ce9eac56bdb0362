/* SPDX-License-Identifier: MIT */
/* view.c and share.c: a directory as the root, and names that are shared in it. */
#include "unit.h"
#include "world.h"

static void share(struct world *world, const char *patterns, enum sharing sharing)
{
	assert_result(shares_add(&world->view.shares, patterns, sharing), 0);
}

/* A view of team% among these objects (the oldest first). */
static struct world *team_new(const char *objects, const char *patterns)
{
	struct world *world = world_new('%', objects);

	strcpy(world->view.root, "team%");
	share(world, patterns, SHARED_RW);
	return world;
}

/* What the view shows in its root, sorted: "cam/ left". */
static char *shown_in(struct world *world, const char *prefix)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < world->names->len; i++) {
		struct location place = world_locate(world, world_name(world, i));

		if (!view_shows(&world->view, prefix, &place))
			continue;
		g_assert_cmpstr(place.prefix, ==, prefix);
		g_ptr_array_add(names,
				g_strconcat(place.component, place.directory ? "/" : "", NULL));
	}
	return sorted_text(names);
}

static void assert_shown(struct world *world, const char *prefix, const char *wanted)
{
	g_autofree char *shown = shown_in(world, prefix);

	g_assert_cmpstr(shown, ==, wanted);
}

static void test_first_pattern_that_matches_counts(void)
{
	AUTO_WORLD world = world_new('%', "");

	share(world, "a*:b?", SHARED_RW);
	share(world, "*", SHARED_RO);
	share(world, "c", SHARED_RW);
	g_assert_cmpint(shares_find(&world->view.shares, "abc"), ==, SHARED_RW);
	g_assert_cmpint(shares_find(&world->view.shares, "bc"), ==, SHARED_RW);
	g_assert_cmpint(shares_find(&world->view.shares, "bcd"), ==, SHARED_RO);
	g_assert_cmpint(shares_find(&world->view.shares, "c"), ==, SHARED_RO);
	g_assert_cmpint(shares_find(&world->view.shares, ".dot"), ==, SHARED_RO);
}

static void test_pattern_is_a_name_s(void)
{
	static const char *const wrong[] = { "", ":a", "a:", "a::b", "/a", "a/b:c" };
	struct shares shares = { 0 };

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		assert_result(shares_add(&shares, wrong[i], SHARED_RW), -EINVAL);
	shares_free(&shares);
	g_assert_cmpint(shares_find(&shares, "a"), ==, NOT_SHARED);
}

static void test_root_shows_its_own_and_the_shared(void)
{
	AUTO_WORLD world =
		team_new("team% left cam_1 team%left team%cam_2 team%eye% team%eye%cam_3 sem.cam "
			 "sem.team%go sem.go",
			 "cam_*:sem.cam*");

	assert_shown(world, "team%", "cam_1 eye/ left sem.cam sem.go");
	assert_shown(world, "team%eye%", "cam_3");
}

static void test_directories_of_the_top_level_are_not_shared(void)
{
	AUTO_WORLD world = team_new("team% lab% lab%x free%x sem.lab%y", "*");

	assert_shown(world, "team%", "free%x");
}

static void test_shared_name_is_no_directory(void)
{
	AUTO_WORLD world = team_new("team% team%cam% team%eye%", "cam");
	object_name name;

	assert_shown(world, "team%", "eye/");
	assert_result(view_marker(&world->view, "team%", "cam", name), -EPERM);
	assert_result(view_marker(&world->view, "team%", "eye", name), 0);
	assert_result(view_marker(&world->view, "team%eye%", "cam", name), 0);
}

static void test_name_in_the_root_is_one_object(void)
{
	AUTO_WORLD world = team_new("team%", "cam_*:sem.cam_*");
	object_name name;

	assert_result(view_file(&world->view, "team%", "cam_1", name), 0);
	g_assert_cmpstr(name, ==, "cam_1");
	assert_result(view_file(&world->view, "team%", "sem.cam_1", name), 0);
	g_assert_cmpstr(name, ==, "sem.cam_1");
	assert_result(view_file(&world->view, "team%", "sem.go", name), 0);
	g_assert_cmpstr(name, ==, "sem.team%go");
	assert_result(view_file(&world->view, "team%eye%", "cam_1", name), 0);
	g_assert_cmpstr(name, ==, "team%eye%cam_1");
	g_assert_true(view_is_elsewhere(&world->view, "team%", "cam_1"));
	g_assert_false(view_is_elsewhere(&world->view, "team%", "left"));
}

/* ---- whatever the names are ---- */

static char *random_name(void)
{
	static const char *const letters[] = { "a", "b", "sem.", "%", "%", "t%" };
	GString *name = g_string_new(NULL);

	for (int i = g_test_rand_int_range(1, 6); i > 0; i--)
		g_string_append(name, letters[g_test_rand_int_range(0, G_N_ELEMENTS(letters))]);
	return g_string_free(name, FALSE);
}

static struct world *random_view(void)
{
	static const char *const patterns[] = { "a*", "*b", "*", "sem.a*", "*%*", "a" };
	struct world *world = world_new('%', "t%");

	strcpy(world->view.root, "t%");
	for (int i = g_test_rand_int_range(0, 3); i > 0; i--)
		share(world, patterns[g_test_rand_int_range(0, G_N_ELEMENTS(patterns))],
		      g_test_rand_bit() ? SHARED_RW : SHARED_RO);
	for (int i = g_test_rand_int_range(1, 8); i > 0; i--) {
		g_autofree char *name = random_name();

		world_add(world, name, g_test_rand_int_range(0, 4) == 0);
	}
	return world;
}

/* Is it the root's own, or a file of the top level with a shared name? */
static bool was_given(struct world *world, const char *name)
{
	const struct location place = world_locate(world, name);

	return g_str_has_prefix(place.prefix, "t%") ||
	       (place.prefix[0] == '\0' && !place.directory &&
		shares_find(&world->view.shares, place.component) != NOT_SHARED);
}

/* Would who says component in the root come to the object? */
static bool is_reached(struct world *world, const char *component, const char *name)
{
	const struct markers markers = world_markers(world);
	object_name reached;

	return view_file(&world->view, "t%", component, reached) == 0 &&
	       strcmp(reached, name) == 0 &&
	       view_reaches(&world->view, &markers, "t%", component, name, false);
}

static void require(bool holds, const struct world *world, const char *name)
{
	g_autofree char *text = NULL;

	if (holds)
		return;
	text = world_text(world);
	g_error("%s: what is shown of %s is not what is reached", text, name);
}

/* By another name than the one that is shown, nothing is reached. */
static void check_way(struct world *world, const char *component, const char *name,
		      const char *shown)
{
	if (is_reached(world, component, name))
		require(shown != NULL && strcmp(component, shown) == 0, world, name);
}

static void check_object(struct world *world, const char *name)
{
	struct location place = world_locate(world, name);
	const bool shown = view_shows(&world->view, "t%", &place);
	const char *component = shown ? place.component : NULL;

	require(!shown || was_given(world, name), world, name);
	require(!shown || place.directory || is_reached(world, component, name), world, name);
	for (guint i = 0; i < world->names->len; i++) {
		check_way(world, world_name(world, i), name, component);
		if (g_str_has_prefix(world_name(world, i), "t%"))
			check_way(world, world_name(world, i) + 2, name, component);
	}
}

static void test_what_is_shown_is_reached_and_nothing_else(void)
{
	for (int i = 0; i < 20000; i++) {
		AUTO_WORLD world = random_view();

		for (guint j = 0; j < world->names->len; j++)
			check_object(world, world_name(world, j));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("share", first_pattern_that_matches_counts);
	add("share", pattern_is_a_name_s);
	add("share", root_shows_its_own_and_the_shared);
	add("share", directories_of_the_top_level_are_not_shared);
	add("share", shared_name_is_no_directory);
	add("share", name_in_the_root_is_one_object);
	add("share", what_is_shown_is_reached_and_nothing_else);
	return g_test_run();
}
