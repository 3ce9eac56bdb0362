/* SPDX-License-Identifier: MIT */
/*
 * Storms: processes that take one step over and over for a while, at full speed
 * and at the same time.
 */
#pragma once

#include "mount.h"

#define STORM_SECONDS 3

/* Of a storm's process, against hangs. */
#define STORM_ALARM 40

/* Of an array. */
#define ANY(list) ((list)[g_random_int_range(0, G_N_ELEMENTS(list))])

static inline bool one_in(int n)
{
	return g_random_int_range(0, n) == 0;
}

struct storm {
	pid_t pids[32];
	size_t count;
};

/* One more process, which is the user, group of the same number. */
void storm_add(struct storm *storm, uid_t uid, void (*step)(void));
/* All have come to their ends, and well. */
void storm_ends_well(struct storm *storm);

/* Children that would go on for ever. */
void kill_all(const pid_t *pids, size_t count);

/* So many children, each with its number; they have ended well. */
void all_at_once(int n, void (*use)(int nth));

/* The errno of a call, 0 where it succeeded, must be 0 or among the allowed. */
#define gives(result, ...) \
	expect_one_of((result), (const int[]){ __VA_ARGS__, 0 }, #result, __FILE__, __LINE__)
long expect_one_of(long result, const int *allowed, const char *call, const char *file, int line);
