/* SPDX-License-Identifier: MIT */
#include "counters.h"

#include "log.h"

#include "posix_shm.h"

#include <inttypes.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define KINDS  64  /* opcodes: the last is for those above, which the kernel does not have yet */
#define ERRORS 134 /* errno values: likewise */
#define TIMES  48  /* powers of two of nanoseconds: up to a day */

/* In the number of an INTERRUPT. libfuse answers one that has nothing to interrupt
 * any more with EAGAIN, when the next request comes: nobody's error. */
#define INTERRUPT_BIT 1

/* Of one opcode. */
struct kind {
	_Atomic uint64_t requests;
	_Atomic uint64_t left, ended;	 /* to other threads; and answers by these */
	_Atomic uint64_t total, longest; /* nanoseconds, of all other answers */
	_Atomic uint64_t
		times[TIMES]; /* these answers: [n] took less than 2^n ns, and not less than half */
	_Atomic uint64_t errors[ERRORS]; /* of all answers */
};

struct counters {
	struct kind kinds[KINDS];
	uint64_t began;
	pthread_t listener;
	bool attached; /* requests and answers are counted */
	bool listening;
	atomic_bool stop;
};

/* What the thread serves. libfuse's callbacks for reading and writing have no
 * other way to know it without a lock. */
static _Thread_local struct {
	uint64_t unique;
	uint64_t began;
	struct kind *kind;
} current;

/* clang-format off */
static const char *const kind_names[KINDS] = {
	[FUSE_LOOKUP] = "LOOKUP", [FUSE_FORGET] = "FORGET", [FUSE_GETATTR] = "GETATTR",
	[FUSE_SETATTR] = "SETATTR", [FUSE_READLINK] = "READLINK", [FUSE_SYMLINK] = "SYMLINK",
	[FUSE_MKNOD] = "MKNOD", [FUSE_MKDIR] = "MKDIR", [FUSE_UNLINK] = "UNLINK",
	[FUSE_RMDIR] = "RMDIR", [FUSE_RENAME] = "RENAME", [FUSE_LINK] = "LINK",
	[FUSE_OPEN] = "OPEN", [FUSE_READ] = "READ", [FUSE_WRITE] = "WRITE",
	[FUSE_STATFS] = "STATFS", [FUSE_RELEASE] = "RELEASE", [FUSE_FSYNC] = "FSYNC",
	[FUSE_SETXATTR] = "SETXATTR", [FUSE_GETXATTR] = "GETXATTR",
	[FUSE_LISTXATTR] = "LISTXATTR", [FUSE_REMOVEXATTR] = "REMOVEXATTR",
	[FUSE_FLUSH] = "FLUSH", [FUSE_INIT] = "INIT", [FUSE_OPENDIR] = "OPENDIR",
	[FUSE_READDIR] = "READDIR", [FUSE_RELEASEDIR] = "RELEASEDIR",
	[FUSE_FSYNCDIR] = "FSYNCDIR", [FUSE_GETLK] = "GETLK", [FUSE_SETLK] = "SETLK",
	[FUSE_SETLKW] = "SETLKW", [FUSE_ACCESS] = "ACCESS", [FUSE_CREATE] = "CREATE",
	[FUSE_INTERRUPT] = "INTERRUPT", [FUSE_BMAP] = "BMAP", [FUSE_DESTROY] = "DESTROY",
	[FUSE_IOCTL] = "IOCTL", [FUSE_POLL] = "POLL", [FUSE_NOTIFY_REPLY] = "NOTIFY_REPLY",
	[FUSE_BATCH_FORGET] = "BATCH_FORGET", [FUSE_FALLOCATE] = "FALLOCATE",
	[FUSE_READDIRPLUS] = "READDIRPLUS", [FUSE_RENAME2] = "RENAME2",
	[FUSE_LSEEK] = "LSEEK", [FUSE_COPY_FILE_RANGE] = "COPY_FILE_RANGE",
	/* Not in the headers of older kernels. */
	[48] = "SETUPMAPPING", [49] = "REMOVEMAPPING", [50] = "SYNCFS", [51] = "TMPFILE",
	[52] = "STATX", [53] = "COPY_FILE_RANGE_64",
	[KINDS - 1] = "OTHER",
};
/* clang-format on */

/* ---- counting ---- */

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Nothing depends on what another counter shows. */
static void add(_Atomic uint64_t *count, uint64_t n)
{
	atomic_fetch_add_explicit(count, n, memory_order_relaxed);
}

