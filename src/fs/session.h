/* SPDX-License-Identifier: MIT */
/*
 * The session with the kernel: mounted, served, unmounted. On failure, message
 * has one line that says what is wrong and what to do, and nothing is left
 * mounted.
 */
#pragma once

#include "confine.h"
#include "fs.h"
#include "message.h"

#include <stddef.h>

/* Why something is not the best that there is; empty where it is. */
struct session_warnings {
	message_line data;
	message_line transport;
	message_line timeout;
	message_line confinement;
};

/* Opens the shm file system and makes a session, which is not mounted: for who
 * speaks for the kernel himself. inherited: the handover that an earlier program
 * left, as a descriptor, or -1. 0 or -1; session_stop() in either case. */
int session_prepare(struct fs *fs, const struct options *options, int inherited,
		    message_line message);
/* The same, mounted on options->mountpoint; where there is a handover, the mount is
 * there. 0 or -1. */
int session_mount(struct fs *fs, const struct options *options, int inherited,
		  message_line message);
/* Answers the kernel's first request and settles the data path and the transport,
 * or goes on where another process died, and gives away what is not needed any more
 * (confine.h). Threads may run from here on: the caller
 * must not fork any more. 0, or -1 with session_stop() to be called. */
int session_begin(struct fs *fs, message_line message, struct session_warnings *warnings);
/* What the process still has to do then, but for the data path and the transport. */
struct confinement session_confinement(const struct fs *fs);
/* Answers requests until the mount ends or a signal asks for the end. 0 or -1. */
int session_serve(struct fs *fs, message_line message);
/* For a process that is not the one that mounted (fs->is_kept), and shares its
 * descriptors: from here on it closes its own. */
void session_leave(void);
void session_stop(struct fs *fs);
