/* SPDX-License-Identifier: MIT */
/* See world.h. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "differences.h"
#include "operation.h"

static int open_side(struct world *world, enum side side, const char *path)
{
	if (!realpath(path, world->path[side])) {
		perror(path);
		return -1;
	}
	world->root[side] = open(world->path[side], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (world->root[side] < 0) {
		perror(path);
		return -1;
	}
	if (!tree_is_empty(world->root[side])) {
		fprintf(stderr, "%s is not empty\n", path);
		return -1;
	}
	return 0;
}

/* Does each change after a stat get a time of its own (multigrain timestamps, Linux 6.13)? */
static bool has_fine_clock(int root)
{
	struct stat before, after;
	bool fine = true;

	for (int i = 0; i < 100 && fine; i++) {
		fstatat(root, ".", &before, 0);
		fchmodat(root, ".", 01777, 0);
		fstatat(root, ".", &after, 0);
		fine = before.st_ctim.tv_nsec != after.st_ctim.tv_nsec ||
		       before.st_ctim.tv_sec != after.st_ctim.tv_sec;
	}
	return fine;
}

int world_open(struct world *world, const char *a, const char *b)
{
	struct statvfs fs;

	if (open_side(world, A, a) < 0 || open_side(world, B, b) < 0)
		return -1;
	if (fstatvfs(world->root[A], &fs) < 0)
		return -1;
	world->path_max = fs.f_namemax;
	world->started = time(NULL);
	world->fine_clock = has_fine_clock(world->root[B]);
	world->access_times = !world->no_access_times && fstatvfs(world->root[B], &fs) == 0 &&
			      !(fs.f_flag & (ST_RELATIME | ST_NOATIME));
	if (!world->patience)
		world->patience = 60;
	return 0;
}

void world_close(struct world *world)
{
	close(world->root[A]);
	close(world->root[B]);
}

int round_begin(struct world *world)
{
	memset(world->state, 0, sizeof(world->state));
	for (unsigned i = 0; i < WORKERS; i++)
		for (int side = 0; side < SIDES; side++)
			if (worker_start(&world->process[i][side], world->path[side], i) < 0)
				return -1;
	return 0;
}

/* What was done to the root directory itself. */
static int root_restore(int root)
{
	char names[65536];
	ssize_t len = flistxattr(root, names, sizeof(names));

	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1)
		if (strncmp(names + at, "user.", 5) == 0 || strncmp(names + at, "trusted.", 8) == 0)
			fremovexattr(root, names + at);
	if (fchown(root, 0, 0) < 0 || fchmod(root, 01777) < 0)
		return -1;
	return futimens(root, NULL);
}

int round_end(struct world *world)
{
	int result = 0;

	for (unsigned i = 0; i < WORKERS; i++) {
		for (int side = 0; side < SIDES; side++) {
			if (worker_stop(&world->process[i][side]) < 0) {
				fprintf(stderr, "worker %u of side %c did not end well\n", i,
					"AB"[side]);
				result = -1;
			}
		}
	}
	for (int side = 0; side < SIDES; side++) {
		if (tree_empty(world->root[side]) < 0 || root_restore(world->root[side]) < 0) {
			fprintf(stderr, "cannot clean side %c: %s\n", "AB"[side], strerror(errno));
			result = -1;
		}
	}
	return result;
}

static void note_descriptor(struct slot_state *slot, const struct outcome *outcome)
{
	*slot = (struct slot_state){ 0 };
	if (outcome->ret < 0)
		return;
	slot->open = true;
	slot->fd = (int)outcome->ret;
	slot->path_only = outcome->values[0] & O_PATH;
	slot->lasting = outcome->values[0] & (O_APPEND | O_NOATIME);
	slot->directory = outcome->values[1] == S_IFDIR;
}

/* Side B's result becomes what the test knows. */
static void note(struct world *world, const struct call *call, const struct outcome *outcome)
{
	const struct operation *operation = operation_of(call);
	struct worker_state *state = &world->state[call->worker];

	if (operation->fields & NEW_SLOT)
		note_descriptor(&state->slot[call->new_slot], outcome);
	else if (operation->run == run_limit_size)
		state->limited = call->flags != 0;
	else if (operation->run == run_close)
		state->slot[call->slot].open = false;
}

static struct call simple_call(const struct call *call,
			       void (*run)(struct worker *, const struct call *, struct outcome *))
{
	struct call simple = { .number = call->number, .worker = call->worker };

	while (operation_of(&simple)->run != run)
		simple.op++;
	simple.slot = call->new_slot;
	simple.at[0] = (struct place){ .dir = -1, .path = "/" };
	return simple;
}

static enum verdict side_call(struct world *world, const struct call *call, enum side side)
{
	const struct worker_process *process = &world->process[call->worker][side];
	struct outcome ignored;

	if (worker_send(process, call) < 0 ||
	    worker_receive(process, &ignored, world->patience) < 0)
		return BROKEN;
	return AGREE;
}

