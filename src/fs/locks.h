/* SPDX-License-Identifier: MIT */
/*
 * Locks taken through the mount, held on the objects themselves, so that they
 * meet those of native programs.
 *
 * Each lock owner that the kernel names has a descriptor of its own for each
 * object: a record lock is an open-file-description lock on it, an flock(2)
 * lock is one of it. Closing the descriptor lets go of all. A wait has a thread
 * of its own, so that no number of waits keeps a request from being served;
 * the waiter's signal or death ends it.
 *
 * Errors: 0 or a negative errno.
 */
#pragma once

#include "node.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

struct locks;
struct handover;

/* One request for a lock: a record lock, or an flock(2) lock where op is not 0. */
struct lock_request {
	struct handle *handle;
	uint64_t owner;
	struct flock range;
	int op; /* LOCK_SH, LOCK_EX or LOCK_UN */
};

/* Each owner has its record in the handover. NULL: no memory. */
struct locks *locks_new(struct handover *handover);
/* Ends all waits. */
void locks_free(struct locks *locks);
/* Lets go of all locks on the node's object, when nobody uses them any more. */
void lock_owners_free(struct node *node);

/* Takes, changes or lets go of a lock, at once or not at all: -EAGAIN. */
int locks_set(struct locks *locks, const struct lock_request *request);
/* An owner that an earlier process had, of the locks that descriptor fd holds, as
 * its record tells. -ENOMEM */
int locks_restore(struct locks *locks, struct handle *handle, int fd);

/* Undoes a lock that its taker does not hear of any more. */
void locks_unset(struct locks *locks, const struct lock_request *request);

/* Which lock stands in the way? l_type F_UNLCK: none. */
int locks_get(struct locks *locks, struct lock_request *request);

struct lock_wait;

/* Both are called once, from the wait's own thread: when it can be interrupted
 * from now on, and with its result; 0 or a negative errno, -EINTR after
 * lock_wait_interrupt(). Where done is false, nobody has heard of it, and a lock
 * is given back. */
struct lock_waiter {
	void (*started)(struct lock_wait *wait, void *arg);
	bool (*done)(int error, void *arg);
	void *arg;
};

/* Begins to wait for the lock. On failure, neither is called. */
int locks_wait(struct locks *locks, const struct lock_request *request,
	       const struct lock_waiter *waiter);
/* Ends the wait: done is called soon. To be called before done returns. */
void lock_wait_interrupt(struct lock_wait *wait);

/* The owner closed a descriptor of the object: man 2 close. */
void locks_flush(struct locks *locks, struct handle *handle, uint64_t owner);
/* The last descriptor of the open file is closed. */
void locks_release(struct locks *locks, struct handle *handle);
