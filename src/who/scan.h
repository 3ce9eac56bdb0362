/* SPDX-License-Identifier: MIT */
/*
 * The scan: all other processes, once, and what each has open or mapped of the devices
 * in question. The daemons of mounts find out themselves: they have objects open
 * for their clients, which is not told of them.
 *
 * No question goes to a file system, so that a daemon that hangs cannot hang
 * the scan.
 */
#pragma once

#include "devices.h"
#include "proc.h"

#include <stdbool.h>
#include <stddef.h>

/* How a process reaches an object: by so many descriptors, or mappings. */
struct access {
	unsigned count;
	bool read, write;
};

/* All that a process has of one file on one device. */
struct use {
	struct process process;
	dev_t dev;
	ino_t ino;
	struct access open, mapped;
	char *deleted; /* the path, where the kernel says that it was removed; or NULL */
};

struct scan {
	struct devices *devices;
	struct use *uses;
	size_t count, capacity;
	unsigned unreadable; /* processes that may not be looked into */
};

/* 0 or a negative errno; scan_free() in either case. */
int scan_processes(struct scan *scan, struct devices *devices);
void scan_free(struct scan *scan);

void access_add(struct access *access, const struct access *more);
