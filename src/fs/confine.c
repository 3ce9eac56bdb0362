/* SPDX-License-Identifier: MIT */
#include "confine.h"

#include "capabilities.h"
#include "landlock.h"
#include "system_calls.h"

#include "version.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Each with its reason in doc/security.md. */
static uint64_t capabilities_needed(const struct confinement *confinement)
{
	uint64_t mask = CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) | CAPABILITY(CAP_CHOWN) |
			CAPABILITY(CAP_FOWNER) | CAPABILITY(CAP_FSETID) |
			CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_DAC_READ_SEARCH);

	if (confinement->root_callers)
		mask |= CAPABILITY(CAP_SETFCAP) | CAPABILITY(CAP_SYS_ADMIN);
	if (confinement->unmounts || confinement->passthrough)
		mask |= CAPABILITY(CAP_SYS_ADMIN);
	return mask;
}

static void *wait_for_end(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* What the C library reads when it first needs it, and could not any more: the
 * time zone for messages, and glibc the library that cancels threads, as
 * workers_free() does at the end. */
int confine_load(void)
{
	pthread_t thread;
	int error;

	tzset();
	error = pthread_create(&thread, NULL, wait_for_end, NULL);
	if (error != 0)
		return -error;
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	return 0;
}

static int forbid_new_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int limit_files(int space)
{
	const int error = landlock_limit(space);

	return error == -ENOSYS || error == -EOPNOTSUPP ? 0 : error;
}

/* The first failure is told; what comes after it is given away all the same. */
static void remember(int *first, const char **fault, int error, const char *what)
{
	if (error == 0 || *first < 0)
		return;
	*first = error;
	*fault = what;
}

int confine_privileges(const struct confinement *confinement, const char **fault)
{
	int error = 0;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	remember(&error, fault, capabilities_limit(capabilities_needed(confinement)),
		 "capabilities");
	if (confinement->runs_programs)
		return error;
	remember(&error, fault, forbid_new_privileges(), "no_new_privs");
	if (!confinement->unmounts && !INSTRUMENTED)
		remember(&error, fault, limit_files(confinement->space), "Landlock");
	return error;
}

int confine_calls(const struct confinement *confinement, const char **fault)
{
	*fault = "the filter of system calls";
	if (confinement->runs_programs || INSTRUMENTED)
		return 0;
	return system_calls_limit(confinement);
}

static bool has_filters(void)
{
	const uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

void confine_describe(char *text, size_t size)
{
	const char *filter = has_filters() ? "system call filter" : "no system call filter";
	const int abi = landlock_abi();

	if (INSTRUMENTED)
		snprintf(text, size, "no system call filter, no Landlock: a build with sanitizers");
	else if (abi > 0)
		snprintf(text, size, "%s, Landlock (version %d)", filter, abi);
	else
		snprintf(text, size, "%s, no Landlock (%s)", filter, strerror(-abi));
}
