/* SPDX-License-Identifier: MIT */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is said in the parent about a child that ended before it was ready. */
static int status_of(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	errno = ECHILD;
	return -1;
}

static int wait_for(pid_t child, int word)
{
	ssize_t count;
	char c;

	do
		count = read(word, &c, 1);
	while (count < 0 && errno == EINTR);
	close(word);
	return count == 1 ? 0 : status_of(child);
}

int background_enter(int *ready)
{
	int ends[2], error;
	pid_t child;

	*ready = -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		*ready = ends[1];
		return 0;
	}
	error = errno;
	close(ends[1]);
	if (child > 0)
		return wait_for(child, ends[0]);
	close(ends[0]);
	errno = error;
	return -1;
}

void background_leave(void)
{
	const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int ignored = chdir("/");

	(void)ignored;
	setsid();
	if (nothing < 0)
		return;
	dup2(nothing, STDIN_FILENO);
	if (nothing > STDERR_FILENO)
		close(nothing);
}

void background_ready(int ready)
{
	ssize_t ignored;

	dup2(STDIN_FILENO, STDOUT_FILENO);
	dup2(STDIN_FILENO, STDERR_FILENO);
	/* Nobody reads it if the parent was killed meanwhile. */
	ignored = write(ready, "", 1);
	(void)ignored;
}
