/* SPDX-License-Identifier: MIT */
/*
 * The quota (options size, nr_inodes, reserve): how much the mount's own objects
 * may take. What would pass it by a call through the mount is ENOSPC. Nothing is
 * remembered of what they take (usage.h); doc/quota.md has the rules.
 *
 * Growth is counted and done with quota.lock held, so that two cannot pass the
 * limit together. What stays inside of an object's size takes part in nothing
 * but quota.shrink, for reading: nobody cuts the object off meanwhile, which
 * would make it growth.
 *
 * Errors: 0 or a negative errno. Without the options nothing here does anything.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <sys/types.h>

struct fs;
struct handle;
struct options;

struct quota {
	uint64_t size, inodes; /* constant: the limits; 0: none */
	bool reserve;	       /* constant */
	pthread_mutex_t lock;  /* held from the count until what was counted is done */
	pthread_rwlock_t shrink;
	pthread_mutex_t open_lock;
	struct handle *open; /* open files; guarded by open_lock */
};

void quota_init(struct quota *quota, const struct options *options);

/* Have writes to come to the daemon? */
static inline bool quota_wants_writes(const struct quota *quota)
{
	return quota->size != 0 || quota->reserve;
}

static inline bool quota_has_limit(const struct quota *quota)
{
	return quota->size != 0 || quota->inodes != 0;
}

/* ---- open files: those that have no name are known by them alone ---- */

void quota_opened(struct fs *fs, struct handle *handle);
/* The same for one that was open when an earlier process died. */
void quota_restore(struct fs *fs, struct handle *handle, bool is_private);
void quota_closing(struct fs *fs, struct handle *handle);

/* ---- data ---- */

/* A call that may make an object longer, between its begin and its end. */
struct growth {
	struct quota *quota;	  /* NULL: nothing is held */
	bool counted;		  /* quota.lock is held */
	bool kept_from_shrinking; /* quota.shrink is */
	int fd;
	off_t old;  /* the size before */
	off_t want; /* the size if all is done */
	off_t may;  /* the size that it may have */
};

/* The end of the object, as an offset. */
#define QUOTA_AT_END ((off_t)-1)

/* Before len bytes are put to off. *len is what may be: as on a full tmpfs, a
 * part if there is room for one. ENOSPC: none. */
int quota_begin_write(struct fs *fs, int fd, off_t off, size_t *len, struct growth *growth);
/* Before fallocate(2); ENOSPC. Memory behind the end has to fit as well, though
 * it is not counted afterwards. */
int quota_begin_allocate(struct fs *fs, int fd, int mode, off_t off, off_t len,
			 struct growth *growth);
/* Before the size is set; ENOSPC. */
int quota_begin_resize(struct fs *fs, int fd, off_t size, struct growth *growth);
/* After it, if it began. */
void quota_end(struct growth *growth);

/* An object is cut off to nothing between these. */
void quota_begin_truncate(struct fs *fs);
void quota_end_truncate(struct fs *fs);

/* ---- names ---- */

static inline void quota_release_at(struct quota **quota)
{
	if (*quota != NULL)
		pthread_mutex_unlock(&(*quota)->lock);
}

/* Names come or move: not in the middle of a count. NULL: there is no limit. */
struct quota *quota_hold(struct fs *fs);
/* The lock, until the scope ends. */
#define QUOTA __attribute__((cleanup(quota_release_at), unused)) struct quota *

/* With the lock held: may there be a new object called name? NULL: without one. */
int quota_locked_check_new(struct fs *fs, const char *name);
/* May the object of fd have this name besides? */
int quota_locked_check_link(struct fs *fs, int fd, const char *newname);
/* May the object be called newname instead? */
int quota_locked_check_rename(struct fs *fs, const char *name, const char *newname);

/* ---- statfs ---- */

/* Makes the mount's of what the shm file system has. */
int quota_statfs(struct fs *fs, struct statvfs *status);
