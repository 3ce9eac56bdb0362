/* SPDX-License-Identifier: MIT */
/*
 * Usage: what the mount's own objects take, counted from the objects themselves.
 * Private are those that lie in the mount's root and below; what a view shows
 * beside them is not. An object counts once, however many names it has; an
 * unlinked one, or one that never had a name, while it is open here.
 *
 * Counted anew each time: no notification of the kernel's tells of every growth
 * (writes by io_submit(2) give none), so sizes that are kept would be stale.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fs;
struct object_size;

struct usage {
	uint64_t size;	 /* the sum of st_size, if sizes were asked for */
	uint64_t memory; /* bytes that they occupy; likewise */
	uint64_t inodes; /* as tmpfs counts: the root, each name, each unnamed object */

	struct object_size *objects; /* a hash table by inode number */
	size_t count, capacity;
};

/* Does an object of this name belong to the mount? */
bool usage_is_private(const struct fs *fs, const char *name);

/* 0 or a negative errno; usage_free() in either case. */
int usage_read(struct usage *usage, struct fs *fs, bool sizes);
void usage_free(struct usage *usage);

/* Was the object counted? Then *size says with how much. */
bool usage_has(const struct usage *usage, ino_t ino, uint64_t *size);
