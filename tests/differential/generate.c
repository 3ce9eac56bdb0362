/* SPDX-License-Identifier: MIT */
/* See generate.h. */
#include "generate.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "operation.h"

static unsigned choose_operation(struct generator *g)
{
	unsigned total = 0, dice, i;

	for (i = 0; i < n_operations; i++)
		total += operations[i].fields & NATIVE && !g->native ? 0 : operations[i].weight;
	dice = random_below(&g->random, total);
	for (i = 0;; i++) {
		unsigned weight =
			operations[i].fields & NATIVE && !g->native ? 0 : operations[i].weight;

		if (dice < weight)
			return i;
		dice -= weight;
	}
}

static uint32_t choose_flags(struct random *random, const struct choice *choices)
{
	unsigned total = 0, dice;

	for (const struct choice *c = choices; c->name; c++)
		total += c->weight;
	dice = random_below(random, total);
	while (dice >= choices->weight)
		dice -= (choices++)->weight;
	return choices->value;
}

static uint32_t choose_open_flags(struct random *random)
{
	static const uint32_t accesses[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_RDWR };
	uint32_t flags = RANDOM_ELEMENT(random, accesses);

	for (const struct choice *c = open_flags; c->name; c++)
		if (random_percent(random, c->weight))
			flags |= c->value;
	return flags;
}

/* A slot that is open, mostly; files rather than directories when that is wanted. */
static int choose_slot(struct random *random, const struct worker_state *worker,
		       bool want_directory)
{
	int slot = (int)random_below(random, SLOTS);

	for (int tries = 0; tries < 4 * SLOTS; tries++) {
		const struct slot_state *state = &worker->slot[slot];

		if (state->open &&
		    (state->directory == want_directory || random_percent(random, 5)))
			return slot;
		if (random_percent(random, 1))
			return slot;
		slot = (slot + 1) % SLOTS;
	}
	return slot;
}

static int choose_new_slot(struct random *random, const struct worker_state *worker)
{
	int slot = (int)random_below(random, SLOTS);

	for (int tries = 0; tries < SLOTS && worker->slot[slot].open; tries++)
		slot = (slot + 1) % SLOTS;
	return slot;
}

static int64_t choose_offset(struct random *random)
{
	static const int64_t odd[] = { -1,	  -4096,    INT64_MAX, INT64_MAX - 4096,
				       INT64_MIN, 1L << 40, 1L << 32 };
	unsigned dice = random_below(random, 100);

	if (dice < 20)
		return random_below(random, 200);
	if (dice < 50)
		return 4096 * random_below(random, 24) + (int64_t)random_below(random, 3) -
		       (dice % 2);
	if (dice < 93)
		return random_below(random, 70000);
	if (dice < 98)
		return random_below(random, 1200000);
	return RANDOM_ELEMENT(random, odd);
}

static int64_t choose_length(struct random *random)
{
	static const int64_t odd[] = { -1, 1L << 40, INT64_MAX, 3000000 };
	unsigned dice = random_below(random, 100);

	if (dice < 8)
		return 0;
	if (dice < 40)
		return random_below(random, 300);
	if (dice < 65)
		return 4096 * (1 + random_below(random, 8));
	if (dice < 95)
		return random_below(random, 20000);
	if (dice < 99)
		return random_below(random, 300000);
	return RANDOM_ELEMENT(random, odd);
}

static uint32_t choose_mode(struct random *random)
{
	static const uint32_t modes[] = {
		0644,  0666,  0666,  0777,  0777,  0777,  0755, 0755,  0700,
		0600,  0660,  0770,  0000,  0444,  0222,  0111, 04755, 02775,
		06777, 01777, 02777, 04711, 02644, 07777, 0070, 0007,
	};

	return RANDOM_ELEMENT(random, modes);
}

