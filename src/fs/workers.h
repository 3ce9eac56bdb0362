/* SPDX-License-Identifier: MIT */
/*
 * The threads that serve requests by /dev/fuse: one more whenever all are busy,
 * up to ten. libfuse's own loop has as many, but ends the session where there
 * is no memory for one more; here those that there are go on.
 */
#pragma once

#include "fs.h"

/* Starts the first one, when INIT has been answered. From here on signals reach
 * workers_serve() alone. NULL and errno on failure. */
struct workers *workers_start(struct fs *fs);
/* Waits until the session is over. 1: by a signal; 0: the connection is; or the
 * negative errno that has ended it. */
int workers_serve(struct workers *workers);
/* Ends the threads. NULL is allowed. */
void workers_free(struct workers *workers);
