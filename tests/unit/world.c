/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <string.h>

struct world *world_new(char separator, const char *objects)
{
	struct world *world = g_new0(struct world, 1);
	g_auto(GStrv) names = g_strsplit(objects != NULL ? objects : "", " ", -1);

	world->view.separator = separator;
	world->names = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; names[i] != NULL; i++)
		if (names[i][0] != '\0')
			world_add(world, names[i], FALSE);
	return world;
}

void world_free(struct world *world)
{
	g_ptr_array_unref(world->names);
	shares_free(&world->view.shares);
	g_free(world);
}

const char *world_name(const struct world *world, guint i)
{
	return g_ptr_array_index(world->names, i);
}

/* The object's place in the order of births, or -1. */
static int birth(const struct world *world, const char *name)
{
	for (guint i = 0; i < world->names->len; i++)
		if (strcmp(world_name(world, i), name) == 0)
			return (int)i;
	return -1;
}

gboolean world_has(const struct world *world, const char *name)
{
	return birth(world, name) >= 0;
}

gboolean world_add(struct world *world, const char *name, gboolean filled)
{
	if (world_has(world, name))
		return FALSE;
	if (filled)
		world->filled |= 1u << world->names->len;
	g_ptr_array_add(world->names, g_strdup(name));
	g_assert_cmpuint(world->names->len, <=, 32);
	return TRUE;
}

static bool is_directory(const char *marker, const char *rival, void *arg)
{
	const struct world *world = arg;
	const int born = birth(world, marker), rival_born = birth(world, rival);

	if (born < 0 || (world->filled & 1u << born))
		return false;
	return rival_born < 0 || born < rival_born;
}

struct markers world_markers(struct world *world)
{
	return (struct markers){ .is_directory = is_directory, .arg = world };
}

struct location world_locate(struct world *world, const char *name)
{
	const struct markers markers = world_markers(world);
	struct location location;

	view_locate(&world->view, &markers, name, &location);
	return location;
}

char *world_text(const struct world *world)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "separator '%c':", world->view.separator);
	for (guint i = 0; i < world->names->len; i++)
		g_string_append_printf(text, " %s%s", world->filled & 1u << i ? "+" : "",
				       world_name(world, i));
	return g_string_free(text, FALSE);
}
