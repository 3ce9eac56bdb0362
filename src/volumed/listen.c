/* SPDX-License-Identifier: MIT */
/*
 * systemd's protocol is a few lines, and promised to stay (man 3 sd_listen_fds);
 * libsystemd would bring its own dependencies into a daemon of root's.
 */
#include "listen.h"

#include "parents.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_PASSED = 3, BACKLOG = 64 };

static bool number_in(const char *variable, long expected)
{
	const char *value = getenv(variable);
	char *end;

	return value != NULL && value[0] != '\0' && strtol(value, &end, 10) == expected &&
	       *end == '\0';
}

static bool is_unix_listener(int fd)
{
	socklen_t size = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &size) == 0 && value == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1;
}

/* The descriptor; -1: none was passed; -2 and the message. */
static int passed_socket(message_line message)
{
	const bool passed = number_in("LISTEN_PID", getpid());
	const bool one = number_in("LISTEN_FDS", 1);

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!passed)
		return -1;
	if (!one || !is_unix_listener(FIRST_PASSED)) {
		fail(message, "systemd did not pass one UNIX stream socket: mend the .socket unit");
		return -2;
	}
	fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC);
	return FIRST_PASSED;
}

/* Whether somebody serves the socket that is there. */
static bool is_served(const struct sockaddr_un *address)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool served;

	served = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
	if (fd >= 0)
		close(fd);
	return served;
}

static int bind_private(int fd, const struct sockaddr_un *address)
{
	const mode_t mask = umask(0177);
	const int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(mask);
	return result;
}

static int new_socket(const char *path, message_line message)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(message, "socket %.40s... is too long: give at most %zu bytes", path,
			    sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	if (make_parents(path) < 0)
		return fail(message, "cannot make the directory of %s: %s", path, strerror(errno));
	if (is_served(&address))
		return fail(message, "another process serves %s: end it, or give another --socket",
			    path);
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind_private(fd, &address) < 0 || listen(fd, BACKLOG) < 0) {
		fail(message, "cannot listen on %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int listener_open(struct listener *listener, const char *path, message_line message)
{
	*listener = (struct listener){ .path = path };
	listener->fd = passed_socket(message);
	if (listener->fd == -1) {
		listener->fd = new_socket(path, message);
		listener->ours = listener->fd >= 0;
	}
	return listener->fd >= 0 ? 0 : -1;
}

void listener_close(const struct listener *listener)
{
	if (listener->ours)
		unlink(listener->path);
}
