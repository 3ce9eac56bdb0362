/* SPDX-License-Identifier: MIT */
/*
 * Lines of files in /proc, as `man 5 proc` and the kernel's seq_files have them.
 * Pure functions: what they point to lies in the line. False where a line says
 * nothing of the kind.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Of /proc/PID/maps. */
struct map_line {
	bool read, write, shared;
	dev_t dev;
	ino_t ino;
	const char *path; /* up to the end of the line; may be empty */
};

bool proc_map_line(const char *line, struct map_line *map);

/* Of /proc/PID/mountinfo. */
struct mount_line {
	dev_t dev;
	const char *type; /* such as fuse.shmfuse */
	size_t type_len;
};

bool proc_mount_line(const char *line, struct mount_line *mount);

/* Of /proc/PID/fdinfo/FD: the number behind "WORD:", in a base. */
bool proc_number(const char *line, const char *word, int base, unsigned long *number);

/* A path that the kernel has marked as removed: its length without the mark, or
 * 0 where it has none. */
size_t proc_deleted(const char *path);
