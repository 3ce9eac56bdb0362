/* SPDX-License-Identifier: MIT */
/*
 * What the kernel may keep of the attributes that it is told: nothing, or with
 * the mount option ac, as NFS names it, for one or two ticks of its clock.
 *
 * Files: what came with a name, while nobody has the object open. A call on a
 * path looks its name up, and sees the present; who holds the file without
 * having it open (O_PATH) may see what was there a tick ago.
 *
 * Directories: it checks their mode and owner for each directory of a path, in
 * each call. Where it says no, it asks anew by itself; where it says yes, a
 * request for a name in the directory follows, and kept_check() sees whether it
 * was right to. So no right is older than the call.
 */
#pragma once

#include "fs.h"

#include <sys/stat.h>

/* Notes what the kernel is told of the node in the reply that follows: for how
 * many seconds it may keep that. */
double kept_tell(struct fs *fs, struct node *node, const struct stat *st);

/* Did the kernel let somebody into the directory, of which prefix is the name,
 * by its present mode, owner and ACL? ESTALE: no, it shall ask and begin anew. */
int kept_check(struct fs *fs, struct node *directory, const char *prefix);

/* The node's object is open from now on: the kernel has to ask for everything. */
void kept_end(struct fs *fs, struct node *node);
