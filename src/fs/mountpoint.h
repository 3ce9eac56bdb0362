/* SPDX-License-Identifier: MIT */
/*
 * The place where the tree is mounted: what may be one, and mounting there.
 * -1 with one line in message that says what is wrong and what to do.
 */
#pragma once

#include "message.h"

#include <stdbool.h>
#include <stdint.h>

struct fuse_session;

/* SOURCE says nothing that is not known; it is checked all the same. */
int mountpoint_check_source(const char *source, message_line message);
/* Makes the path absolute: the daemon leaves its directory. Mounts of shmfuse on
 * it whose daemon is gone are unmounted, with a word in the log. */
int mountpoint_resolve(const char *path, char **resolved, message_line message);
int mountpoint_mount(struct fuse_session *session, const char *path, message_line message);
/* Ends the mount of the connection fd, unless it has ended. */
void mountpoint_unmount(const char *path, int fd);

/* The number of the mount on path, without a question to its daemon. No other mount
 * ever has the same; 0 before Linux 6.8, which has none such. */
uint64_t mountpoint_id(const char *path);
/* Whether it is there still, though its connection has ended: nobody unmounted it. */
bool mountpoint_is_left(const char *path, uint64_t id);
