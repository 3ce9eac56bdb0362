/* SPDX-License-Identifier: MIT */
/*
 * A listing: all objects at one moment, each with its place in the tree.
 * Markers are asked for once, so that the places fit together.
 */
#pragma once

#include "fs.h"
#include "view.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct listed {
	char *name; /* the object's */
	ino_t ino;
};

struct listing {
	struct fs *fs;
	struct listed *objects;
	size_t count;
	size_t capacity;
	struct listed_marker *markers; /* those of objects that end in the separator */
	size_t marker_count;
};

/* 0 or a negative errno; listing_free() in either case. */
int listing_read(struct listing *listing, struct fs *fs);
void listing_free(struct listing *listing);

/* Does the object lie directly in the directory of prefix? Then *location
 * says as what. */
bool listing_is_in(struct listing *listing, const struct listed *object, const char *prefix,
		   struct location *location);

/* Does it lie in the directory of prefix or in one below? */
bool listing_is_below(struct listing *listing, const struct listed *object, const char *prefix);

/* Is there anything in the directory of prefix? 0, -ENOTEMPTY or an error. */
int listing_check_empty(struct fs *fs, const char *prefix);
