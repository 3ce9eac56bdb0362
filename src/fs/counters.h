/* SPDX-License-Identifier: MIT */
/*
 * Requests and answers, counted where they come in and go out; SIGUSR1 writes
 * the counts to the log. A request is answered by the thread that took it, or it
 * waits for a lock: another thread answers then, and its time is no service time.
 */
#pragma once

struct counters;
struct fuse_in_header;
struct fuse_out_header;

/* Blocks SIGUSR1, for this thread and those that it starts. NULL: no memory. */
struct counters *counters_new(void);
void counters_free(struct counters *counters);

/* Before the first request: the calls below will be made for each. */
void counters_attach(struct counters *counters);
/* By the thread that is to serve it. */
void counters_request(struct counters *counters, const struct fuse_in_header *request);
/* By the same thread, before it asks for another: what it has not answered waits. */
void counters_next(void);
/* By whoever answers. Notifications are none. */
void counters_answer(struct counters *counters, const struct fuse_out_header *answer);

/* A thread that waits for the signal, and takes no other. 0 or a negative errno. */
int counters_listen(struct counters *counters);
