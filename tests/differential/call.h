/* SPDX-License-Identifier: MIT */
/*
 * One call of the differential test, and what came of it.
 *
 * A struct call holds every parameter, chosen once; the worker of each side carries it out on its
 * own directory and sends back a struct outcome. Both are plain data: they cross a socket, and a
 * recorded list of calls can be run again as a whole or in part, whatever the calls left out did.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum {
	SLOTS = 8,   /* descriptors that a worker may have open */
	MAPS = 3,    /* mappings that a worker may have */
	WORKERS = 5, /* identities, see worker.c */
	PATH_BYTES = 1100,
	NAME_BYTES = 264, /* of an extended attribute's name */
	BUFFER_BYTES = 2 << 20,
};

/* A path, seen from the working directory (dir < 0) or from the directory open in a slot. */
struct place {
	int dir;
	char path[PATH_BYTES];
};

/* What is looked at around a call. */
enum {
	/* Stat everything named before the call, so that changes of times can be compared, */
	CHECK_BEFORE = 1,
	/* and after; left out now and then, since a stat refreshes what a cache holds. */
	CHECK_AFTER = 2,
	/* Wait for the clock that stamps inodes to tick before the call. */
	CHECK_TIMED = 4,
	/* See outcome.dead. */
	CHECK_DEAD = 8,
	/* Spare what the mount is known to do otherwise with set-ID bits; */
	CHECK_QUIRKS = 16,
	/* on this data path there is more of it. */
	CHECK_PASSTHROUGH = 32,
};

struct call {
	uint32_t number;
	uint32_t op; /* index in the table of operations */
	uint32_t worker;
	uint32_t checks;
	int slot, slot2, new_slot, map;
	uint32_t flags, mode, uid, gid;
	int64_t off, off2, len;
	uint64_t seed; /* of the data written */
	struct timespec times[2];
	char name[NAME_BYTES];
	struct place at[2];
};

/* What stat(2) said of one of the things that a call names. */
struct snapshot {
	bool root;
	int32_t err; /* NOT_TAKEN, 0, or why stat failed */
	uint32_t mode, uid, gid, blksize;
	uint64_t nlink;
	int64_t size, blocks;
	struct timespec times[3]; /* access, modification, status change */
};

enum { NOT_TAKEN = -1 };

enum snapshot_of {
	OF_PATH,
	OF_PARENT,
	OF_PATH2,
	OF_PARENT2,
	OF_SLOT,
	OF_SLOT2,
	OF_NEW_SLOT,
	SNAPSHOTS,
};

enum { DEAD_CWD = 1, DEAD_PATH_FD = 2 };

struct outcome {
	int64_t ret;
	int32_t err;
	uint32_t dead;	   /* the call goes through a removed directory or an O_PATH descriptor of a
			      removed file */
	uint64_t hash;	   /* of all bytes that the call gave back */
	int64_t values[4]; /* and its numbers */
	struct snapshot before[SNAPSHOTS], after[SNAPSHOTS];
	/* The same number means the same inode; before and after share the numbers. */
	int8_t inode_before[SNAPSHOTS], inode_after[SNAPSHOTS];
	char text[200]; /* for the reader: not compared */
};
