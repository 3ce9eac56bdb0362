/* SPDX-License-Identifier: MIT */
/*
 * Moves: the renames of objects that together rename a directory. Either all
 * of them are done or none.
 */
#pragma once

#include "fs.h"
#include "view.h"

#include <stdbool.h>
#include <stddef.h>

struct move {
	object_name from, to;
	unsigned flags; /* RENAME_EXCHANGE or RENAME_NOREPLACE */
	bool done;
};

struct moves {
	struct move *list;
	size_t count, room;
};

/* Adds what lies in the directory of prefix, to be in that of newprefix. With
 * exchange, an object that has its new name changes places with it; with
 * back, such objects are left out, as they change places already.
 * -ENAMETOOLONG, -ENOMEM. */
int moves_add_content(struct moves *moves, struct fs *fs, const char *prefix, const char *newprefix,
		      bool exchange, bool back);
int moves_add(struct moves *moves, const char *from, const char *to, unsigned flags);
/* -ENOTEMPTY where a name is taken: the new directory would have it. */
int moves_apply(struct moves *moves, struct fs *fs);
void moves_undo(struct moves *moves, struct fs *fs);
void moves_free(struct moves *moves);
