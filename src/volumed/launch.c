/* SPDX-License-Identifier: MIT */
#include "launch.h"

#include "loop.h"
#include "mount_table.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FUSE_MAGIC 0x65735546 /* man 2 statfs; not in the headers of all systems */

/* For a mount to be ready, in milliseconds. */
enum { START_TIME = 10000 };

static void first_line_of(int file, message_line message)
{
	message_line text = "";
	const ssize_t count = pread(file, text, sizeof(text) - 1, 0);

	text[count > 0 ? count : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	fail(message, "%s", text[0] != '\0' ? text : "shmfuse does not answer: see its log");
}

/* For shmfuse -o, to be freed; NULL without memory. */
static char *words_of(const struct settings *settings)
{
	const char *comma = settings->words[0] != '\0' ? "," : "";
	char *words;

	if (asprintf(&words, "subdir=%s%s%s", settings->directory, comma, settings->words) < 0)
		return NULL;
	return words;
}

/* Runs it to its end. The wait status, -1 where it could not be started. */
static int run(const char *const argv[], int output)
{
	struct process process;

	if (process_start(&process, argv, output) < 0)
		return -1;
	if (!process_ends_within(&process, START_TIME)) {
		process_kill(&process);
		process_ends_within(&process, -1);
	}
	return process_close(&process);
}

/* shmfuse reads all its options before it looks at what it is to do. */
int launch_check(const char *shmfuse, const struct settings *settings, message_line message)
{
	char *words = words_of(settings);
	const char *const argv[] = { shmfuse, "-o", words, "--version", NULL };
	const int output = memfd_create("shmfuse", MFD_CLOEXEC);
	int status = -1;

	if (words == NULL || output < 0)
		fail(message, "cannot check the options: %s", strerror(errno));
	else if ((status = run(argv, output)) != 0)
		first_line_of(output, message);
	if (output >= 0)
		close(output);
	free(words);
	return status == 0 ? 0 : -1;
}

static int time_left(long long deadline)
{
	const long long left = deadline - loop_now();

	return left > 0 ? (int)left : 0;
}

static int answers_requests(const void *path)
{
	struct statfs st;

	return statfs(path, &st) == 0 && st.f_type == FUSE_MAGIC ? 0 : 1;
}

/* Until the mount is in the table; not if the process ends, or the time. */
static bool is_mounted_by(const struct process *process, const char *path, long long deadline)
{
	struct pollfd events[] = {
		{ .fd = open(MOUNT_TABLE, O_RDONLY | O_CLOEXEC), .events = POLLPRI },
		{ .fd = process->fd, .events = POLLIN },
	};
	bool mounted;

	while (!(mounted = mount_table_is_shmfuse(path)) && (events[1].revents & POLLIN) == 0 &&
	       time_left(deadline) > 0)
		poll(events, 2, time_left(deadline));
	close(events[0].fd);
	return mounted;
}

/* The first answer ends the greetings of kernel and daemon, in which a mount may
 * still fail. The question is asked by another process, as it may wait for ever. */
static bool is_served_by(const struct process *process, const char *path, long long deadline)
{
	struct process asking;

	if (process_call(&asking, answers_requests, path) < 0)
		return false;
	if (!process_ends_within(&asking, time_left(deadline))) {
		/* The end of its daemon is the only end of a request. */
		process_kill(process);
		process_ends_within(&asking, -1);
	}
	return process_close(&asking) == 0;
}

bool launch_answers(const struct process *process, const char *path)
{
	return is_served_by(process, path, loop_now() + START_TIME);
}

int launch(struct process *process, const char *shmfuse, const struct settings *settings,
	   const char *path, int output)
{
	const long long deadline = loop_now() + START_TIME;
	char *words = words_of(settings);
	const char *const argv[] = { shmfuse, "-f", "-o", words, path, NULL };
	int result;

	if (words == NULL)
		return -1;
	result = process_start(process, argv, output);
	free(words);
	if (result < 0)
		return -1;
	return is_mounted_by(process, path, deadline) && is_served_by(process, path, deadline) ? 0
											       : -1;
}
