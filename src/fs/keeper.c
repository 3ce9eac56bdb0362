/* SPDX-License-Identifier: MIT */
#include "keeper.h"

#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Children that crash one after the other this soon are not replaced for ever; those
 * that somebody kills are, in their time. */
#define SOON_NS	    (INT64_C(100) * 1000000)
#define SOON_DEATHS 20
#define VARIABLE    "SHMFUSE_HANDOVER"
#define BASE_MAX    64

struct keeper {
	struct fs *fs;
	sigset_t before; /* the signals that the child has blocked */
	pid_t child;
	bool ending;	    /* was told to end */
	bool upgrading;	    /* was told to execute its program anew */
	int base[BASE_MAX]; /* its own descriptors, ended by -1 */
	int64_t began;
	unsigned soon; /* deaths */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- descriptors ---- */

static void each_descriptor(void (*each)(int fd, void *arg), void *arg)
{
	DIR *all = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (all == NULL)
		return;
	while ((entry = readdir(all)) != NULL)
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(all))
			each(atoi(entry->d_name), arg);
	closedir(all);
}

static bool is_recorded(const struct handover *handover, int fd)
{
	return (uint32_t)fd < handover->top && handover->records[fd].kind != RECORD_NONE;
}

static void add_to_base(int fd, void *arg)
{
	struct keeper *keeper = arg;
	size_t count = 0;

	while (keeper->base[count] >= 0)
		count++;
	if (is_recorded(keeper->fs->handover, fd) || count + 1 >= BASE_MAX)
		return;
	keeper->base[count] = fd;
	keeper->base[count + 1] = -1;
}

static void close_unless_known(int fd, void *arg)
{
	const struct keeper *keeper = arg;
	const int *base = keeper->base;

	while (*base >= 0 && *base != fd)
		base++;
	if (*base < 0 && !is_recorded(keeper->fs->handover, fd))
		close(fd);
}

/* ---- messages ---- */

/* The system's log takes a descriptor, and the C library remembers its number, which
 * would be another file's after the child's death. So it is open for a moment only. */

static void log_begin(const struct keeper *keeper)
{
	if (keeper->fs->handover->background)
		log_to_system();
}

static void log_end(void)
{
	log_let_go();
}

/* ---- the child ---- */

/* As fork(2), but that descriptors are shared. The C library does not know of it:
 * the child's first thread has the parent's thread id in its memory, which it must
 * not use for locks that ask who has them. Threads that it makes are as any. */
static pid_t fork_sharing_descriptors(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* The end of the keeper is the end of the mount: nothing may go on that waits for it. */
static void follow(pid_t keeper)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(0);
}

static int begin_child(struct keeper *keeper, int (*serve)(struct fs *fs, int ready), int ready)
{
	const pid_t self = getpid();

	keeper->began = now_ns();
	keeper->child = fork_sharing_descriptors();
	if (keeper->child != 0)
		return keeper->child < 0 ? -errno : 0;
	follow(self);
	sigprocmask(SIG_SETMASK, &keeper->before, NULL);
	exit(serve(keeper->fs, ready));
}

/* ---- another program ---- */

