/* SPDX-License-Identifier: MIT */
/*
 * HTTP on a UNIX socket, by libmicrohttpd, in the one thread that there is. It
 * knows of no protocol above HTTP.
 */
#pragma once

#include "loop.h"
#include "message.h"

#include <stddef.h>

struct MHD_Daemon;

struct server {
	struct watch watch; /* first: the watch is the server */
	struct loop *loop;
	struct MHD_Daemon *daemon;
	size_t most; /* bytes of a body */
	/* The answer to a request, to be freed (NULL: out of memory), and its status. */
	char *(*answer)(void *arg, const char *path, const char *body, size_t size,
			unsigned *status);
	/* The body of an answer that is the server's own. */
	char *(*error)(const char *text);
	const char *type; /* of all answers */
	void *arg;
};

/* Serves on the socket, which it takes over; most to arg are set. 0 or -1. */
int server_start(struct server *server, struct loop *loop, int socket, message_line message);
/* Milliseconds until server_run() has something to do; -1: when the watch says so. */
int server_due(const struct server *server);
void server_run(struct server *server);
void server_stop(struct server *server);