static uint64_t value(const _Atomic uint64_t *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

static void raise_to(_Atomic uint64_t *count, uint64_t n)
{
	uint64_t old = value(count);

	while (old < n && !atomic_compare_exchange_weak_explicit(
				  count, &old, n, memory_order_relaxed, memory_order_relaxed))
		;
}

static unsigned power_above(uint64_t time)
{
	const unsigned power = time == 0 ? 0 : 64 - (unsigned)__builtin_clzll(time);

	return power < TIMES ? power : TIMES - 1;
}

void counters_request(struct counters *counters, const struct fuse_in_header *request)
{
	const unsigned opcode = request->opcode < KINDS ? request->opcode : KINDS - 1;

	current.kind = &counters->kinds[opcode];
	current.unique = request->unique;
	current.began = now();
	add(&current.kind->requests, 1);
}

void counters_next(void)
{
	if (current.unique != 0)
		add(&current.kind->left, 1);
	current.unique = 0;
}

static void take_time(void)
{
	const uint64_t time = now() - current.began;

	add(&current.kind->total, time);
	add(&current.kind->times[power_above(time)], 1);
	raise_to(&current.kind->longest, time);
}

void counters_answer(struct counters *counters, const struct fuse_out_header *answer)
{
	const unsigned error = (unsigned)-answer->error;
	struct kind *kind = current.kind;

	if (answer->unique == 0 || (answer->unique & INTERRUPT_BIT))
		return;
	if (answer->unique == current.unique) {
		take_time();
		current.unique = 0;
	} else {
		kind = &counters->kinds[FUSE_SETLKW];
		add(&kind->ended, 1);
	}
	if (error != 0)
		add(&kind->errors[error < ERRORS ? error : ERRORS - 1], 1);
}

/* ---- telling ---- */

static uint64_t sum(const _Atomic uint64_t *counts, unsigned n)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < n; i++)
		total += value(&counts[i]);
	return total;
}

/* The power of two that at least these of a hundred answers stayed below. */
static uint64_t below(const struct kind *kind, uint64_t answers, unsigned percent)
{
	uint64_t passed = 0;
	unsigned power = 0;

	while (power < TIMES - 1 &&
	       (passed += value(&kind->times[power])) * 100 < answers * percent)
		power++;
	return UINT64_C(1) << power;
}

static double us(uint64_t ns)
{
	return (double)ns / 1000;
}

static void tell_errors(const struct kind *kind, FILE *line)
{
	for (unsigned error = 1; error < ERRORS; error++) {
		const uint64_t times = value(&kind->errors[error]);
		const char *name = pshm_error_name((int)error);

		if (times > 0)
			fprintf(line, " %s=%" PRIu64, name != NULL ? name : "OTHER", times);
	}
}

static void tell_times(const struct kind *kind, FILE *line)
{
	const uint64_t answers = sum(kind->times, TIMES);

	if (answers == 0)
		return;
	fprintf(line, " mean=%.1fus p50<%.1fus p99<%.1fus max=%.1fus",
		us(value(&kind->total) / answers), us(below(kind, answers, 50)),
		us(below(kind, answers, 99)), us(value(&kind->longest)));
}

static void tell_waits(const struct kind *kind, FILE *line)
{
	/* One may end before the thread that left it is back. */
	const uint64_t ended = value(&kind->ended), left = value(&kind->left);
	const uint64_t waits = left > ended ? left : ended;

	fprintf(line, " waits=%" PRIu64 " waiting=%" PRIu64, waits, waits - ended);
}

static void tell_kind(const struct counters *counters, unsigned opcode)
{
	const struct kind *kind = &counters->kinds[opcode];
	const char *name = kind_names[opcode];
	char text[1024];
	FILE *line;

	if (value(&kind->requests) == 0 || (line = fmemopen(text, sizeof(text), "w")) == NULL)
		return;
	fprintf(line, "%s requests=%" PRIu64 " errors=%" PRIu64,
		name != NULL ? name : kind_names[KINDS - 1], value(&kind->requests),
		sum(kind->errors, ERRORS));
	tell_errors(kind, line);
	if (opcode == FUSE_SETLKW)
		tell_waits(kind, line);
	tell_times(kind, line);
	fclose(line);
	log_notice("counters: %s", text);
}

static void tell(const struct counters *counters)
{
	uint64_t requests = 0, errors = 0;

	for (unsigned i = 0; i < KINDS; i++) {
		requests += value(&counters->kinds[i].requests);
		errors += sum(counters->kinds[i].errors, ERRORS);
	}
	if (!counters->attached) {
		log_notice("counters: none: libfuse is built without -Denable-custom-io=true");
		return;
	}
	log_notice("counters: requests=%" PRIu64 " errors=%" PRIu64 " seconds=%" PRIu64, requests,
		   errors, (now() - counters->began) / 1000000000);
	for (unsigned i = 0; i < KINDS; i++)
		tell_kind(counters, i);
}

/* ---- the signal ---- */

static sigset_t the_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return set;
}

struct counters *counters_new(void)
{
	struct counters *counters = calloc(1, sizeof(*counters));
	const sigset_t set = the_signal();

	if (counters == NULL)
		return NULL;
	counters->began = now();
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return counters;
}

void counters_attach(struct counters *counters)
{
	counters->attached = true;
}

static void *listen_run(void *arg)
{
	struct counters *counters = arg;
	const sigset_t set = the_signal();
	int signal;

	pthread_setname_np(pthread_self(), "counters");
	while (sigwait(&set, &signal) == 0 && !atomic_load(&counters->stop))
		tell(counters);
	return NULL;
}

int counters_listen(struct counters *counters)
{
	sigset_t all, before;
	int error;

	/* Those that end the session are another thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&counters->listener, NULL, listen_run, counters);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	counters->listening = error == 0;
	return -error;
}

void counters_free(struct counters *counters)
{
	if (counters == NULL)
		return;
	if (counters->listening) {
		atomic_store(&counters->stop, true);
		pthread_kill(counters->listener, SIGUSR1);
		pthread_join(counters->listener, NULL);
	}
	free(counters);
}
