/* SPDX-License-Identifier: MIT */
/*
 * The file system: its one state, and the table of operations.
 *
 * An operation is two functions. The worker knows nothing of requests; it
 * returns 0 (or a count) or a negative errno. The handler, called fs_ and the
 * name of its place in the table, takes what it needs from the request, calls
 * the worker and replies exactly once.
 */
#pragma once

#include "hold.h"
#include "marks.h"
#include "name_list.h"
#include "node.h"
#include "opened.h"
#include "options.h"
#include "quota.h"
#include "view.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>

#define BACKING_LOCKS 64
#define RIVALS_TOLD   256

struct counters;
struct directory;
struct locks;
struct uring;
struct workers;

struct fs {
	const struct options *options;
	struct fuse_session *session;
	uint64_t mount_id;		   /* see mountpoint.h */
	struct uring *uring;		   /* NULL: not tried */
	struct workers *workers;	   /* NULL: not started */
	int space;			   /* the shm file system */
	int root_lock;			   /* see root.h */
	bool passthrough;		   /* the data path */
	unsigned proto_major, proto_minor; /* of the kernel's FUSE protocol; 0: no INIT yet */
	unsigned max_write;		   /* bytes, in one request */
	struct view view;
	struct nodes nodes;
	struct holds holds;
	struct marks marks;
	struct quota quota;
	struct locks *locks;
	struct handover *handover; /* for the next serving process */
	int handover_fd;	   /* -1: there will be none */
	bool is_inherited;	   /* an earlier program has mounted it */
	bool is_attached;	   /* requests and answers pass by device.h */
	bool is_kept;		   /* the mount is another process's, the keeper's */
	struct opened opened;
	struct name_list left;	   /* at a takeover: all objects, by inode number; constant then */
	pthread_mutex_t left_lock; /* one node's names are looked for at a time */
	struct counters *counters;

	_Atomic bool rivals_told[RIVALS_TOLD]; /* by hash of the name */

	/* Each guards backing_id and backing_users of the nodes that fall to it. */
	pthread_mutex_t backing_locks[BACKING_LOCKS];

	/* Held for reading by whatever turns names into objects, for writing
	 * while a directory with all that is in it gets another name. Taken
	 * before nodes.lock. */
	pthread_rwlock_t names;
};

/* The table, in fs.c. */
extern const struct fuse_lowlevel_ops fs_operations;

static inline struct fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* The caller's side of an error: zero or a negative errno. A limit of the
 * daemon's is one of the system to him, whose own the kernel has checked. */
static inline void reply_error(fuse_req_t req, int error)
{
	fuse_reply_err(req, error == -EMFILE ? ENFILE : -error);
}

/* A rename must not wait for ever because lookups never pause. */
#ifdef PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP
#define NAMES_INITIALIZER PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP
#else
#define NAMES_INITIALIZER PTHREAD_RWLOCK_INITIALIZER
#endif

static inline void names_release_at(pthread_rwlock_t **names)
{
	pthread_rwlock_unlock(*names);
}

static inline pthread_rwlock_t *names_hold(struct fs *fs)
{
	pthread_rwlock_rdlock(&fs->names);
	return &fs->names;
}

static inline pthread_rwlock_t *names_change(struct fs *fs)
{
	pthread_rwlock_wrlock(&fs->names);
	return &fs->names;
}

/* The lock on names, until the scope ends. */
#define NAMES __attribute__((cleanup(names_release_at), unused)) pthread_rwlock_t *