static enum verdict close_new_slot(struct world *world, const struct call *call, enum side side)
{
	const struct call undo = simple_call(call, run_close);

	return side_call(world, &undo, side);
}

static enum verdict leave_directory(struct world *world, const struct call *call)
{
	const struct call undo = simple_call(call, run_chdir);

	return side_call(world, &undo, A) == AGREE ? side_call(world, &undo, B) : BROKEN;
}

/* What only one side got is given back: a descriptor, or a working directory. */
static enum verdict even_out(struct world *world, const struct call *call,
			     struct outcome outcomes[SIDES])
{
	enum side side = outcomes[A].ret >= 0 ? A : B;
	const struct operation *operation = operation_of(call);

	if ((outcomes[A].ret >= 0) == (outcomes[B].ret >= 0))
		return AGREE;
	if (operation->run == run_chdir || operation->run == run_fchdir)
		return leave_directory(world, call);
	if (!(operation->fields & NEW_SLOT))
		return AGREE;
	outcomes[side].ret = -1;
	return close_new_slot(world, call, side);
}

/* See "late unlock" in differences.c. */
static enum verdict try_lock_again(struct world *world, const struct call *call,
				   struct outcome outcomes[SIDES], char *why, size_t size)
{
	const struct worker_process *process = &world->process[call->worker][A];

	for (int i = 0; i < 200; i++) {
		usleep(1000);
		if (worker_send(process, call) < 0 ||
		    worker_receive(process, &outcomes[A], world->patience) < 0)
			return BROKEN;
		if (outcomes_agree(world, call, &outcomes[A], &outcomes[B], why, size))
			return AGREE;
	}
	return DIFFER;
}

static bool is_tolerated(const struct world *world, const struct call *call, const char *why)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", operation_of(call)->name, why);
	for (unsigned i = 0; i < world->n_tolerated; i++)
		if (strncmp(text, world->tolerated[i], strlen(world->tolerated[i])) == 0)
			return true;
	return false;
}

static enum verdict judge(struct world *world, const struct call *call,
			  struct outcome outcomes[SIDES], char *why, size_t size)
{
	if (outcomes_agree(world, call, &outcomes[A], &outcomes[B], why, size))
		return AGREE;
	if (is_tolerated(world, call, why))
		return even_out(world, call, outcomes);
	if (difference_excuse(world, call, &outcomes[A], &outcomes[B]))
		return even_out(world, call, outcomes);
	if (operation_of(call)->fields & LOCKING && !world->same_kind)
		return try_lock_again(world, call, outcomes, why, size);
	return DIFFER;
}

static enum verdict only_a(struct world *world, const struct call *call,
			   const struct difference *difference, struct outcome outcomes[SIDES],
			   char *why, size_t size)
{
	const struct worker_process *process = &world->process[call->worker][A];

	outcome_clear(&outcomes[A]);
	outcome_clear(&outcomes[B]);
	outcomes[B].ret = -1;
	outcomes[B].err = difference->err;
	/* A file system of the ordinary kind would make what later calls must not meet, such as a
	 * FIFO. */
	if (world->same_kind)
		return AGREE;
	if (worker_send(process, call) < 0 ||
	    worker_receive(process, &outcomes[A], world->patience) < 0)
		return BROKEN;
	if (difference_as_declared(&outcomes[A]))
		return operation_of(call)->fields & NEW_SLOT ? close_new_slot(world, call, B)
							     : AGREE;
	snprintf(why, size, "the declared difference '%s'", difference->name);
	return DIFFER;
}

enum verdict world_call(struct world *world, const struct call *call,
			struct outcome outcomes[SIDES], char *why, size_t size)
{
	struct worker_process *pair = world->process[call->worker];
	const struct difference *difference;
	static struct call for_a, for_b;
	enum verdict verdict;

	snprintf(why, size, "result");
	if (operation_of(call)->fields & NATIVE)
		return native_call(world, call, outcomes);
	for_a = *call;
	if (!world->same_kind)
		for_a.checks |= CHECK_QUIRKS | (world->shared ? CHECK_PASSTHROUGH : 0);
	difference = difference_expected(world, call);
	if (difference) {
		verdict = only_a(world, &for_a, difference, outcomes, why, size);
		note(world, call, &outcomes[B]);
		return verdict;
	}
	for_b = for_a;
	for_b.checks |= CHECK_DEAD;
	if (worker_send(&pair[A], &for_a) < 0 || worker_send(&pair[B], &for_b) < 0)
		return BROKEN;
	for (int side = 0; side < SIDES; side++) {
		if (worker_receive(&pair[side], &outcomes[side], world->patience) < 0) {
			snprintf(why, size, "that side %c died or gave no answer within %d s",
				 "AB"[side], world -> patience);
			return BROKEN;
		}
	}
	verdict = judge(world, &for_a, outcomes, why, size);
	note(world, call, &outcomes[B]);
	return verdict;
}
