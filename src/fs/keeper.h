/* SPDX-License-Identifier: MIT */
/*
 * The keeper: a process that does nothing but keep the mount while another one,
 * its child, serves it.
 *
 * Both share one table of descriptors: the connection with the kernel, the open
 * files and the locks stay when the child dies, and the next child has them. All
 * else that it has to know is in the handover.
 */
#pragma once

#include "session.h"

/* Has serve() run in a child until it returns, which is its exit code. With the
 * option supervise another child follows one that was killed or could not begin
 * (EX_TEMPFAIL), and one with the program as it is now after SIGHUP. SIGTERM and SIGINT end the
 * child, SIGUSR1 is passed on. -1 with one line in message where nobody serves any more. */
int keeper_keep(struct fs *fs, int (*serve)(struct fs *fs, int ready), int ready,
		message_line message);
