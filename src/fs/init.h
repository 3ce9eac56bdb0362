/* SPDX-License-Identifier: MIT */
/*
 * FUSE_INIT, the kernel's first request, and what its answer settles: the data
 * path, the transport, the limit of time, and whether requests can be sent again.
 */
#pragma once

#include "session.h"

/* Waits for it and answers. 0, also where the session is over before it came; or -1
 * with one line in message. */
int init_answer(struct fs *fs, message_line message, struct session_warnings *warnings);

/* In a process that goes on with a session: tells libfuse what an earlier one has
 * settled. */
void init_repeat(struct fs *fs);
