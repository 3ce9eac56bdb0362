/* SPDX-License-Identifier: MIT */
/* view.c, by the examples of the design: section "Names". */
#include "unit.h"
#include "world.h"

/* An object, and where it is among others (the oldest first). */
struct place {
	const char *objects;
	const char *name;
	const char *prefix;
	const char *component;
	bool directory;
};

/* Which case it is; bytes that are no UTF-8 would spoil the test's output. */
static void say(const char *context, const char *name)
{
	g_autofree char *left = g_strescape(context, NULL), *right = g_strescape(name, NULL);

	g_test_message("%s: %s", left, right);
}

static void check_place(struct world *world, const struct place *place)
{
	const struct markers markers = world_markers(world);
	const struct location location = world_locate(world, place->name);
	object_name name;
	int error;

	say(place->objects, place->name);
	g_assert_cmpstr(location.prefix, ==, place->prefix);
	g_assert_cmpstr(location.component, ==, place->component);
	g_assert_cmpint(location.directory, ==, place->directory);

	/* The way back. */
	error = place->directory
			? view_marker(&world->view, place->prefix, place->component, name)
			: view_file(&world->view, place->prefix, place->component, name);
	assert_result(error, 0);
	g_assert_cmpstr(name, ==, place->name);
	g_assert_true(view_reaches(&world->view, &markers, place->prefix, place->component, name,
				   place->directory));
}

static void check_places(char separator, const struct place *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_WORLD world = world_new(separator, places[i].objects);

		check_place(world, &places[i]);
	}
}

#define PLACES(separator, ...) \
	G_STMT_START \
	{ \
		static const struct place places[] = { __VA_ARGS__ }; \
		check_places(separator, places, G_N_ELEMENTS(places)); \
	} \
	G_STMT_END

/* ---- where objects are ---- */

static void test_name_is_split_where_markers_are(void)
{
	PLACES('%',
	       { "team% team%cam%", "team%cam%left", "team%cam%", "left", false },
	       { "team% team%cam%", "team%cam%", "team%", "cam", true },
	       { "team% team%cam%", "team%", "", "team", true },
	       { "team%", "team%cam%left", "team%", "cam%left", false },
	       { "", "team%cam%left", "", "team%cam%left", false },
	       /* Read from the left: the marker of a directory that is not there. */
	       { "team%cam%", "team%cam%left", "team%cam%", "left", false },
	       { "team%cam%", "team%cam%", "", "team%cam", true });
}

static void test_marker_first_on_the_left_counts(void)
{
	PLACES('%',
	       { "a% a%b%", "a%b%c", "a%b%", "c", false },
	       { "a%b% a%", "a%b%c", "a%b%", "c", false },
	       { "a%b% a%", "a%b%", "a%", "b", true });
}

static void test_without_markers_every_name_is_a_file(void)
{
	PLACES('%',
	       { "", "a", "", "a", false },
	       { "", "a%b", "", "a%b", false },
	       { "", "a%", "", "a%", false },
	       { "", "%", "", "%", false },
	       { "", "%%", "", "%%", false },
	       { "", "sem.a%b", "", "sem.a%b", false });
}

static void test_no_component_is_empty(void)
{
	PLACES('%',
	       { "%", "%", "", "%", false },
	       { "%", "%x", "", "%x", false },
	       { "% %x%", "%x%y", "", "%x%y", false },
	       { "%x%", "%x%", "", "%x%", false },
	       { "a%%", "a%%", "", "a%%", false },
	       { "a%%", "a%%b", "", "a%%b", false },
	       { "a%", "a%%", "a%", "%", false },
	       { "a%", "a%%b", "a%", "%b", false },
	       { "a% a%%", "a%%b", "a%", "%b", false },
	       { "a% a%b%%", "a%b%%", "a%", "b%%", false },
	       { "a% a%b% a%b%%", "a%b%%", "a%b%", "%", false });
}

static void test_dots_are_no_components(void)
{
	PLACES('%',
	       { ".%", ".%x", "", ".%x", false },
	       { "..%", "..%", "", "..%", false },
	       { "a%", "a%.", "", "a%.", false },
	       { "a%", "a%..", "", "a%..", false },
	       { "a% a%b%", "a%b%..", "a%", "b%..", false },
	       { "a% a%.%", "a%.%x", "a%", ".%x", false },
	       { "...%", "...%x", "...%", "x", false },
	       { "a%", "a%.x", "a%", ".x", false });
}

static void test_semaphore_has_its_prefix_before_the_directory(void)
{
	PLACES('%',
	       { "team%", "sem.team%x", "team%", "sem.x", false },
	       { "team% team%cam%", "sem.team%cam%x", "team%cam%", "sem.x", false },
	       { "", "sem.x", "", "sem.x", false },
	       { "", "sem.team%x", "", "sem.team%x", false },
	       /* The semaphores "/sem.x" and "/..". */
	       { "team%", "sem.team%sem.x", "team%", "sem.sem.x", false },
	       { "team%", "sem.team%..", "team%", "sem...", false },
	       { "team%", "sem.team%x%", "team%", "sem.x%", false });
}

