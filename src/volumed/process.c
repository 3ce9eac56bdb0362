/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* man 5 proc_pid_stat: field 22. The name before it may have anything in it. */
static bool read_birth(pid_t pid, unsigned long long *born)
{
	char path[64], text[1024];
	const char *at;
	ssize_t count;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	count = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[count > 0 ? count : 0] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; field < 22 && at != NULL; field++)
		at = strchr(at + 1, ' ');
	return at != NULL && sscanf(at, "%llu", born) == 1;
}

struct program {
	const char *const *argv;
	int output;
};

static int become(const void *arg)
{
	const struct program *program = arg;

	setsid();
	/* We are the one whom the service manager waits for. */
	unsetenv("NOTIFY_SOCKET");
	signal(SIGPIPE, SIG_DFL);
	if (dup2(program->output, STDOUT_FILENO) < 0 || dup2(program->output, STDERR_FILENO) < 0)
		return 127;
	close_range(STDERR_FILENO + 1, ~0U, 0);
	close(STDIN_FILENO);
	open("/dev/null", O_RDONLY);
	/* POSIX has no const there for history's sake alone. */
	execv(program->argv[0], (char *const *)(uintptr_t)program->argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", program->argv[0], strerror(errno));
	return 127;
}

int process_call(struct process *process, int (*run)(const void *arg), const void *arg)
{
	const pid_t pid = fork();
	sigset_t none;

	*process = (struct process){ .fd = -1 };
	if (pid < 0)
		return -1;
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		_exit(run(arg));
	}
	process->pid = pid;
	process->fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process->fd >= 0 && read_birth(pid, &process->born))
		return 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (process->fd >= 0)
		close(process->fd);
	*process = (struct process){ .fd = -1 };
	errno = ENOSYS;
	return -1;
}

int process_start(struct process *process, const char *const argv[], int output)
{
	const struct program program = { argv, output };

	return process_call(process, become, &program);
}

bool process_find(struct process *process, pid_t pid, unsigned long long born)
{
	unsigned long long found;

	*process = (struct process){ .fd = -1 };
	if (pid <= 0)
		return false;
	process->fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process->fd < 0)
		return false;
	/* Asked after the descriptor was there: it is the one that the id means now. */
	if (!read_birth(pid, &found) || found != born || process_ends_within(process, 0)) {
		close(process->fd);
		process->fd = -1;
		return false;
	}
	process->pid = pid;
	process->born = born;
	return true;
}

bool process_ends_within(const struct process *process, int timeout)
{
	struct pollfd end = { .fd = process->fd, .events = POLLIN };

	return poll(&end, 1, timeout) == 1;
}

void process_kill(const struct process *process)
{
	syscall(SYS_pidfd_send_signal, process->fd, SIGKILL, NULL, 0);
}

int process_close(struct process *process)
{
	int status;

	if (process->fd < 0)
		return -1;
	if (waitpid(process->pid, &status, WNOHANG) != process->pid)
		status = -1;
	close(process->fd);
	*process = (struct process){ .fd = -1 };
	return status;
}
