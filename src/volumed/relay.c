/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void end_line(struct relay *relay)
{
	relay->line[relay->used] = '\0';
	relay->used = 0;
	fail(relay->last, "%s", relay->line);
	log_event("volume %s: %s", relay->volume, relay->last);
}

static void take(struct relay *relay, char c)
{
	if (c == '\n' || relay->used == sizeof(relay->line) - 1)
		end_line(relay);
	if (c != '\n')
		relay->line[relay->used++] = c;
}

void relay_drain(struct relay *relay)
{
	char bytes[1024];
	ssize_t count;

	while ((count = read(relay->watch.fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < count; i++)
			take(relay, bytes[i]);
}

static void on_output(struct watch *watch)
{
	relay_drain((struct relay *)watch);
}

/* Open for both, a FIFO has no end, and its writer never lacks a reader. */
static int open_fifo(const char *path)
{
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

int relay_open(struct relay *relay, struct loop *loop, const char *path, const char *volume)
{
	*relay = (struct relay){ .watch = { -1, on_output }, .loop = loop, .volume = volume };
	if (mkfifo(path, 0600) < 0 && errno != EEXIST)
		return -1;
	relay->path = strdup(path);
	if (relay->path == NULL)
		return -1;
	relay->watch.fd = open_fifo(path);
	return relay->watch.fd >= 0 ? loop_add(loop, &relay->watch) : -1;
}

int relay_output(const struct relay *relay)
{
	return open_fifo(relay->path);
}

void relay_close(struct relay *relay)
{
	if (relay->watch.fd >= 0) {
		loop_remove(relay->loop, &relay->watch);
		close(relay->watch.fd);
	}
	free(relay->path);
}
