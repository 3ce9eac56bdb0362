/* SPDX-License-Identifier: MIT */
/* Runs rounds of random calls, and on a disagreement tells what it was and finds the fewest calls
 * that lead to it. */
#pragma once

#include "world.h"

struct settings {
	uint64_t seed;
	unsigned calls;		   /* altogether */
	unsigned first_round;	   /* to begin with a later one */
	unsigned round_calls;	   /* calls in a round */
	unsigned tree_every;	   /* calls between two comparisons of the whole trees */
	unsigned minimise_seconds; /* 0: do not look for the fewest calls */
	bool native;
	bool verbose;
	bool statistics; /* tell how often each operation succeeded */
};

#define SETTINGS_DEFAULT                                                            \
	{                                                                           \
		.seed = 1, .calls = 100000, .round_calls = 4000, .tree_every = 250, \
		.minimise_seconds = 120                                             \
	}

/* True when all agreed. What went wrong is said on standard error. */
bool run_rounds(struct world *world, const struct settings *settings);

/* One round's calls, recorded so that they can be run again. */
struct recording {
	struct call *calls;
	size_t n;
	unsigned tree_every; /* as in the settings: to look at a tree changes what the kernel has
				cached */
};

/* Runs recorded calls in an empty world; the index of the first disagreement, or -1 for none. */
long replay(struct world *world, const struct recording *recording, bool tree,
	    struct outcome outcomes[SIDES], char *why, size_t size);

/* minimise.c: leaves out what the disagreement at the end does not need. */
void minimise(struct world *world, struct recording *recording, bool tree, unsigned seconds);
