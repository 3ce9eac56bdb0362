/* SPDX-License-Identifier: MIT */
/* See worker.h. */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "operation.h"

/* Users that share groups in different ways: as the owning group, as a supplementary one, not at
 * all. */
static const struct identity {
	const char *text;
	uid_t uid;
	gid_t gid;
	unsigned n_groups;
	gid_t groups[2];
} identities[WORKERS] = {
	{ "root", 0, 0, 0, { 0 } },
	{ "uid 1000 gid 1000+2000", 1000, 1000, 1, { 2000 } },
	{ "uid 1001 gid 1001+2000", 1001, 1001, 1, { 2000 } },
	{ "uid 1002 gid 1000", 1002, 1000, 0, { 0 } },
	{ "uid 1003 gid 1003+1000+3000", 1003, 1003, 2, { 1000, 3000 } },
};

const char *worker_identity(unsigned worker)
{
	return worker < WORKERS ? identities[worker].text : "native";
}

static int become(const struct identity *identity, const char *directory)
{
	if (chroot(directory) < 0 || chdir("/") < 0)
		return -1;
	if (setgroups(identity->n_groups, identity->groups) < 0)
		return -1;
	if (setresgid(identity->gid, identity->gid, identity->gid) < 0)
		return -1;
	return setresuid(identity->uid, identity->uid, identity->uid);
}

/*
 * Inodes are stamped with the time of the last tick, or with that of the latest
 * precise stamp when it is younger; twice within one leaves no trace.
 */
static void wait_for_a_tick(void)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	struct timespec start, tick;

	clock_gettime(CLOCK_REALTIME, &start);
	do {
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_REALTIME_COARSE, &tick);
	} while (tick.tv_sec < start.tv_sec ||
		 (tick.tv_sec == start.tv_sec && tick.tv_nsec <= start.tv_nsec));
}

static void carry_out(struct worker *worker, const struct call *call, struct outcome *outcome)
{
	struct stat before[SNAPSHOTS], after[SNAPSHOTS];

	outcome_clear(outcome);
	if (call->checks & CHECK_BEFORE)
		snapshots_take(worker, call, outcome->before, before);
	if (call->checks & CHECK_DEAD)
		outcome->dead = dead_directories(worker, call);
	if (call->checks & CHECK_TIMED)
		wait_for_a_tick();
	if (!meets_set_id_quirk(worker, call))
		operation_of(call)->run(worker, call, outcome);
	if (call->checks & CHECK_DEAD)
		outcome->dead |= dead_directories(worker, call);
	if (call->checks & CHECK_AFTER)
		snapshots_take(worker, call, outcome->after, after);
	snapshots_number(outcome, before, after);
}

static _Noreturn void serve(int socket, int proc_fd)
{
	static struct call call;
	static struct outcome outcome;
	struct worker worker = { .proc_fd = proc_fd };
	struct stat st;

	if (stat("/", &st) < 0)
		_exit(2);
	worker.root = st.st_ino;

	for (int i = 0; i < SLOTS; i++)
		worker.fd[i] = -1;
	worker.buffer = aligned_alloc(4096, BUFFER_BYTES);
	if (!worker.buffer)
		_exit(2);
	while (recv(socket, &call, sizeof(call), 0) == (ssize_t)sizeof(call)) {
		carry_out(&worker, &call, &outcome);
		if (send(socket, &outcome, sizeof(outcome), 0) != (ssize_t)sizeof(outcome))
			_exit(3);
	}
	_exit(0);
}

static _Noreturn void worker_main(const char *directory, unsigned identity, int socket)
{
	int proc_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	if (proc_fd < 0 || become(&identities[identity], directory) < 0) {
		perror("a worker cannot take its identity");
		_exit(4);
	}
	/* setresuid cleared it; and access to /proc/self/fd must stay possible. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
	serve(socket, proc_fd);
}

int worker_start(struct worker_process *process, const char *directory, unsigned identity)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		perror("socketpair");
		return -1;
	}
	process->pid = fork();
	if (process->pid < 0) {
		perror("fork");
		close(pair[0]);
		close(pair[1]);
		return -1;
	}
	if (process->pid == 0) {
		/* The low numbers are the same on both sides, so descriptor numbers can be
		 * compared. */
		int socket = dup2(pair[1], 3);

		close_range(4, ~0u, 0);
		worker_main(directory, identity, socket);
	}
	close(pair[1]);
	process->socket = pair[0];
	return 0;
}

int worker_send(const struct worker_process *process, const struct call *call)
{
	return send(process->socket, call, sizeof(*call), MSG_NOSIGNAL) == (ssize_t)sizeof(*call)
		       ? 0
		       : -1;
}

int worker_receive(const struct worker_process *process, struct outcome *outcome, int seconds)
{
	struct pollfd pollfd = { .fd = process->socket, .events = POLLIN };

	if (poll(&pollfd, 1, seconds * 1000) != 1)
		return -1;
	return recv(process->socket, outcome, sizeof(*outcome), 0) == (ssize_t)sizeof(*outcome)
		       ? 0
		       : -1;
}

int worker_stop(struct worker_process *process)
{
	int status = 0;

	if (process->pid <= 0)
		return 0;
	close(process->socket);
	if (waitpid(process->pid, &status, 0) < 0)
		return -1;
	process->pid = 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}
