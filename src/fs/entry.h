/* SPDX-License-Identifier: MIT */
/* Entries: a name and what it stands for, told to the kernel. */
#pragma once

#include "fs.h"
#include "tree.h"

/* Enters what was found as name in parent into the nodes and says so in entry.
 * 0 or -ENOMEM. */
int entry_fill(struct fs *fs, struct node *parent, const char *name, const struct found *found,
	       struct fuse_entry_param *entry);
int entry_fill_unnamed(struct fs *fs, const struct found *found, struct fuse_entry_param *entry);

/* Opens the file of an entry that was made just now, with its descriptor fd,
 * which is taken in any case. On failure the entry is taken back. */
int entry_open(struct fs *fs, int fd, struct fuse_file_info *fi, struct fuse_entry_param *entry);

/* Reply; where the kernel does not take the entry, it is taken back. */
void entry_reply(fuse_req_t req, int error, const struct fuse_entry_param *entry);
void entry_reply_create(fuse_req_t req, int error, const struct fuse_entry_param *entry,
			const struct fuse_file_info *fi);
