/* SPDX-License-Identifier: MIT */
#include "data.h"

#include "kept.h"

#include "posix_shm.h"

#include <errno.h>

int data_open(struct fs *fs, struct node *node, int fd, struct fuse_file_info *fi)
{
	struct handle *handle = handle_new(node, fd);
	int error = 0;

	if (handle == NULL) {
		pshm_close(fd);
		return -ENOMEM;
	}
	kept_end(fs, node);
	fi->fh = (uintptr_t)handle;
	/* Several writers at once, as tmpfs has them but for appends. */
	fi->parallel_direct_writes = 1;
	/* A flush tells which POSIX locks to let go; otherwise there is nothing to do. */
	fi->noflush = (fs->options->local_lock & LOCAL_POSIX) != 0;
	if (fs->passthrough)
		error = passthrough_open(fs, handle, fi);
	else
		fi->direct_io = 1;
	if (error < 0)
		handle_release(handle);
	else
		quota_opened(fs, handle);
	return error;
}

void data_close(struct fs *fs, const struct fuse_file_info *fi)
{
	struct handle *handle = handle_in(fi);

	quota_closing(fs, handle);
	if (fs->passthrough)
		passthrough_close(fs, handle);
	handle_release(handle);
}