static void keep_open(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

static void keep_recorded(int fd, void *arg)
{
	const struct keeper *keeper = arg;

	if (is_recorded(keeper->fs->handover, fd))
		keep_open(fd);
}

/* The line that --version has on what it can take over. */
static bool says_handover(const char *said)
{
	char line[32];

	snprintf(line, sizeof(line), "handover %d\n", HANDOVER_VERSION);
	return strstr(said, line) != NULL;
}

/* What the program says of its version; false where it cannot be run. */
static bool ask_version(const char *program, char *said, size_t size)
{
	char *const argv[] = { (char *)program, (char *)"--version", NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], status = -1;
	ssize_t count = 0, part;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (posix_spawn(&pid, program, &actions, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while (pid > 0 && (size_t)count < size - 1 &&
	       (part = read(ends[0], said + count, size - 1 - (size_t)count)) > 0)
		count += part;
	said[count] = '\0';
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool can_take_over(const char *program)
{
	char said[1024];

	if (!ask_version(program, said, sizeof(said))) {
		log_error("upgrade: %s --version fails: nothing was changed", program);
		return false;
	}
	if (!says_handover(said)) {
		log_error("upgrade: %s cannot take over from this version: unmount, and mount anew",
			  program);
		return false;
	}
	return true;
}

/* Does not return, unless it fails. */
static void execute_anew(struct keeper *keeper, const char *program)
{
	struct handover *handover = keeper->fs->handover;
	char inheritance[PATH_MAX + 16];

	handover->device = fuse_session_fd(keeper->fs->session);
	handover->root_lock = keeper->fs->root_lock;
	each_descriptor(keep_recorded, keeper);
	keep_open(handover->device);
	keep_open(keeper->fs->handover_fd);
	if (handover->root_lock >= 0)
		keep_open(handover->root_lock);
	snprintf(inheritance, sizeof(inheritance), "%d:%s", keeper->fs->handover_fd,
		 keeper->fs->options->mountpoint);
	setenv(VARIABLE, inheritance, 1);
	execv(program, keeper->fs->options->as_given);
	log_error("upgrade: %s: %s", program, strerror(errno));
	unsetenv(VARIABLE);
}

int keeper_inherited(const char **mountpoint)
{
	const char *inheritance = getenv(VARIABLE);
	const char *colon = inheritance != NULL ? strchr(inheritance, ':') : NULL;

	if (colon == NULL)
		return -1;
	*mountpoint = colon + 1;
	return atoi(inheritance);
}

/* ---- the watch ---- */

static const int watched[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1 };

/* The child shall have none of them blocked, as an earlier program had them, but
 * SIGUSR1, for which it waits itself (counters.h). */
static void block_signals(struct keeper *keeper, sigset_t *signals)
{
	sigemptyset(signals);
	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		sigaddset(signals, watched[i]);
	sigprocmask(SIG_BLOCK, signals, &keeper->before);
	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		if (watched[i] != SIGUSR1)
			sigdelset(&keeper->before, watched[i]);
}

static bool can_upgrade(const struct keeper *keeper, const char *program)
{
	if (keeper->fs->handover->can_resend)
		return can_take_over(program);
	log_error("upgrade: the kernel cannot send again what a dead process had taken (Linux 6.9 "
		  "brings it): nothing was changed");
	return false;
}

/* What it is doing is done again, or was done. A session that is about to begin is
 * left alone. Without supervision it is the signal that it is without a keeper. */
static void on_hangup(struct keeper *keeper, const char *program)
{
	log_begin(keeper);
	if (keeper->fs->options->supervise == SUPERVISE_OFF) {
		kill(keeper->child, SIGHUP);
	} else if (keeper->fs->handover->init_size != 0 && can_upgrade(keeper, program)) {
		keeper->upgrading = true;
		kill(keeper->child, SIGKILL);
	}
	log_end();
}

static void on_signal(struct keeper *keeper, int signal, const char *program)
{
	switch (signal) {
	case SIGHUP:
		on_hangup(keeper, program);
		break;
	case SIGTERM:
	case SIGINT:
		keeper->ending = true;
		kill(keeper->child, SIGTERM);
		break;
	case SIGUSR1:
		kill(keeper->child, SIGUSR1);
		break;
	default:
		break;
	}
}

/* The child's status, when it is over. */
static int watch(struct keeper *keeper, const sigset_t *signals, const char *program)
{
	int status = SIGKILL; /* should nobody know any more how it ended */

	while (waitpid(keeper->child, &status, WNOHANG) == 0)
		on_signal(keeper, sigwaitinfo(signals, NULL), program);
	return status;
}

static bool is_crash(int signal)
{
	return signal != SIGKILL && signal != SIGTERM;
}

/* Another child is of use: the session had begun, and they do not die one after
 * the other. */
static bool may_replace(struct keeper *keeper, int signal)
{
	struct handover *handover = keeper->fs->handover;

	keeper->soon = now_ns() - keeper->began < SOON_NS ? keeper->soon + 1 : 0;
	handover->crashes += is_crash(signal);
	if (!handover->can_resend || handover->init_size == 0)
		return false;
	if (keeper->soon > SOON_DEATHS)
		usleep(SOON_NS / 1000);
	return keeper->soon <= SOON_DEATHS || !is_crash(signal);
}

static int keep(struct keeper *keeper, const sigset_t *signals, const char *program,
		int (*serve)(struct fs *fs, int ready), int ready, message_line message)
{
	for (;;) {
		int error = begin_child(keeper, serve, ready), status;

		if (error < 0)
			return message_fail(message, "no process to serve: %s", strerror(-error));
		status = watch(keeper, signals, program);
		log_begin(keeper);
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (keeper->ending)
			return 0;
		if (keeper->upgrading) {
			each_descriptor(close_unless_known, keeper);
			execute_anew(keeper, program);
			keeper->upgrading = false;
		} else if (!may_replace(keeper, WTERMSIG(status))) {
			return message_fail(message,
					    "the serving process was ended by signal %d (%s)",
					    WTERMSIG(status), strsignal(WTERMSIG(status)));
		} else {
			each_descriptor(close_unless_known, keeper);
			log_warning("the serving process was ended by signal %d (%s): another one "
				    "takes over",
				    WTERMSIG(status), strsignal(WTERMSIG(status)));
		}
		log_end();
		ready = -1;
	}
}

int keeper_keep(struct fs *fs, int (*serve)(struct fs *fs, int ready), int ready,
		message_line message)
{
	struct keeper keeper = { .fs = fs, .base = { -1 } };
	char program[PATH_MAX];
	sigset_t signals;
	const ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

	program[len < 0 ? 0 : len] = '\0';
	prctl(PR_SET_DUMPABLE, 0); /* it has all that its child has open */
	block_signals(&keeper, &signals);
	each_descriptor(add_to_base, &keeper);
	return keep(&keeper, &signals, program, serve, ready, message);
}