/* Far from now on either side, so that a time that was set can be told from one that happened. */
static struct timespec choose_time(struct random *random)
{
	static const struct timespec times[] = {
		{ 0, UTIME_NOW },
		{ 0, UTIME_NOW },
		{ 0, UTIME_OMIT },
		{ 0, UTIME_OMIT },
		{ 0, 0 },
		{ 1, 1 },
		{ 1234567890, 987654321 },
		{ 4102444800, 999999999 },
		{ 10000000000, 5 },
		{ -1, 0 },
		{ -5000, 500000000 },
		{ 1, 1000000000 },
	};

	return RANDOM_ELEMENT(random, times);
}

static void choose_owner(struct random *random, struct call *call)
{
	static const uint32_t uids[] = { -1u, -1u, -1u, 0, 1000, 1001, 1002, 1003 };
	static const uint32_t gids[] = { -1u, -1u, 0, 1000, 1000, 1001, 1003, 2000, 3000 };

	call->uid = RANDOM_ELEMENT(random, uids);
	call->gid = RANDOM_ELEMENT(random, gids);
}

static void choose_attribute(struct random *random, char *name)
{
	static const char *const names[] = {
		"user.a", "user.a", "user.b",	 "user.b",	   "user.",
		"user",	  "",	    "trusted.t", "user.new\nline",
	};

	strcpy(name, RANDOM_ELEMENT(random, names));
	if (!random_percent(random, 2))
		return;
	memset(name, 'x', 256);
	memcpy(name, "user.", 5);
	name[255 + random_below(random, 2)] = '\0';
}

static void choose_place(struct generator *g, const struct call *call, unsigned fields,
			 struct place *place)
{
	const struct worker_state *worker = &g->workers[call->worker];
	enum wanted wanted = random_percent(&g->random, fields & WANT_DIR ? 85 : 20)
				     ? WANT_DIRECTORY
				     : WANT_FILE;
	unsigned dice = random_below(&g->random, 100);

	place->dir = -1;
	if (dice < 20)
		choose_path(&g->random, wanted, place->path);
	else if (fields & TARGET ? dice < 80 : dice < 25)
		choose_target_path(&g->random, g->known, wanted, place->path);
	else
		choose_known_path(&g->random, g->known, wanted, place->path);
	if (!(fields & NO_DIRFD) && random_percent(&g->random, 15))
		place->dir = choose_slot(&g->random, worker, true);
}

static void choose_places(struct generator *g, unsigned fields, struct call *call)
{
	if (fields & NATIVE) {
		for (int i = 0; i < 2; i++) {
			call->at[i].dir = -1;
			choose_plain_path(&g->random, call->at[i].path);
		}
		return;
	}
	/* Renames of directories happen when both names are of that kind. */
	if (operations[call->op].run == run_rename && random_percent(&g->random, 35))
		fields |= WANT_DIR;
	if (fields & OFLAGS && call->flags & O_CREAT && random_percent(&g->random, 60))
		fields |= TARGET;
	if (fields & OFLAGS && (call->flags & O_TMPFILE) == O_TMPFILE)
		fields |= WANT_DIR;
	if (fields & PATH)
		choose_place(g, call, fields, &call->at[0]);
	if (fields & PATH2 &&
	    !(operations[call->op].run == run_rename && call->flags & RENAME_EXCHANGE))
		fields |= TARGET;
	if (fields & PATH2)
		choose_place(g, call, fields, &call->at[1]);
}

static void choose_slots(struct generator *g, unsigned fields, struct call *call)
{
	const struct worker_state *worker = &g->workers[call->worker];
	bool directory =
		operations[call->op].run == run_getdents || operations[call->op].run == run_fchdir;

	call->slot = choose_slot(&g->random, worker, directory);
	call->slot2 = choose_slot(&g->random, worker, false);
	call->new_slot = fields & NEW_SLOT ? choose_new_slot(&g->random, worker) : 0;
	call->map = (int)random_below(&g->random, MAPS);
}