static void test_shm_object_with_a_semaphore_s_name_below_stays_above(void)
{
	PLACES('%',
	       { "team%", "team%sem.x", "", "team%sem.x", false },
	       { "team% team%cam%", "team%cam%sem.x", "team%", "cam%sem.x", false },
	       /* "sem." alone is nobody's semaphore. */
	       { "team%", "team%sem.", "team%", "sem.", false },
	       { "", "sem.", "", "sem.", false });
}

static void test_top_level_has_no_directory_called_sem(void)
{
	PLACES('%',
	       { "sem.%", "sem.%", "", "sem.%", false },
	       { "sem.x%", "sem.x%", "", "sem.x%", false },
	       { "sem.x%", "sem.x%y", "", "sem.x%y", false },
	       { "sem%", "sem%x", "sem%", "x", false });
}

static void test_object_with_content_is_no_marker(void)
{
	AUTO_WORLD world = world_new('%', NULL);

	world_add(world, "a%", TRUE);
	check_place(world, &(struct place){ "+a%", "a%", "", "a%", false });
	check_place(world, &(struct place){ "+a%", "a%b", "", "a%b", false });
}

static void test_older_claim_has_the_path(void)
{
	PLACES('%',
	       { "a a%", "a%", "", "a%", false },
	       { "a a%", "a%b", "", "a%b", false },
	       { "a% a", "a%", "", "a", true },
	       { "a% a", "a%b", "a%", "b", false },
	       /* The file that the directory hides has no place but this one. */
	       { "a% a", "a", "", "a", false },
	       { "t% sem.t%x", "sem.t%x", "t%", "sem.x", false });
}

static void test_other_separators_do_the_same(void)
{
	PLACES('+',
	       { "team+ team+cam+", "team+cam+left", "team+cam+", "left", false },
	       { "team+", "sem.team+x", "team+", "sem.x", false },
	       { "team% team+", "team%x", "", "team%x", false });
	PLACES('-',
	       { "a-", "a-b-c", "a-", "b-c", false });
	PLACES('\xff',
	       { "a\xff", "a\xff" "b", "a\xff", "b", false });
	PLACES(' ',
	       { "", "a b", "", "a b", false });
}

static void test_flat_view_splits_nothing(void)
{
	static const char *const names[] = { "a", "a%", "a%b", "sem.a%b", "%" };
	AUTO_WORLD world = world_new('%', "a%");
	object_name marker;

	world->view.flat = true;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		check_place(world, &(struct place){ "a%", names[i], "", names[i], false });
	assert_result(view_marker(&world->view, "", "b", marker), -EPERM);
}

/* ---- what names there may be ---- */

struct request {
	const char *prefix, *component;
	const char *name; /* or NULL and */
	int error;
};

static void test_file_has_a_name_or_an_error(void)
{
	static const struct request requests[] = {
		{ "", "x", "x", 0 },
		{ "team%", "x", "team%x", 0 },
		{ "team%cam%", "left", "team%cam%left", 0 },
		{ "team%", "sem.x", "sem.team%x", 0 },
		{ "team%", "sem.", "team%sem.", 0 },
		{ "", "%", "%", 0 },
		{ "", ".", NULL, -EINVAL },
		{ "team%", "..", NULL, -EINVAL },
		{ "team%", "...", "team%...", 0 },
		{ "", "", NULL, -EINVAL },
	};
	AUTO_WORLD world = world_new('%', NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		const struct request *r = &requests[i];
		object_name name;

		assert_result(view_file(&world->view, r->prefix, r->component, name), r->error);
		if (r->name != NULL)
			g_assert_cmpstr(name, ==, r->name);
	}
}

static void test_directory_has_a_marker_or_an_error(void)
{
	static const struct request requests[] = {
		{ "", "team", "team%", 0 },
		{ "team%", "cam", "team%cam%", 0 },
		{ "", "a%b", "a%b%", 0 },
		{ "", "sem", "sem%", 0 },
		{ "", "semx", "semx%", 0 },
		{ "", "sem.", NULL, -EINVAL },
		{ "", "sem.x", NULL, -EINVAL },
		{ "", "%", NULL, -EINVAL },
		{ "", "%a", NULL, -EINVAL },
		{ "", "a%", NULL, -EINVAL },
		{ "", "a%%b", NULL, -EINVAL },
		{ "team%", ".", NULL, -EINVAL },
		{ "", "..", NULL, -EINVAL },
		{ "", "...", "...%", 0 },
		{ "", "", NULL, -EINVAL },
	};
	AUTO_WORLD world = world_new('%', NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		const struct request *r = &requests[i];
		object_name name;

		say(r->prefix, r->component);
		assert_result(view_marker(&world->view, r->prefix, r->component, name), r->error);
		if (r->name != NULL)
			g_assert_cmpstr(name, ==, r->name);
	}
}

