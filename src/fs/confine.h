/* SPDX-License-Identifier: MIT */
/*
 * What a daemon that somebody has taken over could still do: as little as it
 * takes to serve. doc/security.md has the whole of it, with the reasons.
 *
 * Capabilities, no_new_privs and Landlock are each thread's own, and go to the
 * threads that it makes: these before the first. The filter of system calls is
 * for all threads at once: this when the transport and the data path are settled
 * and what was needed for that is not needed any more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What the process still has to do. */
struct confinement {
	int space;	    /* the directory of objects */
	bool privileged;    /* user 0 of its user namespace: acts for others */
	bool root_callers;  /* some may have root's rights natively */
	bool unmounts;	    /* by itself, with umount2(2): then no Landlock */
	bool runs_programs; /* fusermount3 at the end: then hardly anything */
	bool passthrough;   /* registers backing files */
	bool io_uring;	    /* waits for requests by it */
	bool debug;	    /* calls that are not known are told, not denied */
};

/* Before both: what the C library would read later, and could not any more. Starts
 * a thread, which ends at once. 0 or a negative errno. */
int confine_load(void);
/* Capabilities, no_new_privs, Landlock; not dumpable. Both: 0, or a negative errno
 * and in fault what failed first. What can be given away is, in any case. */
int confine_privileges(const struct confinement *confinement, const char **fault);
int confine_calls(const struct confinement *confinement, const char **fault);

/* In one line, what this machine has of it. */
void confine_describe(char *text, size_t size);
