/* SPDX-License-Identifier: MIT */
/*
 * A world of objects that are only names, for tests of the view: no shared
 * memory is made. Its markers are as the daemon's: empty objects, older than
 * what claims their path.
 */
#pragma once

#include "view.h"

#include <glib.h>

struct world {
	struct view view;
	GPtrArray *names; /* of the objects, the oldest first */
	guint filled;	  /* bit n: object n is not empty, and so no marker */
};

/* objects: names with spaces between, the oldest first, or NULL. */
struct world *world_new(char separator, const char *objects);
void world_free(struct world *world);

/* False where there is one of that name. */
gboolean world_add(struct world *world, const char *name, gboolean filled);
gboolean world_has(const struct world *world, const char *name);
const char *world_name(const struct world *world, guint i);
struct markers world_markers(struct world *world);
struct location world_locate(struct world *world, const char *name);

/* One line, as world_new() takes it; content is shown by a plus. */
char *world_text(const struct world *world);

static inline void world_clear(struct world **world)
{
	world_free(*world);
}

#define AUTO_WORLD __attribute__((__cleanup__(world_clear), __unused__)) struct world *
