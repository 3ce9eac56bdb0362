/* SPDX-License-Identifier: MIT */
/*
 * A serving process (option supervise) that is halted at a system call of its own
 * while it serves a child's request, and dies there: so a moment that lasts
 * microseconds is met every time. By ptrace(2).
 *
 *     struct halt halt = halt_begin(daemon_of_test());
 *     CHILD (halt.client)
 *             ok(unlink(MNT "/a"));
 *     halt_after(&halt, SYS_unlinkat);
 *     ... what natively happens meanwhile ...
 *     halt_die(&halt);
 *
 * Nothing but the child may ask the mount for something before it has died.
 */
#pragma once

#include "server.h"

#include <sys/syscall.h>

struct halt {
	pid_t keeper, server;
	pid_t client;
	bool ended;   /* the client has */
	int status;   /* and how */
	pid_t at;     /* the thread that stands still */
	pid_t inside; /* the same where it stands at the start of a call */
};

/* From here on the serving process is watched. */
struct halt halt_begin(pid_t keeper);

/* Until a thread is about to make the system call. */
void halt_at_start(struct halt *halt, long call);
/* Until a thread is where the call has just returned to: it did nothing since. */
void halt_at_end(struct halt *halt, long call);
/* Until a thread that has made the call is about to make its next one. */
void halt_after(struct halt *halt, long call);
/* Until a thread is at such a place for the time number so and so: before or behind a
 * system call that changes an object, or before the answer to that. False: the client
 * came to its end before. */
bool halt_at_place(struct halt *halt, unsigned number);

/* The process dies, and the next one is watched. */
void halt_die_before_another(struct halt *halt);
/* The process dies, and another one takes over; the client must come to a good end. */
void halt_die(struct halt *halt);
