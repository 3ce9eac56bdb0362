/* SPDX-License-Identifier: MIT */
/*
 * A set of names in order, each with a number (its inode's, say): names of a
 * million objects, of which a few come and go and a few that follow each other
 * are asked for.
 *
 * Names are packed into chunks of a page, so that one costs ten bytes beside
 * its own and what a chunk has free. A set that is all zero is empty. Order is
 * that of strcmp(3). Names have 1 to 255 bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_chunk;

struct name_set {
	struct name_chunk **chunks; /* in order; none is empty */
	size_t chunk_count, chunk_capacity;
	size_t count; /* of names */
};

/* A place in a set that does not change meanwhile, but for numbers. */
struct name_cursor {
	const struct name_set *set;
	size_t chunk, at;
	const char *name; /* NULL: at the end */
	uint64_t number;
};

void name_set_clear(struct name_set *set);

/* Adds the name, or gives it another number. False: no memory. */
bool name_set_put(struct name_set *set, const char *name, uint64_t number);
void name_set_remove(struct name_set *set, const char *name);
bool name_set_has(const struct name_set *set, const char *name);

/* The first name that is not before this one. */
struct name_cursor name_set_from(const struct name_set *set, const char *name);
/* The first name that is behind all that begin with the prefix. */
struct name_cursor name_set_behind(const struct name_set *set, const char *prefix);
void name_cursor_next(struct name_cursor *cursor);
