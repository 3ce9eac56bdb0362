/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <limits.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { IDLE_SECONDS = 60, MOST_CONNECTIONS = 64 };

/* A request on its way in. */
struct incoming {
	char *body;
	size_t size;
	bool too_big;
};

static enum MHD_Result reply(const struct server *server, struct MHD_Connection *connection,
			     unsigned status, char *text)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (text == NULL)
		return MHD_NO;
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, server->type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, MHD_HTTP_METHOD_POST);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(const struct server *server, struct MHD_Connection *connection,
			      unsigned status, const char *text)
{
	return reply(server, connection, status, server->error(text));
}

/* What is too much is read all the same: the client is to see the answer. */
static enum MHD_Result take_in(const struct server *server, struct incoming *incoming,
			       const char *data, size_t size)
{
	char *more;

	if (incoming->too_big || size > server->most - incoming->size) {
		incoming->too_big = true;
		return MHD_YES;
	}
	more = realloc(incoming->body, incoming->size + size);
	if (more == NULL)
		return MHD_NO;
	memcpy(more + incoming->size, data, size);
	incoming->body = more;
	incoming->size += size;
	return MHD_YES;
}

static enum MHD_Result answer(const struct server *server, struct MHD_Connection *connection,
			      const char *path, const char *method, const struct incoming *incoming)
{
	unsigned status;
	char *text;

	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return refuse(server, connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "every call is a POST: use that");
	if (incoming->too_big)
		return refuse(server, connection, MHD_HTTP_CONTENT_TOO_LARGE,
			      "the request is too big: give fewer options");
	text = server->answer(server->arg, path, incoming->body, incoming->size, &status);
	return reply(server, connection, status, text);
}

/* Called once for the head, then for each part of the body, then at the end. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **context)
{
	const struct server *server = arg;
	struct incoming *incoming = *context;
	enum MHD_Result result;

	(void)version;
	if (incoming == NULL) {
		*context = calloc(1, sizeof(*incoming));
		return *context != NULL ? MHD_YES : MHD_NO;
	}
	if (*size == 0)
		return answer(server, connection, path, method, incoming);
	result = take_in(server, incoming, data, *size);
	*size = 0;
	return result;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
			 enum MHD_RequestTerminationCode how)
{
	struct incoming *incoming = *context;

	(void)arg;
	(void)connection;
	(void)how;
	if (incoming != NULL)
		free(incoming->body);
	free(incoming);
	*context = NULL;
}

static void on_ready(struct watch *watch)
{
	server_run((struct server *)watch);
}

int server_start(struct server *server, struct loop *loop, int socket, message_line message)
{
	const union MHD_DaemonInfo *info;

	server->loop = loop;
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, socket,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
		MHD_OPTION_END);
	if (server->daemon == NULL)
		return fail(message, "libmicrohttpd does not serve the socket");
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	server->watch = (struct watch){ info->epoll_fd, on_ready };
	if (loop_add(loop, &server->watch) == 0)
		return 0;
	MHD_stop_daemon(server->daemon);
	server->daemon = NULL;
	return fail(message, "cannot wait for the socket");
}

int server_due(const struct server *server)
{
	unsigned long long due;

	if (MHD_get_timeout(server->daemon, &due) != MHD_YES)
		return -1;
	return due < INT_MAX ? (int)due : INT_MAX;
}

void server_run(struct server *server)
{
	MHD_run(server->daemon);
}

void server_stop(struct server *server)
{
	if (server->daemon == NULL)
		return;
	loop_remove(server->loop, &server->watch);
	MHD_stop_daemon(server->daemon);
	server->daemon = NULL;
}