static uint32_t choose_checks(struct generator *g)
{
	uint32_t checks = 0;

	if (random_percent(&g->random, g->timed_percent))
		return CHECK_BEFORE | CHECK_AFTER | CHECK_TIMED;
	if (random_percent(&g->random, 50))
		checks |= CHECK_BEFORE;
	if (random_percent(&g->random, 80))
		checks |= CHECK_AFTER;
	return checks;
}

/* Without rights on the root directory nobody but the superuser gets anywhere. */
static void spare_root(struct generator *g, struct call *call)
{
	void (*run)(struct worker *, const struct call *, struct outcome *) =
		operations[call->op].run;
	const char *path = call->at[0].path;

	if ((run == run_chmod || run == run_chown) && strspn(path, "./") == strlen(path)) {
		call->mode |= 0777;
		call->uid = 0;
	}
	if (run == run_fchmod && g->workers[call->worker].slot[call->slot].directory)
		call->mode |= random_percent(&g->random, 80) ? 0777 : 0111;
}

/* What one of the two sides is known to do otherwise is not worth a call: differences.c. */
static void spare_quirks(struct generator *g, struct call *call)
{
	const struct worker_state *worker = &g->workers[call->worker];
	void (*run)(struct worker *, const struct call *, struct outcome *) =
		operations[call->op].run;

	if (run == run_setfl)
		call->flags |= worker->slot[call->slot].lasting;
	if (run == run_fallocate && worker->limited && !(call->flags & FALLOC_FL_PUNCH_HOLE))
		call->flags = 0;
	if ((run == run_read || run == run_pread || run == run_readv) && call->len <= 0)
		call->len = 1;
	if (run == run_map_once)
		call->flags = g->shared;
}

static int64_t at_most(int64_t most, int64_t number)
{
	return number > most ? most : number;
}

void generate_call(struct generator *g, uint32_t number, struct call *call)
{
	struct random *random = &g->random;
	const struct operation *operation;
	const int64_t most = g->quota ? 1L << 50 : INT64_MAX;

	memset(call, 0, sizeof(*call));
	call->number = number;
	call->worker =
		random_percent(random, g->superuser_percent) ? 0 : random_below(random, WORKERS);
	call->op = choose_operation(g);
	operation = operation_of(call);
	call->checks = choose_checks(g);
	choose_slots(g, operation->fields, call);
	if (operation->choices)
		call->flags = choose_flags(random, operation->choices);
	else if (operation->fields & OFLAGS)
		call->flags = choose_open_flags(random);
	if (operation->fields & BITS)
		call->mode = random_percent(random, 40) ? PROT_READ | PROT_WRITE
							: random_below(random, 8);
	else
		call->mode = choose_mode(random);
	if (operation->run == run_mkdir && random_percent(random, 70))
		call->mode = random_percent(random, 80) ? 0777 : 02777;
	if (operation->fields & OFLAGS && random_percent(random, 50))
		call->mode = 0666;
	if (operation->run == run_chmod && random_percent(random, 40))
		call->mode = random_percent(random, 50) ? 0777 : 0666;
	if (operation->run == run_umask)
		call->mode =
			random_percent(random, 70) ? random_below(random, 2) * 002 : call->mode;
	call->off = at_most(most, choose_offset(random));
	call->off2 = at_most(most, choose_offset(random));
	call->len = at_most(most, choose_length(random));
	call->seed = random_next(random);
	call->times[0] = choose_time(random);
	call->times[1] = choose_time(random);
	/* To omit both is to do nothing, not even to look the path up. */
	if (call->times[0].tv_nsec == UTIME_OMIT && call->times[1].tv_nsec == UTIME_OMIT)
		call->times[0].tv_nsec = UTIME_NOW;
	choose_owner(random, call);
	choose_attribute(random, call->name);
	choose_places(g, operation->fields, call);
	spare_quirks(g, call);
	spare_root(g, call);
}
