/* SPDX-License-Identifier: MIT */
/* /dev/fuse, between libfuse and the kernel. */
#pragma once

#include <fuse_lowlevel.h>
#include <stdbool.h>

struct counters;

/* Reads and writes for the session, in libfuse's place. Without support for that
 * in libfuse (-Denable-custom-io) it goes on to do so itself, and the result is
 * false. */
bool device_attach(struct fuse_session *session, struct counters *counters);

/* As libfuse's read callback: read(2), but that an unmount in the midst of a
 * request is ENODEV, the session's good end, as any other. */
ssize_t device_read(int fd, void *buf, size_t size, void *userdata);
/* As its writev callback, but that an interrupt which it refuses for want of
 * memory comes again: it is to end a wait. */
ssize_t device_write(int fd, struct iovec *iov, int count, void *userdata);
