/* SPDX-License-Identifier: MIT */
/*
 * Targets: which objects were asked for. A word is the name of an object, as
 * shm_open(3) takes it, or else the path of a file or of a directory.
 *
 * Errors: 0; -1 with one line in message that says what is wrong.
 */
#pragma once

#include "devices.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A file that was asked for. */
struct target {
	dev_t dev;
	ino_t ino;
	char *name; /* as it shall be told */
};

/* A directory that was asked for: who uses what was removed from it is told
 * too, and where that lay only the kernel's text says. */
struct target_directory {
	dev_t dev;
	char *path;
};

struct targets {
	bool all; /* whatever is in use of what shm_open(3) reaches */
	struct target *items;
	size_t count, capacity;
	struct target_directory *directories;
	size_t directory_count, directory_capacity;
};

/* home: a descriptor of the shm directory. No words: all. targets_free() in
 * either case. */
int targets_find(struct targets *targets, const struct devices *devices, int home, int count,
		 char **words, char *message, size_t size);
void targets_free(struct targets *targets);

/* By device and inode number, for targets_get(): when it is known what shm file
 * system is met on each device. */
void targets_settle(struct targets *targets, const struct devices *devices);
/* NULL: not asked for by name or path. */
const struct target *targets_get(const struct targets *targets, dev_t space, ino_t ino);
/* Was what had this path in a directory that was asked for? */
bool targets_had(const struct targets *targets, const struct devices *devices, dev_t dev,
		 const char *path);
