/* SPDX-License-Identifier: MIT */
#include "keeper.h"

#include "deadline.h"
#include "log.h"
#include "upgrade.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* Children that crash one after the other this soon are not replaced for ever; those
 * that somebody kills are, in their time. */
#define SOON_NS	     (INT64_C(100) * 1000000)
#define SOON_CRASHES 20
/* Those that cannot take over, for want of memory or processes. */
#define SOON_FAILURES 100

struct keeper {
	struct fs *fs;
	sigset_t before; /* the signals that the child has blocked */
	pid_t child;
	bool ending;	   /* was told to end */
	bool upgrading;	   /* was told to execute its program anew */
	bool *is_own;	   /* by descriptor: it was there before the first child */
	int64_t soon_over; /* deadline: the child has lived for a while then */
	unsigned soon;	   /* deaths */
};

/* ---- descriptors ---- */

static bool is_recorded(const struct handover *handover, unsigned fd)
{
	return fd < handover->top && handover->records[fd].kind != RECORD_NONE;
}

/* -1 and errno. */
static int list_own(const struct keeper *keeper)
{
	const struct handover *handover = keeper->fs->handover;
	DIR *all = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (all == NULL)
		return -1;
	while ((entry = readdir(all)) != NULL) {
		const unsigned fd = (unsigned)atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd != (unsigned)dirfd(all) &&
		    fd < handover->record_count)
			keeper->is_own[fd] = !is_recorded(handover, fd);
	}
	closedir(all);
	return 0;
}

static int find_own(struct keeper *keeper)
{
	keeper->is_own = calloc(keeper->fs->handover->record_count, sizeof(*keeper->is_own));
	return keeper->is_own != NULL ? list_own(keeper) : -1;
}

/* What a dead child had open for a moment. It may have been all that can be, so this
 * opens nothing. */
static void close_others(const struct keeper *keeper)
{
	const struct handover *handover = keeper->fs->handover;
	unsigned first = 0;

	for (unsigned fd = 0; fd < handover->record_count; fd++) {
		if (!keeper->is_own[fd] && !is_recorded(handover, fd))
			continue;
		if (first < fd)
			close_range(first, fd - 1, 0);
		first = fd + 1;
	}
	if (first < handover->record_count)
		close_range(first, handover->record_count - 1, 0);
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
#ifdef __s390__
	return (pid_t)syscall(SYS_clone, NULL, CLONE_FILES | SIGCHLD, NULL, NULL, NULL);
#else
	return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
#endif
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

	keeper->soon_over = deadline_in(SOON_NS);
	keeper->child = fork_sharing_descriptors();
	if (keeper->child != 0)
		return keeper->child < 0 ? -errno : 0;
	follow(self);
	sigprocmask(SIG_SETMASK, &keeper->before, NULL);
	exit(serve(keeper->fs, ready));
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
		return upgrade_is_possible(keeper->fs, program);
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

/* ---- its death ---- */

/* A child that could not be made counts as one that could not begin. */
#define FAILED_START W_EXITCODE(EX_TEMPFAIL, 0)

static bool is_failed_start(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL;
}

static bool is_crash(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM;
}

/* Another child is of use: the session had begun, and they do not die one after
 * the other. Those that somebody kills are replaced for ever, in their time. */
static bool may_replace(struct keeper *keeper, int status)
{
	struct handover *handover = keeper->fs->handover;

	keeper->soon = deadline_is_over(keeper->soon_over) ? 0 : keeper->soon + 1;
	handover->crashes += is_crash(status);
	if (!handover->can_resend || handover->init_size == 0)
		return false;
	if (is_failed_start(status) || keeper->soon > SOON_CRASHES)
		usleep(SOON_NS / 1000);
	if (is_failed_start(status))
		return keeper->soon <= SOON_FAILURES;
	return keeper->soon <= SOON_CRASHES || !is_crash(status);
}

static void describe(int status, message_line how)
{
	if (is_failed_start(status))
		snprintf(how, sizeof(message_line), "could not begin");
	else
		snprintf(how, sizeof(message_line), "was ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
}

/* The exit code of the mount. */
#define ANOTHER (-2) /* there is none: the next child is to begin */

static int on_death(struct keeper *keeper, int status, const char *program, message_line message)
{
	message_line how;

	if (WIFEXITED(status) && !is_failed_start(status))
		return WEXITSTATUS(status);
	if (keeper->ending)
		return 0;
	close_others(keeper);
	if (keeper->upgrading) {
		upgrade_execute(keeper->fs, program);
		keeper->upgrading = false;
		return ANOTHER;
	}
	describe(status, how);
	if (!may_replace(keeper, status))
		return message_fail(message, "the serving process %s", how);
	log_warning("the serving process %s: another one takes over", how);
	return ANOTHER;
}

/* ---- all of them ---- */

/* Its status in the end. */
static int run_child(struct keeper *keeper, const sigset_t *signals, const char *program,
		     int (*serve)(struct fs *fs, int ready), int ready)
{
	const int error = begin_child(keeper, serve, ready);

	if (error == 0)
		return watch(keeper, signals, program);
	log_error("no process to serve: %s", strerror(-error));
	return FAILED_START;
}

/* The word that the mount is there is given once, by whichever child comes to it.
 * Then its descriptor is closed, and its number another file's. */
static int still_ready(struct keeper *keeper, int ready)
{
	if (ready < 0 || !keeper->fs->handover->told)
		return ready;
	keeper->is_own[ready] = false;
	return -1;
}

int keeper_keep(struct fs *fs, int (*serve)(struct fs *fs, int ready), int ready,
		message_line message)
{
	struct keeper keeper = { .fs = fs };
	char program[PATH_MAX];
	sigset_t signals;
	const ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	int result = ANOTHER;

	program[len < 0 ? 0 : len] = '\0';
	prctl(PR_SET_DUMPABLE, 0); /* it has all that its child has open */
	block_signals(&keeper, &signals);
	if (fs->is_inherited)
		upgrade_done(fs);
	log_let_go();
	if (find_own(&keeper) < 0)
		result = message_fail(message, "cannot list what is open: %s", strerror(errno));
	while (result == ANOTHER) {
		const int status = run_child(&keeper, &signals, program, serve, ready);

		log_begin(&keeper);
		result = on_death(&keeper, status, program, message);
		log_end();
		ready = still_ready(&keeper, ready);
	}
	free(keeper.is_own);
	return result;
}
