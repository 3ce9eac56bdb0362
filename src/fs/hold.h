/* SPDX-License-Identifier: MIT */
/*
 * Holds: objects that must outlive their names for a moment.
 *
 * The kernel looks a name up and then asks for the object. Where a native
 * program took the name away in between, the answer is ESTALE, and the kernel
 * begins anew. Programs that replace an object over and over would win that
 * race again: so for a moment after such an answer each object that is looked
 * up is held by a descriptor, and what was found can be answered for, as the
 * native file system does it. A thread that lives as long lets go of them.
 */
#pragma once

#include "node.h"

#include <stdatomic.h>
#include <stdint.h>

#define HOLD_COUNT 64

struct holds {
	_Atomic bool active;  /* changed with the lock held */
	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed;
	int64_t until;	    /* a deadline */
	bool running, stop; /* the thread; what it shall do */
	struct handle *ring[HOLD_COUNT];
	unsigned next;
};

void holds_init(struct holds *holds);
/* Ends the thread too. */
void holds_free(struct holds *holds);

/* A name was lost between two requests: hold what is looked up from now on. */
void holds_begin(struct holds *holds);

static inline bool holds_wanted(struct holds *holds)
{
	return atomic_load_explicit(&holds->active, memory_order_relaxed);
}

/* Holds the node's object by fd, which is taken in any case. */
void holds_add(struct holds *holds, struct node *node, int fd);
