/* SPDX-License-Identifier: MIT */
/* What it means for two outcomes to agree. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "print.h"
#include "world.h"

enum { A_WHILE = 1000000 }; /* seconds: times further from now were set, not stamped */

static bool was_set(const struct world *world, const struct timespec *time)
{
	return time->tv_sec < world->started - A_WHILE || time->tv_sec > world->started + A_WHILE;
}

/* Times that calls have set are the same; those that the clock has set cannot be. */
bool times_agree(const struct world *world, const struct timespec *a, const struct timespec *b)
{
	if (!was_set(world, a) && !was_set(world, b))
		return true;
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool compares_access(const struct world *world, uint32_t mode)
{
	return world->access_times && (world->same_kind || !S_ISDIR(mode));
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static const char *attributes_differ(const struct world *world, const struct snapshot *a,
				     const struct snapshot *b)
{
	bool directory = S_ISDIR(b->mode) && !world->same_kind;

	/* See "name length" in differences.c: what does not exist may be too long, too. */
	if (a->err == ENAMETOOLONG && b->err == ENOENT && !world->same_kind)
		return NULL;
	if (a->err != b->err)
		return "success or error";
	if (b->err)
		return NULL;
	if (a->mode != b->mode)
		return "mode";
	if (a->uid != b->uid || a->gid != b->gid)
		return "owner";
	if (!(directory && a->root) && b->nlink > 0 && a->nlink != b->nlink)
		return "link count";
	if (!directory && a->size != b->size)
		return "size";
	if (!directory && a->blocks != b->blocks)
		return "blocks";
	if (a->blksize != b->blksize)
		return "block size";
	if (b->root && !world->same_kind)
		return NULL;
	for (int i = compares_access(world, b->mode) ? 0 : 1; i < 3; i++)
		if (!times_agree(world, &a->times[i], &b->times[i]))
			return i == 0	? "access time"
			       : i == 1 ? "modification time"
					: "status change time";
	return NULL;
}

/* Which times did the call move? Only known when one stat before it and one after it saw the same
 * inode. */
static const char *changes_differ(const struct world *world, const struct call *call, int i,
				  const struct outcome *a, const struct outcome *b)
{
	static const char *const names[] = { "whether the access time changed",
					     "whether the modification time changed",
					     "whether the status change time changed" };
	bool timed = call->checks & CHECK_TIMED;
	/* tmpfs stamps a directory with the new time of the file that was unlinked, which may be no
	 * news to it. */
	bool known = timed || (world->fine_clock && !S_ISDIR(b->before[i].mode));

	if (b->before[i].root && !world->same_kind)
		return NULL;
	if (a->before[i].err || a->after[i].err || a->inode_before[i] != a->inode_after[i])
		return NULL;
	for (int t = timed && compares_access(world, b->before[i].mode) ? 0 : 1; t < 3; t++) {
		bool moved_a = !same_time(&a->before[i].times[t], &a->after[i].times[t]);
		bool moved_b = !same_time(&b->before[i].times[t], &b->after[i].times[t]);

		if (known && moved_a != moved_b)
			return names[t];
	}
	return NULL;
}

static const char *snapshots_differ(const struct world *world, const struct call *call,
				    const struct outcome *a, const struct outcome *b, int i)
{
	const char *why = attributes_differ(world, &a->before[i], &b->before[i]);

	if (!why)
		why = attributes_differ(world, &a->after[i], &b->after[i]);
	if (!why &&
	    (a->inode_before[i] != b->inode_before[i] || a->inode_after[i] != b->inode_after[i]))
		why = "which inodes are the same";
	if (!why)
		why = changes_differ(world, call, i, a, b);
	return why;
}

static const char *results_differ(const struct outcome *a, const struct outcome *b)
{
	if (a->ret != b->ret)
		return "result";
	if (a->err != b->err)
		return "errno";
	if (a->hash != b->hash)
		return "bytes";
	if (memcmp(a->values, b->values, sizeof(a->values)) != 0)
		return "numbers";
	return NULL;
}

bool outcomes_agree(const struct world *world, const struct call *call, const struct outcome *a,
		    const struct outcome *b, char *why, size_t size)
{
	static const char *const what[SNAPSHOTS] = { "path",	    "the path's parent",
						     "path 2",	    "parent of path 2",
						     "the slot",    "the second slot",
						     "the new slot" };
	const char *reason;

	/* Through what is removed no more is comparable than whether the call succeeded. */
	if (b->dead && !world->same_kind && a->ret == b->ret && a->err == b->err)
		return true;
	reason = results_differ(a, b);
	if (reason) {
		snprintf(why, size, "%s", reason);
		return false;
	}
	for (int i = 0; i < SNAPSHOTS; i++) {
		reason = snapshots_differ(world, call, a, b, i);
		if (reason) {
			snprintf(why, size, "%s of %s", reason, what[i]);
			return false;
		}
	}
	return true;
}
