/* SPDX-License-Identifier: MIT */
/*
 * The two sides: A, the mount under test, and B, which says what is right. A round begins with both
 * empty and new pairs of workers, so that a call and what led to it are always among the calls of
 * one round.
 */
#pragma once

#include <limits.h>
#include <stddef.h>

#include "call.h"
#include "generate.h"
#include "worker.h"

enum side { A, B, SIDES };

struct world {
	char path[SIDES][PATH_MAX];
	int root[SIDES]; /* both directories, O_PATH */
	struct worker_process process[WORKERS][SIDES];
	struct worker_state state[WORKERS];

	int native;  /* the directory of A's objects, or -1 when nothing is done past the mount */
	bool shared; /* A has shared mappings */
	bool quota;  /* A has one: the largest objects that B takes are too large for it */
	bool same_kind; /* A is an ordinary file system as well: nothing is declared to differ */
	bool no_access_times;	   /* not to be compared */
	bool access_times;	   /* both sides stamp every access */
	bool fine_clock;	   /* a change after a stat always shows in the times */
	const char *tolerated[16]; /* beginnings of "operation: what differs", to look past what is
				      known */
	unsigned n_tolerated;
	size_t path_max; /* bytes that a whole path in A may have */
	int patience;	 /* seconds that a call may take */
	time_t started;
};

/* Both directories must be empty. -1 with a message on standard error. */
int world_open(struct world *world, const char *a, const char *b);
void world_close(struct world *world);

int round_begin(struct world *world);
/* Ends the workers and empties both sides. -1: a worker had died, or something could not be
 * removed. */
int round_end(struct world *world);

enum verdict { AGREE, DIFFER, BROKEN };

/*
 * Carries the call out on both sides and compares. Where they differ, `why` says in what; where a
 * worker no longer answers, the verdict is BROKEN.
 */
enum verdict world_call(struct world *world, const struct call *call,
			struct outcome outcomes[SIDES], char *why, size_t size);

/* tree.c: are both trees the same, in everything that the superuser sees? */
bool trees_agree(struct world *world, char *why, size_t size);
/* Fills in what side B has. */
void tree_known(const struct world *world, struct known_paths *known);
/* Removes everything below. */
int tree_empty(int root);
bool tree_is_empty(int root);

/* compare.c */
bool outcomes_agree(const struct world *world, const struct call *call, const struct outcome *a,
		    const struct outcome *b, char *why, size_t size);
/* Listing a directory in the mount does not touch its access time. */
bool compares_access(const struct world *world, uint32_t mode);
bool times_agree(const struct world *world, const struct timespec *a, const struct timespec *b);

/* resolve.c: the place of a path in the tree, as side B has it. */
struct resolved {
	char path[4 *
		  PATH_MAX]; /* from the root, without '/' at either end; "" is the root itself */
	bool parent_exists;
	bool exists, directory;
	bool too_long; /* a component's object would have too long a name */
};

void resolve(const struct world *world, const struct call *call, const struct place *place,
	     struct resolved *resolved);
/* The longest path below this directory, from it on, counting one more for directories. */
size_t deepest_below(const struct world *world, const char *path);

/* native.c */
enum verdict native_call(struct world *world, const struct call *call,
			 struct outcome outcomes[SIDES]);
