/* SPDX-License-Identifier: MIT */
/* The socket that engines talk to, for root alone. */
#pragma once

#include "message.h"

#include <stdbool.h>

struct listener {
	int fd;
	const char *path;
	bool ours; /* to be unlinked at the end */
};

/* That which systemd passed (path does not matter then), or a new one at path,
 * in the place of one that nobody serves. 0 or -1. */
int listener_open(struct listener *listener, const char *path, message_line message);
/* The descriptor belongs to who serves it. */
void listener_close(const struct listener *listener);
