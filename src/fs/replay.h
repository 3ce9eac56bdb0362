/* SPDX-License-Identifier: MIT */
/*
 * Replay: requests that a process was serving when it died (option supervise).
 * NFS servers call the like a duplicate request cache.
 *
 * The kernel sends all requests again that were not answered. Where the dead
 * process had made the answer, that is the answer. Where it had not come so far,
 * the request is served anew, and its operation can ask whether it was done in the
 * first attempt: it makes a note before it changes anything, and after.
 *
 * A request that is served belongs to the thread that read it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct handover;

/* ---- where requests come in and answers go out ---- */

/* A process begins to serve; threads do not run yet. */
void replay_take_over(struct handover *handover);
/* Was the request in service when a process died, and not answered? */
bool replay_is_open(const struct handover *handover, uint64_t request);

/* A thread has read a request of so many bytes. True: its answer is known, and is
 * the result. */
bool replay_begin(struct handover *handover, const void *request, size_t size,
		  struct iovec *answer);
/* The answer, before the kernel has it, and after. */
void replay_answer(const struct iovec *answer, int count);
void replay_end(const struct iovec *answer);

/* ---- for operations ---- */

/* The number of the request that the thread serves, 0 where that is not known. */
uint64_t replay_request(void);

/* Before a change: what is about to be changed, not 0 and without the highest bit.
 * Another attempt looks for what it would have done. */
void replay_note(uint64_t note);
/* After it: where it was done, the result is noted; where it failed, nothing is, unless
 * an earlier attempt had made the note. Gives the result, or the negative errno. */
ssize_t replay_done(ssize_t result);

/* The note of the first attempt, of either kind; 0: there was none, or it changed
 * nothing. */
uint64_t replay_noted(void);
/* The result of the first attempt; -1: it is not known that it was done. */
ssize_t replay_result(void);
