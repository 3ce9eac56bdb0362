/* SPDX-License-Identifier: MIT */
/*
 * What the shmfuse of a volume says, line by line into our log. A FIFO: when
 * this process is gone, it keeps what comes (64 KiB of it) for the next one, and
 * nobody waits for a reader.
 */
#pragma once

#include "loop.h"
#include "message.h"

#include <stddef.h>

struct relay {
	struct watch watch; /* first: the watch is the relay */
	struct loop *loop;
	char *path;
	const char *volume;
	char line[sizeof(message_line)];
	size_t used;
	message_line last; /* the last whole line */
};

/* 0 or -1 and errno. The name must live as long. */
int relay_open(struct relay *relay, struct loop *loop, const char *path, const char *volume);
/* An end for a process to write to; -1 and errno. */
int relay_output(const struct relay *relay);
/* Reads what there is now. */
void relay_drain(struct relay *relay);
void relay_close(struct relay *relay);
