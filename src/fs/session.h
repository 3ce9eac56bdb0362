/* SPDX-License-Identifier: MIT */
/*
 * The session with the kernel: mounted, served, unmounted. On failure, message
 * has one line that says what is wrong and what to do, and nothing is left
 * mounted.
 */
#pragma once

#include "fs.h"

#include <stddef.h>

typedef char message_line[512];

/* Why something is not the best that there is; empty where it is. */
struct session_warnings {
	message_line data;
	message_line transport;
};

/* Opens the shm file system, mounts it on options->mountpoint and settles the
 * data path and the transport. Threads may run from here on: the caller must not
 * fork any more. 0 or -1. */
int session_start(struct fs *fs, const struct options *options, message_line message,
		  struct session_warnings *warnings);
/* Answers requests until the mount ends or a signal asks for the end. 0 or -1. */
int session_serve(struct fs *fs, message_line message);
void session_stop(struct fs *fs);
