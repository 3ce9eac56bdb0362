/* SPDX-License-Identifier: MIT */
/*
 * Rights over names: 0 or a negative errno.
 *
 * A limited caller (caller.h) the kernel has judged by what is shown and by his
 * capabilities over that; here the HOST that he stands for is judged, by the
 * directory's marker and the object natively. The shm directory itself is flat
 * and cannot judge for the tree's directories.
 */
#pragma once

#include "caller.h"
#include "fs.h"
#include "tree.h"

/* To make something in the directory, or to take names away there; to give the
 * node's object a further name, as with fs.protected_hardlinks. Always 0 where
 * the caller is not limited. */
int rights_to_write(fuse_req_t req, struct node *directory);
int rights_to_link(fuse_req_t req, struct node *node);

/* To take the name away from what was found there, in the directory of the
 * prefix: whoever calls. In a directory with the sticky bit that is for the
 * object's owner and the directory's. The kernel has judged by the object that it
 * saw last; something else may have the name by now, or may come to have it
 * before the deed. So this judges again, and the deed is done so that the shm
 * file system does, too. */
struct removal {
	enum { FREELY, BY_OWNER, BY_CALLER } right;
	uid_t owner; /* of what may be removed */
	struct identity before;
};

int rights_to_remove(fuse_req_t req, const char *prefix, const struct found *found,
		     struct removal *removal);
/* What both allow together, as a rename wants it. */
struct removal rights_of_both(const struct removal *a, const struct removal *b);

/* Around the deed; 0 or a negative errno. */
int removal_begin(struct removal *removal, fuse_req_t req);
void removal_end(const struct removal *removal);
