/* SPDX-License-Identifier: MIT */
/*
 * A listing: what lies in a directory at one moment, each with its place in the
 * tree. Markers are asked for once, so that the places fit together.
 *
 * Where the names of all objects are known (marks.h), a directory costs what it
 * holds; else a look at all objects.
 */
#pragma once

#include "fs.h"
#include "name_list.h"
#include "name_set.h"
#include "view.h"

#include <stdbool.h>
#include <stddef.h>

struct listing {
	struct fs *fs;
	const char *prefix;	  /* the directory's */
	struct name_list objects; /* all that may lie in it, and maybe others */
	struct name_set markers;  /* those that decide on it, with what is known of them */
};

enum listing_depth {
	LISTING_LEVEL, /* what lies directly in the directory */
	LISTING_ALL,   /* and in those below it */
};

/* The prefix must outlive the listing. 0 or a negative errno; listing_free() in
 * either case. */
int listing_read(struct listing *listing, struct fs *fs, const char *prefix,
		 enum listing_depth depth);
void listing_free(struct listing *listing);

/* Does the view show object i in the directory of prefix? Then *location says as
 * what. */
bool listing_is_in(struct listing *listing, size_t i, const char *prefix,
		   struct location *location);

/* Does it lie in the directory or in one below? */
bool listing_is_below(struct listing *listing, size_t i);

/* Is there anything in the directory of prefix? 0, -ENOTEMPTY or an error. */
int listing_check_empty(struct fs *fs, const char *prefix);