/* A name that would be split cannot be had as one component. */
static void test_split_name_is_not_reached_as_one_component(void)
{
	AUTO_WORLD world = world_new('%', "a% a%b%");
	const struct markers markers = world_markers(world);
	const struct view *view = &world->view;

	g_assert_false(view_reaches(view, &markers, "", "a%x", "a%x", false));
	g_assert_false(view_reaches(view, &markers, "a%", "b%x", "a%b%x", false));
	g_assert_false(view_reaches(view, &markers, "", "sem.a%x", "sem.a%x", false));
	g_assert_false(view_reaches(view, &markers, "", "a%", "a%", false));
	g_assert_false(view_reaches(view, &markers, "", "a%b", "a%b%", true));
	g_assert_true(view_reaches(view, &markers, "a%", "c%x", "a%c%x", false));
	g_assert_true(view_reaches(view, &markers, "", "a%sem.x", "a%sem.x", false));
}

static void test_name_has_255_bytes_with_all_in_front(void)
{
	AUTO_WORLD world = world_new('%', NULL);
	g_autofree char *longest = g_strnfill(255, 'x'), *too_long = g_strnfill(256, 'x');
	object_name name;

	assert_result(view_file(&world->view, "", longest, name), 0);
	assert_result(view_file(&world->view, "", too_long, name), -ENAMETOOLONG);
	assert_result(view_file(&world->view, "team%", longest + 5, name), 0);
	assert_result(view_file(&world->view, "team%", longest + 4, name), -ENAMETOOLONG);
	/* A marker ends in the separator. */
	assert_result(view_marker(&world->view, "", longest + 1, name), 0);
	assert_result(view_marker(&world->view, "", longest, name), -ENAMETOOLONG);
	assert_result(view_marker(&world->view, "team%", longest + 6, name), 0);
	assert_result(view_marker(&world->view, "team%", longest + 5, name), -ENAMETOOLONG);

	memcpy(longest, "sem.", 4);
	assert_result(view_file(&world->view, "", longest, name), 0);
	longest[250] = '\0';
	assert_result(view_file(&world->view, "team%", longest, name), 0);
	g_assert_cmpuint(strlen(name), ==, 255);
	g_assert_true(g_str_has_prefix(name, "sem.team%x"));
}

static void test_object_of_255_bytes_has_a_place(void)
{
	g_autofree char *name = g_strnfill(255, '%');
	AUTO_WORLD world = world_new('%', "a% a%b%");

	check_place(world, &(struct place){ "", name, "", name, false });
	memcpy(name, "a%b%", 4);
	check_place(world, &(struct place){ "", name, "a%b%", name + 4, false });
}

/* ---- semaphores, moves ---- */

static void test_semaphore_s_name_has_more_than_the_prefix(void)
{
	g_assert_true(view_is_semaphore("sem.x"));
	g_assert_true(view_is_semaphore("sem.."));
	g_assert_false(view_is_semaphore("sem."));
	g_assert_false(view_is_semaphore("sem"));
	g_assert_false(view_is_semaphore("xsem.x"));
	g_assert_false(view_is_semaphore(""));
}

static void test_moved_object_has_the_new_prefix(void)
{
	g_autofree char *long_prefix = g_strnfill(254, 'x');
	object_name result;

	g_assert_true(view_moved("a%x", "a%", "bb%", result));
	g_assert_cmpstr(result, ==, "bb%x");
	g_assert_true(view_moved("a%c%", "a%", "b%d%", result));
	g_assert_cmpstr(result, ==, "b%d%c%");
	g_assert_true(view_moved("sem.a%x", "a%", "bb%", result));
	g_assert_cmpstr(result, ==, "sem.bb%x");
	g_assert_false(view_moved("ab%x", "a%", "c%", result));
	g_assert_false(view_moved("sem.ab%x", "a%", "c%", result));

	g_assert_true(view_moved("a%x", "a%", long_prefix, result));
	g_assert_cmpuint(strlen(result), ==, 255);
	g_assert_true(view_moved("a%xy", "a%", long_prefix, result));
	g_assert_cmpstr(result, ==, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("view", name_is_split_where_markers_are);
	add("view", marker_first_on_the_left_counts);
	add("view", without_markers_every_name_is_a_file);
	add("view", no_component_is_empty);
	add("view", dots_are_no_components);
	add("view", semaphore_has_its_prefix_before_the_directory);
	add("view", shm_object_with_a_semaphore_s_name_below_stays_above);
	add("view", top_level_has_no_directory_called_sem);
	add("view", object_with_content_is_no_marker);
	add("view", older_claim_has_the_path);
	add("view", other_separators_do_the_same);
	add("view", flat_view_splits_nothing);
	add("view", file_has_a_name_or_an_error);
	add("view", directory_has_a_marker_or_an_error);
	add("view", split_name_is_not_reached_as_one_component);
	add("view", name_has_255_bytes_with_all_in_front);
	add("view", object_of_255_bytes_has_a_place);
	add("view", semaphore_s_name_has_more_than_the_prefix);
	add("view", moved_object_has_the_new_prefix);
	return g_test_run();
}
