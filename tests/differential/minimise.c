/* SPDX-License-Identifier: MIT */
/*
 * Leaves out ever smaller pieces of the recorded calls as long as a call of the same kind still
 * disagrees (delta debugging). Bounded by time: what is left is short enough to read long before it
 * is the shortest.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "operation.h"
#include "run.h"

struct search {
	struct world *world;
	bool tree;
	uint32_t op;
	char why[2048];
	time_t end;
};

/* The same kind of disagreement; a path in the text may be another. */
static bool still_fails(struct search *search, struct recording *trial)
{
	struct outcome outcomes[SIDES];
	char why[2048];
	long failed = replay(search->world, trial, search->tree, outcomes, why, sizeof(why));

	if (failed < 0)
		return false;
	if (!search->tree && trial->calls[failed].op != search->op)
		return false;
	if (strncmp(why, search->why, 8) != 0)
		return false;
	trial->n = (size_t)failed + 1;
	return true;
}

static bool leave_out(struct search *search, struct recording *recording, struct recording *trial,
		      size_t from, size_t len)
{
	memcpy(trial->calls, recording->calls, from * sizeof(struct call));
	memcpy(trial->calls + from, recording->calls + from + len,
	       (recording->n - from - len) * sizeof(struct call));
	trial->n = recording->n - len;
	if (!still_fails(search, trial))
		return false;
	memcpy(recording->calls, trial->calls, trial->n * sizeof(struct call));
	recording->n = trial->n;
	return true;
}

/* Looking at less makes every further trial faster. */
static void look_less(struct search *search, struct recording *recording, struct recording *trial,
		      uint32_t checks)
{
	memcpy(trial->calls, recording->calls, recording->n * sizeof(struct call));
	trial->n = recording->n;
	for (size_t i = 0; i + 1 < trial->n; i++)
		trial->calls[i].checks &= ~checks;
	if (!still_fails(search, trial))
		return;
	memcpy(recording->calls, trial->calls, trial->n * sizeof(struct call));
	recording->n = trial->n;
}

/* From the end to the start: the earlier calls are rarely needed. */
static bool pass(struct search *search, struct recording *recording, struct recording *trial,
		 size_t len)
{
	bool shorter = false;
	size_t end = recording->n - 1;

	while (end > 0 && time(NULL) < search->end) {
		size_t n = len < end ? len : end;

		if (leave_out(search, recording, trial, end - n, n)) {
			shorter = true;
			end = end - n < recording->n - 1 ? end - n : recording->n - 1;
		} else {
			end -= n;
		}
	}
	return shorter;
}

void minimise(struct world *world, struct recording *recording, bool tree, unsigned seconds)
{
	struct recording trial = { .calls = calloc(recording->n, sizeof(struct call)),
				   .tree_every = recording->tree_every };
	struct search search = { .world = world,
				 .tree = tree,
				 .op = recording->calls[recording->n - 1].op,
				 .end = time(NULL) + seconds };
	struct outcome outcomes[SIDES];
	long failed;

	if (!trial.calls)
		return;
	/* What it says when the calls run by themselves, with the trees compared after each. */
	failed = replay(world, recording, tree, outcomes, search.why, sizeof(search.why));
	if (failed >= 0) {
		recording->n = (size_t)failed + 1;
		search.op = recording->calls[failed].op;
		look_less(&search, recording, &trial, CHECK_TIMED);
		look_less(&search, recording, &trial, CHECK_TIMED | CHECK_BEFORE | CHECK_AFTER);
		for (size_t len = recording->n / 2; len > 0; len /= 2)
			while (pass(&search, recording, &trial, len) && len == 1)
				;
	}
	free(trial.calls);
}
