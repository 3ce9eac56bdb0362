/* SPDX-License-Identifier: MIT */
/*
 * Requests by io_uring instead of reads of /dev/fuse (Linux 6.14). Each CPU has
 * a queue in the kernel, which a thread on this CPU serves: so a caller and the
 * one who answers it share a processor, and an answer and the next request are
 * one system call. FORGET and INTERRUPT still come by /dev/fuse.
 *
 * It is the daemon's own and not libfuse's, which answers from one thread only,
 * knows no interrupts there, and leaves its queues without entries where
 * requests wait for locks.
 */
#pragma once

#include <fuse_lowlevel.h>

struct counters;
struct uring;

/* Between the mount and the first request, INIT, with the answer to which the
 * threads begin to serve. NULL if there is no memory, or no support built in. */
struct uring *uring_attach(struct fuse_session *session, struct counters *counters);

/* After INIT: why requests come by /dev/fuse after all; NULL if they do not. */
const char *uring_fault(const struct uring *uring);

/* Serves no more. Answers that come later go nowhere. */
void uring_stop(struct uring *uring);
/* After the session's end. */
void uring_free(struct uring *uring);
