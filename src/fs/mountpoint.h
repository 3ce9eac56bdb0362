/* SPDX-License-Identifier: MIT */
/*
 * The place where the tree is mounted: what may be one, and mounting there.
 * -1 with one line in message that says what is wrong and what to do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct fuse_session;

/* SOURCE says nothing that is not known; it is checked all the same. */
int mountpoint_check_source(const char *source, char *message, size_t size);
/* Makes the path absolute: the daemon leaves its directory. Mounts of shmfuse on
 * it whose daemon is gone are unmounted, with a word in the log. */
int mountpoint_resolve(const char *path, char **resolved, char *message, size_t size);
/* Whether there is a mount of shmfuse that the kernel has given up: nobody unmounted
 * it, but nobody answers either. */
bool mountpoint_is_dead(const char *path);
int mountpoint_mount(struct fuse_session *session, const char *path, char *message, size_t size);
/* Ends the mount of the connection fd, unless it has ended. */
void mountpoint_unmount(const char *path, int fd);
