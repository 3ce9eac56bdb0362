/* SPDX-License-Identifier: MIT */
/*
 * What a limited caller (caller.h) may do to names. The kernel has judged by
 * what is shown and by the caller's capabilities over that; here the HOST that
 * he stands for is judged, by the directory's marker and the object natively.
 * The shm directory itself is flat and cannot judge for the tree's directories.
 *
 * 0, always where the caller is not limited, or a negative errno.
 */
#pragma once

#include "fs.h"

/* To make something in the directory. */
int rights_to_make(fuse_req_t req, struct node *directory);
/* To take the name away, or to give it to something else. */
int rights_to_change(fuse_req_t req, struct node *directory, const char *name);
/* To give the node's object a further name: as with fs.protected_hardlinks. */
int rights_to_link(fuse_req_t req, struct node *node);
