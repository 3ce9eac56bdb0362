/* SPDX-License-Identifier: MIT */
/*
 * What holds for all names: that objects and places in the tree belong to each
 * other one to one. The worlds are random, of names with few letters, so that
 * they meet. The seed is in the output: --seed repeats a run. A world in which
 * something does not hold is made as small as it can be before it is shown.
 */
#include "unit.h"
#include "world.h"

#define WORLDS	     20000
#define MOST_OBJECTS 6
#define MOST_LETTERS 6

/* ---- random worlds ---- */

static char *random_name(char separator)
{
	static const char *const letters[] = { "a", "b", "sem.", ".", "s", "m" };
	const char last[] = { separator, '\0' };
	const int count = g_test_rand_int_range(1, MOST_LETTERS + 1);
	GString *name = g_string_new(NULL);

	for (int i = 0; i < count; i++) {
		/* Every other letter or so, or there would be few markers. */
		const gint32 n = g_test_rand_int_range(0, G_N_ELEMENTS(letters) + 4);

		g_string_append(name, n < (gint32)G_N_ELEMENTS(letters) ? letters[n] : last);
	}
	/* What no object can be called. */
	if (strcmp(name->str, ".") == 0 || strcmp(name->str, "..") == 0)
		g_string_append(name, last);
	return g_string_free(name, FALSE);
}

static struct world *random_world(char separator)
{
	const int count = g_test_rand_int_range(1, MOST_OBJECTS + 1);
	struct world *world = world_new(separator, NULL);

	for (int i = 0; i < count; i++) {
		g_autofree char *name = random_name(separator);

		world_add(world, name, g_test_rand_int_range(0, 8) == 0);
	}
	return world;
}

/* ---- facts: NULL, or how one does not hold ---- */

typedef char *fact(struct world *world);

static gboolean leads_back(const struct world *world, const struct location *place,
			   const char *name)
{
	object_name back;
	int error = place->directory
			    ? view_marker(&world->view, place->prefix, place->component, back)
			    : view_file(&world->view, place->prefix, place->component, back);

	return error == 0 && strcmp(back, name) == 0;
}

static char *every_place_leads_back_to_its_object(struct world *world)
{
	for (guint i = 0; i < world->names->len; i++) {
		const char *name = world_name(world, i);
		const struct location place = world_locate(world, name);

		if (!leads_back(world, &place, name))
			return g_strdup_printf("%s is %s in %s", name, place.component,
					       place.prefix);
	}
	return NULL;
}

static gboolean is_directory(struct world *world, const char *prefix)
{
	return prefix[0] == '\0' ||
	       (world_has(world, prefix) && world_locate(world, prefix).directory);
}

static char *every_object_lies_in_a_directory(struct world *world)
{
	for (guint i = 0; i < world->names->len; i++) {
		const struct location place = world_locate(world, world_name(world, i));

		if (!is_directory(world, place.prefix))
			return g_strdup_printf("%s lies in %s", world_name(world, i), place.prefix);
	}
	return NULL;
}

static char *no_two_objects_have_a_place_but_for_older_markers(struct world *world)
{
	for (guint i = 0; i < world->names->len; i++) {
		for (guint j = i + 1; j < world->names->len; j++) {
			const char *older = world_name(world, i), *younger = world_name(world, j);
			const struct location a = world_locate(world, older);
			const struct location b = world_locate(world, younger);

			if (strcmp(a.prefix, b.prefix) == 0 &&
			    strcmp(a.component, b.component) == 0 && !(a.directory && !b.directory))
				return g_strdup_printf("%s and %s are both %s in %s", older,
						       younger, a.component, a.prefix);
		}
	}
	return NULL;
}

static struct location place_of(const char *prefix, const char *component, bool directory)
{
	struct location place = { .directory = directory };

	g_strlcpy(place.prefix, prefix, sizeof(place.prefix));
	g_strlcpy(place.component, component, sizeof(place.component));
	return place;
}

/* Would a user who stands in the directory reach name as component? */
static char *check_reach(struct world *world, const char *prefix, const char *component,
			 const char *name, bool directory)
{
	const struct markers markers = world_markers(world);
	const struct location place = world_locate(world, name);
	const bool is_there = place.directory == directory && strcmp(place.prefix, prefix) == 0 &&
			      strcmp(place.component, component) == 0;
	const struct location wanted = place_of(prefix, component, directory);

	/* Asked only of names that the component has, and of directories. */
	if (!leads_back(world, &wanted, name) || (directory && !place.directory))
		return NULL;
	if (view_reaches(&world->view, &markers, prefix, component, name, directory) == is_there)
		return NULL;
	return g_strdup_printf("%s is %s as %s in %s", name, is_there ? "not reached" : "reached",
			       component, prefix);
}

