/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <signal.h>
#include <stdio.h>

/* 0: there is none at the moment. */
static pid_t child_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", (int)pid, (int)pid);
	g_autofree char *children = get(path);

	return (pid_t)atoi(children);
}

pid_t server_of(pid_t keeper)
{
	pid_t server;

	wait_until ((server = child_of(keeper)) != 0)
		;
	return server;
}

void server_dies(pid_t keeper, int signal)
{
	const pid_t server = server_of(keeper);

	ok(kill(server, signal));
	wait_until (server_of(keeper) != server)
		;
}

pid_t servers_die(pid_t keeper, unsigned milliseconds, unsigned times)
{
	pid_t killer;

	CHILD (killer) {
		while (times-- > 0) {
			g_usleep(milliseconds * 1000);
			server_dies(keeper, SIGKILL);
		}
	}
	return killer;
}
