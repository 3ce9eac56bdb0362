/* SPDX-License-Identifier: MIT */
/* See run.h. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differences.h"
#include "operation.h"
#include "print.h"

enum { HISTORY = 20, LOOK_EVERY = 4, FEW = 200 };

/* Do the two share a descriptor, a mapping or the last component of a path? */
static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool share_name(const struct call *one, const struct call *other)
{
	unsigned fields = operation_of(one)->fields, others = operation_of(other)->fields;

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			if (fields & (i ? PATH2 : PATH) && others & (j ? PATH2 : PATH) &&
			    strcmp(last_component(one->at[i].path),
				   last_component(other->at[j].path)) == 0)
				return true;
	return false;
}

static bool touches(const struct call *earlier, const struct call *call)
{
	unsigned fields = operation_of(call)->fields, others = operation_of(earlier)->fields;

	if (share_name(call, earlier))
		return true;
	if (earlier->worker != call->worker)
		return false;
	if (fields & SLOT && ((others & SLOT && earlier->slot == call->slot) ||
			      (others & NEW_SLOT && earlier->new_slot == call->slot)))
		return true;
	return fields & MAP && others & MAP && earlier->map == call->map;
}

static void print_history(const struct recording *recording)
{
	const struct call *call = &recording->calls[recording->n - 1];
	size_t from = recording->n - 1, found = 0;

	while (from > 0 && found < HISTORY)
		found += touches(&recording->calls[--from], call);
	fprintf(stderr, "Calls before it that touch the same:\n");
	for (; from < recording->n - 1; from++)
		if (touches(&recording->calls[from], call))
			print_call(stderr, &recording->calls[from]);
}

static void print_failure(const struct call *call, const struct outcome outcomes[SIDES],
			  const char *why)
{
	fprintf(stderr, "%s differs:\n", why);
	print_call(stderr, call);
	fprintf(stderr, "   (as %s)\n", worker_identity(call->worker));
	print_outcome(stderr, "A", &outcomes[A]);
	print_outcome(stderr, "B", &outcomes[B]);
}

/*
 * Trees are compared where the round did, though the call itself may have been left out; where a
 * tree is what differs, also at the end, and after each of a few calls.
 */
static bool tree_is_due(const struct recording *recording, size_t i, bool tree)
{
	const struct call *call = &recording->calls[i];

	if (i + 1 == recording->n)
		return tree;
	if (tree && recording->n <= FEW)
		return true;
	return (call[0].number - 1) / recording->tree_every !=
	       (call[1].number - 1) / recording->tree_every;
}

long replay(struct world *world, const struct recording *recording, bool tree,
	    struct outcome outcomes[SIDES], char *why, size_t size)
{
	long failed = -1;

	if (round_begin(world) < 0)
		return -2;
	for (size_t i = 0; i < recording->n && failed < 0; i++) {
		if (world_call(world, &recording->calls[i], outcomes, why, size) != AGREE)
			failed = (long)i;
		else if (tree_is_due(recording, i, tree) && !trees_agree(world, why, size))
			failed = (long)i;
	}
	if (round_end(world) < 0)
		return -2;
	return failed;
}

static void explain_minimal(struct world *world, struct recording *recording, bool tree,
			    unsigned seconds)
{
	struct outcome outcomes[SIDES];
	char why[2048];
	long failed;

	fprintf(stderr, "\nLooking for the fewest calls that lead to it...\n");
	minimise(world, recording, tree, seconds);
	failed = replay(world, recording, tree, outcomes, why, sizeof(why));
	if (failed < 0) {
		fprintf(stderr, "It does not happen again when the calls are repeated.\n");
		return;
	}
	for (size_t i = 0; i <= (size_t)failed; i++)
		print_call(stderr, &recording->calls[i]);
	print_failure(&recording->calls[failed], outcomes, why);
}

static void report(struct world *world, const struct settings *settings, unsigned round,
		   struct recording *recording, bool tree, const struct outcome outcomes[SIDES],
		   enum verdict verdict, const char *why)
{
	fprintf(stderr, "\nseed %lu round %u call %zu: ", (unsigned long)settings->seed, round,
		recording->n);
	if (tree)
		fprintf(stderr, "trees differ after this call: ");
	print_failure(&recording->calls[recording->n - 1], outcomes, why);
	print_history(recording);
	fprintf(stderr, "Again with: --seed %lu --first-round %u --calls %u%s\n",
		(unsigned long)settings->seed, round, settings->round_calls,
		settings->native ? " --native-too" : "");
	if (verdict == BROKEN || round_end(world) < 0 || !settings->minimise_seconds)
		return;
	explain_minimal(world, recording, tree, settings->minimise_seconds);
}

static unsigned succeeded[128], failed[128];

static void print_statistics(void)
{
	for (unsigned i = 0; i < n_operations && i < 128; i++)
		fprintf(stderr, "%-16s %7u succeeded %7u failed\n", operations[i].name,
			succeeded[i], failed[i]);
}

static bool run_round(struct world *world, const struct settings *settings, unsigned round,
		      unsigned calls, struct recording *recording)
{
	static struct known_paths known;
	struct generator generator = {
		.random = { settings->seed * 1000003 + round },
		.shared = world->shared,
		.quota = world->quota,
		.native = settings->native,
		/* Many calls of others fail for lack of rights; half of the rounds are rather the
		   superuser's. */
		.superuser_percent = round % 2 ? 50 : 10,
		.timed_percent = 5,
		.workers = world->state,
		.known = &known,
	};
	static struct outcome outcomes[SIDES];
	char why[2048];

	if (round_begin(world) < 0)
		return false;
	for (recording->n = 0; recording->n < calls;) {
		struct call *call = &recording->calls[recording->n++];
		enum verdict verdict;

		if (recording->n % LOOK_EVERY == 1)
			tree_known(world, &known);
		generate_call(&generator, (uint32_t)recording->n, call);
		if (settings->verbose)
			print_call(stderr, call);
		verdict = world_call(world, call, outcomes, why, sizeof(why));
		if (settings->verbose)
			fprintf(stderr, "  = %ld %s\n", (long)outcomes[B].ret,
				error_name(outcomes[B].err));
		if (verdict != AGREE) {
			report(world, settings, round, recording, false, outcomes, verdict, why);
			return false;
		}
		(outcomes[B].ret < 0 ? failed : succeeded)[call->op % 128]++;
		if ((recording->n % settings->tree_every == 0 || recording->n == calls) &&
		    !trees_agree(world, why, sizeof(why))) {
			report(world, settings, round, recording, true, outcomes, verdict, why);
			return false;
		}
	}
	return round_end(world) == 0;
}

bool run_rounds(struct world *world, const struct settings *settings)
{
	struct recording recording = {
		.calls = calloc(settings->round_calls, sizeof(struct call)),
		.tree_every = settings->tree_every,
	};
	unsigned left = settings->calls;
	bool agree = recording.calls != NULL;

	for (unsigned round = settings->first_round; left > 0 && agree; round++) {
		unsigned calls = left < settings->round_calls ? left : settings->round_calls;

		agree = run_round(world, settings, round, calls, &recording);
		left -= calls;
	}
	free(recording.calls);
	if (settings->statistics)
		print_statistics();
	return agree;
}
