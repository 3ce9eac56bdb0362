/* SPDX-License-Identifier: MIT */
/*
 * Who calls, and doing a thing with his identity: for a moment, and in the
 * thread that handles his request alone.
 *
 * In a mount with mapped owners (owner.h) the kernel judges by what is shown,
 * and the caller's capabilities are those over VIEW ids. So whoever is not root
 * of the host is, for the shm file system, the HOST that he stands for and
 * nothing more: what he asks for is done with the ids and groups of that one,
 * and without capabilities, between acting_begin() and acting_end(). In other
 * mounts these do nothing.
 */
#pragma once

#include "capabilities.h"
#include "owner.h"

#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct caller {
	uid_t uid; /* both natively: HOST ids */
	gid_t gid;
	mode_t umask;
	bool root;    /* has root's rights natively */
	bool limited; /* acts as HOST, see above */
	bool lent;    /* the identity: HOST is another than he */
};

/* EOVERFLOW: he has no identity in the mount. */
int caller_of(fuse_req_t req, struct caller *caller);

/* A mode that he gives to a file: an identity that is lent to him he cannot hand
 * on, to whoever runs the file, by set-ID bits. */
mode_t caller_mode(const struct owners *owners, const struct caller *caller, mode_t mode,
		   gid_t group);

/* Has root's rights natively; false too where he has no identity. */
bool caller_is_root(fuse_req_t req);
/* Acts as HOST, or has no identity at all. */
bool caller_is_limited(fuse_req_t req);

/* File access identity of the thread. */
struct identity {
	uid_t uid;
	gid_t gid;
	struct capabilities capabilities; /* those that a limited caller lacks */
};

/* What the thread makes belongs to uid and gid, and without root's rights over
 * files unless uid is 0. caller_end() takes what it had before back. */
struct identity caller_begin(uid_t uid, gid_t gid);
void caller_end(struct identity before);

/* The same with all groups of the one who sent the request, as for opening what
 * is there; for a limited caller without capabilities. 0 or a negative errno, and then nothing is
 * to be undone. */
int caller_begin_with_groups(fuse_req_t req, struct identity *before);
void caller_end_with_groups(struct identity before);

/* The same, where it is wanted. */
static inline int caller_begin_if(bool wanted, fuse_req_t req, struct identity *before)
{
	return wanted ? caller_begin_with_groups(req, before) : 0;
}

static inline void caller_end_if(bool wanted, struct identity before)
{
	if (wanted)
		caller_end_with_groups(before);
}

/* The thread takes names away in a sticky directory as uid would, and all other
 * rights stay as they are. caller_end_as_remover() takes that back. 0 or a negative
 * errno, and then nothing is to be undone. */
int caller_begin_as_remover(uid_t uid, struct identity *before);
void caller_end_as_remover(struct identity before);

/* Has CAP_FOWNER, over the ids of the object, in the user namespace that he is in. */
bool caller_has_fowner(fuse_req_t req, const struct stat *st);

/* Is the group among those of who sent the request? */
bool caller_is_in_group(fuse_req_t req, gid_t gid);

/* The thread is the HOST that its caller stands for, if that one is limited. */
struct acting {
	bool begun;
	struct identity before;
};

/* 0 or a negative errno. */
int acting_begin(struct acting *acting, fuse_req_t req);
/* Keeps errno; does nothing where it was not begun, or was ended. */
void acting_end(struct acting *acting);

/* One that ends with its scope at the latest. It begins with { 0 }. */
#define ACTING __attribute__((cleanup(acting_end))) struct acting

/* May a limited caller do this with the object of fd (which O_PATH will do for)?
 * R_OK, W_OK, X_OK as for access(2). 0 (always where he is not limited) or a
 * negative errno. */
int caller_access(fuse_req_t req, int fd, int mode);
