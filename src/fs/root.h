/* SPDX-License-Identifier: MIT */
/*
 * The mount's root: the whole tree, or the directory that -o subdir= names.
 * With -o ephemeral what lies in it ends with the mount.
 *
 * A lock on the marker tells whether another mount has the same ephemeral root;
 * it goes with the daemon, however that ends.
 */
#pragma once

#include "fs.h"
#include "message.h"

/* Finds the root and makes it the view's; *ino is its inode number. 0, or -1
 * with one line in message. */
int root_enter(struct fs *fs, ino_t *ino, message_line message);

/* Removes what an earlier mount left if the root is ephemeral, and nobody else
 * has it mounted. Likewise at the end. */
int root_begin(struct fs *fs, message_line message);
void root_end(struct fs *fs);
