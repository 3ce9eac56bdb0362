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

/* Opens the shm file system, mounts it on options->mountpoint and settles the
 * data path. Where that is not the best one, warning says why; else it is
 * empty. 0 or -1. */
int session_start(struct fs *fs, const struct options *options, message_line message,
		  message_line warning);
/* Answers requests until the mount ends or a signal asks for the end. 0 or -1. */
int session_serve(struct fs *fs, message_line message);
void session_stop(struct fs *fs);
