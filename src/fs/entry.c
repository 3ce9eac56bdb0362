/* SPDX-License-Identifier: MIT */
#include "entry.h"

#include "data.h"
#include "kept.h"

#include "posix_shm.h"

#include <errno.h>

/* Takes the node over; NULL: there was no memory for it. */
static int fill(struct fs *fs, struct node *node, const struct found *found,
		struct fuse_entry_param *entry)
{
	if (node == NULL)
		return -ENOMEM;
	*entry = (struct fuse_entry_param){
		.ino = node->id,
		.attr = found->st,
		.attr_timeout = kept_tell(fs, node, &found->st),
	};
	owners_show(&fs->options->owners, &entry->attr);
	node_put(node);
	return 0;
}

int entry_fill(struct fs *fs, struct node *parent, const char *name, const struct found *found,
	       struct fuse_entry_param *entry)
{
	return fill(fs, node_enter(parent, name, found->st.st_ino, found->directory), found, entry);
}

int entry_fill_unnamed(struct fs *fs, const struct found *found, struct fuse_entry_param *entry)
{
	return fill(fs, node_enter_unnamed(&fs->nodes, found->st.st_ino), found, entry);
}

int entry_open(struct fs *fs, int fd, struct fuse_file_info *fi, struct fuse_entry_param *entry)
{
	NODE node = node_get(&fs->nodes, entry->ino);
	int error = data_open(fs, node, fd, fi);

	entry->attr_timeout = 0;
	if (error < 0)
		node_forget(&fs->nodes, entry->ino, 1);
	return error;
}

void entry_reply(fuse_req_t req, int error, const struct fuse_entry_param *entry)
{
	struct fs *fs = fs_of(req);

	if (error < 0)
		reply_error(req, error);
	else if (fuse_reply_entry(req, entry) < 0)
		node_forget(&fs->nodes, entry->ino, 1);
}

void entry_reply_create(fuse_req_t req, int error, const struct fuse_entry_param *entry,
			const struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);

	if (error < 0) {
		reply_error(req, error);
	} else if (fuse_reply_create(req, entry, fi) < 0) {
		/* The caller was interrupted: no release will come. */
		data_close(fs, fi);
		node_forget(&fs->nodes, entry->ino, 1);
	}
}
