/* SPDX-License-Identifier: MIT */
#include "upgrade.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VARIABLE    "SHMFUSE_HANDOVER"
#define PATIENCE_MS 5000

/* ---- what the program says of itself ---- */

/* As it will be run, but to tell its version: it looks at all options before it does.
 * NULL: no memory. */
static char **ask_for_version(char *const *given)
{
	size_t count = 0;
	char **words;

	while (given[count] != NULL)
		count++;
	words = calloc(count + 2, sizeof(*words));
	if (words == NULL)
		return NULL;
	words[0] = given[0];
	words[1] = (char *)"--version";
	memcpy(words + 2, given + 1, (count - 1) * sizeof(*words));
	return words;
}

/* Its standard output is the descriptor; it has no signals blocked. -1: it does not run. */
static pid_t spawn(const char *program, char **words, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid;

	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (posix_spawn(&pid, program, &actions, &attributes, words, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return pid;
}

/* False: it says nothing for too long. Meanwhile nobody serves in place of a child
 * that dies. */
static bool listen_to(int fd, char *said, size_t size)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	size_t count = 0;
	ssize_t part = 1;

	while (part > 0 && count < size - 1) {
		if (poll(&ready, 1, PATIENCE_MS) <= 0)
			return false;
		part = read(fd, said + count, size - 1 - count);
		count += part > 0 ? (size_t)part : 0;
	}
	said[count] = '\0';
	return true;
}

static bool ends_well(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool run_to_the_end(const char *program, char **words, char *said, size_t size)
{
	int ends[2];
	bool answers = false;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid = spawn(program, words, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		answers = listen_to(ends[0], said, size);
		if (!answers)
			kill(pid, SIGKILL);
		answers = ends_well(pid) && answers;
	}
	close(ends[0]);
	return answers;
}

/* The line that --version has on what it can take over. */
static bool says_handover(const char *said)
{
	char line[32];

	snprintf(line, sizeof(line), "handover %d\n", HANDOVER_VERSION);
	return strstr(said, line) != NULL;
}

bool upgrade_is_possible(const struct fs *fs, const char *program)
{
	char **words = ask_for_version(fs->options->as_given);
	char said[1024];
	const bool runs = words != NULL && run_to_the_end(program, words, said, sizeof(said));

	free(words);
	if (!runs) {
		log_error("upgrade: %s --version fails with the options of this mount: nothing was "
			  "changed",
			  program);
		return false;
	}
	if (!says_handover(said)) {
		log_error("upgrade: %s cannot take over from this version: unmount, and mount anew",
			  program);
		return false;
	}
	return true;
}

/* ---- what it inherits ---- */

static void set_inherited(int fd, bool inherited)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, inherited ? 0 : FD_CLOEXEC);
}

static void set_all_inherited(const struct fs *fs, bool inherited)
{
	const struct handover *handover = fs->handover;

	for (uint32_t fd = 0; fd < handover->top; fd++)
		if (handover->records[fd].kind != RECORD_NONE)
			set_inherited((int)fd, inherited);
	set_inherited(handover->device, inherited);
	set_inherited(handover->root_lock, inherited);
	set_inherited(fs->handover_fd, inherited);
}

void upgrade_execute(const struct fs *fs, const char *program)
{
	char inheritance[PATH_MAX + 16];

	fs->handover->device = fuse_session_fd(fs->session);
	fs->handover->root_lock = fs->root_lock;
	snprintf(inheritance, sizeof(inheritance), "%d:%s", fs->handover_fd,
		 fs->options->mountpoint);
	setenv(VARIABLE, inheritance, 1);
	set_all_inherited(fs, true);
	execv(program, fs->options->as_given);
	log_error("upgrade: %s: %s", program, strerror(errno));
	set_all_inherited(fs, false);
	unsetenv(VARIABLE);
}

int upgrade_inherited(const char **mountpoint)
{
	const char *inheritance = getenv(VARIABLE);
	const char *colon = inheritance != NULL ? strchr(inheritance, ':') : NULL;

	if (colon == NULL)
		return -1;
	*mountpoint = colon + 1;
	return atoi(inheritance);
}

void upgrade_done(const struct fs *fs)
{
	set_all_inherited(fs, false);
}
