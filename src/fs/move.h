/* SPDX-License-Identifier: MIT */
/*
 * Moves: the renames of objects that together rename a directory. Either all
 * of them are done or none.
 *
 * Those of an exchange cannot be told from moves that are still to be done, should the
 * process die on the way (replay.h). So they have an order, and each is noted.
 */
#pragma once

#include "fs.h"
#include "view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct move {
	object_name from, to;
	unsigned flags; /* RENAME_EXCHANGE or RENAME_NOREPLACE */
	bool back;	/* of an exchange: to the first directory */
	bool done;
	uint64_t note;	  /* made before it is done; 0: none */
	uint64_t undoing; /* of a move that this one would undo */
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
/* In the order of the names in the first directory. */
void moves_order(struct moves *moves);
/* Each gets its note. */
void moves_note(struct moves *moves, struct fs *fs);
/* Leaves those out that an earlier attempt has done. */
void moves_go_on(struct moves *moves, uint64_t noted);
/* -ENOTEMPTY where a name is taken: the new directory would have it. */
int moves_apply(struct moves *moves, struct fs *fs);
void moves_undo(struct moves *moves, struct fs *fs);
void moves_free(struct moves *moves);