/* All ways to come by a name from one directory. */
static char *check_ways(struct world *world, const char *prefix, const char *name)
{
	const size_t len = strlen(name), prefix_len = strlen(prefix);
	g_autofree char *component = NULL;
	char *fault = NULL;

	if (g_str_has_prefix(name, prefix) && len > prefix_len) {
		component = g_strdup(name + prefix_len);
		fault = check_reach(world, prefix, component, name, false);
		if (fault == NULL && name[len - 1] == world->view.separator &&
		    len > prefix_len + 1) {
			component[len - prefix_len - 1] = '\0';
			fault = check_reach(world, prefix, component, name, true);
		}
	} else if (view_is_semaphore(name) && g_str_has_prefix(name + 4, prefix) &&
		   len > prefix_len + 4) {
		component = g_strconcat("sem.", name + 4 + prefix_len, NULL);
		fault = check_reach(world, prefix, component, name, false);
	}
	return fault;
}

static char *object_is_reached_where_it_is_and_nowhere_else(struct world *world)
{
	char *fault = NULL;

	for (guint i = 0; i <= world->names->len && fault == NULL; i++) {
		const char *prefix = i < world->names->len ? world_name(world, i) : "";

		if (!is_directory(world, prefix))
			continue;
		for (guint j = 0; j < world->names->len && fault == NULL; j++)
			fault = check_ways(world, prefix, world_name(world, j));
	}
	return fault;
}

/* ---- worlds without what does not matter ---- */

static struct world *changed(const struct world *world, guint at, const char *name)
{
	struct world *result = world_new(world->view.separator, NULL);

	for (guint i = 0; i < world->names->len; i++) {
		const char *old = world_name(world, i);

		if (i != at)
			world_add(result, old, world->filled >> i & 1);
		else if (name != NULL && name[0] != '\0')
			world_add(result, name, world->filled >> i & 1);
	}
	return result;
}

static gboolean still_fails(fact *holds, struct world **world, struct world *smaller)
{
	g_autofree char *fault = holds(smaller);
	struct world *other = fault != NULL ? *world : smaller;

	if (fault != NULL)
		*world = smaller;
	world_free(other);
	return fault != NULL;
}

static gboolean shrink_object(fact *holds, struct world **world, guint at)
{
	g_autofree char *name = g_strdup(world_name(*world, at));

	if (still_fails(holds, world, changed(*world, at, NULL)))
		return TRUE;
	for (size_t i = 0; name[i] != '\0'; i++) {
		g_autofree char *shorter = g_strdup_printf("%.*s%s", (int)i, name, name + i + 1);

		if (still_fails(holds, world, changed(*world, at, shorter)))
			return TRUE;
	}
	return FALSE;
}

static void shrink(fact *holds, struct world **world)
{
	for (guint i = 0; i < (*world)->names->len;)
		i = shrink_object(holds, world, i) ? 0 : i + 1;
}

static void check_worlds(fact *holds, char separator)
{
	for (int i = 0; i < WORLDS; i++) {
		struct world *world = random_world(separator);
		g_autofree char *fault = holds(world), *text = NULL, *smallest = NULL;

		if (fault != NULL) {
			shrink(holds, &world);
			smallest = holds(world);
			text = world_text(world);
		}
		world_free(world);
		if (fault != NULL) {
			g_test_message("%s: %s", text, smallest);
			g_test_fail();
			return;
		}
	}
}

/* A separator may also be a letter of the names, if not one of "sem." that
 * stands behind another (options.c refuses those). */
#define TEST_WORLDS(fact)                \
	static void test_##fact(void)    \
	{                                \
		check_worlds(fact, '%'); \
		check_worlds(fact, 'a'); \
		check_worlds(fact, 's'); \
	}

TEST_WORLDS(every_place_leads_back_to_its_object)
TEST_WORLDS(every_object_lies_in_a_directory)
TEST_WORLDS(no_two_objects_have_a_place_but_for_older_markers)
TEST_WORLDS(object_is_reached_where_it_is_and_nowhere_else)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("view", every_place_leads_back_to_its_object);
	add("view", every_object_lies_in_a_directory);
	add("view", no_two_objects_have_a_place_but_for_older_markers);
	add("view", object_is_reached_where_it_is_and_nowhere_else);
	return g_test_run();
}
