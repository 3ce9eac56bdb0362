/* SPDX-License-Identifier: MIT */
/*
 * Devices: the file systems in which an object can be met. Natively that is the
 * shm file system; through a mount it is the mount's own device, on which the
 * object has the same inode number.
 *
 * Which shm file system a mount shows, its daemon tells: the process that has the
 * mount's connection open has a descriptor of the shm directory too.
 *
 * Errors: 0 or a negative errno.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct device {
	dev_t dev;
	bool mount;  /* of shmfuse; else a shm file system */
	bool wanted; /* objects on it were asked for */
	bool served; /* its daemon was seen, which has the shm directory of space open */
	dev_t space;
};

struct devices {
	struct device *items;
	size_t count, capacity;
	dev_t home; /* where shm_open(3) looks */
};

/* With all mounts of shmfuse, of every mount namespace that can be read. */
int devices_find(struct devices *devices, dev_t home);
void devices_free(struct devices *devices);

/* Objects on this device are asked for. */
int devices_want(struct devices *devices, dev_t dev);
/* After a scan: wants the shm file systems of wanted mounts. 1: there were more
 * than the scan knew of; 0 or a negative errno. */
int devices_learn(struct devices *devices);
/* NULL: none of those. */
struct device *devices_get(const struct devices *devices, dev_t dev);

/* The shm file system that is met on a device. A mount whose daemon was not seen
 * (it ended, is hidden, or the kernel is older than 6.16) counts as one of the
 * shm file system where shm_open(3) looks. */
dev_t devices_space(const struct devices *devices, dev_t dev);
