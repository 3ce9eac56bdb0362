/* SPDX-License-Identifier: MIT */
#include "data.h"

#include "kept.h"

#include "posix_shm.h"

#include <errno.h>
#include <fcntl.h>

/* Who opens for neither reading nor writing has been asked for both rights; the filter
 * of system calls knows no such opens. */
int data_oflag(const struct fuse_file_info *fi)
{
	const int neither = O_WRONLY | O_RDWR, oflag = fi->flags & (O_ACCMODE | O_NOATIME);

	return (oflag & neither) == neither ? (oflag & ~neither) | O_RDWR : oflag;
}

int data_open(struct fs *fs, struct node *node, int fd, struct fuse_file_info *fi)
{
	struct handle *handle;
	int error = handle_keep(node, fd, FOR_OPEN_FILE, &handle);

	if (error < 0)
		return error;
	kept_end(fs, node);
	/* Several writers at once, as tmpfs has them but for appends. */
	fi->parallel_direct_writes = 1;
	/* A flush tells which POSIX locks to let go; otherwise there is nothing to do. */
	fi->noflush = (fs->options->local_lock & LOCAL_POSIX) != 0;
	error = opened_add(&fs->opened, handle, RECORD_FILE, &fi->fh);
	if (error == 0 && fs->passthrough) {
		error = passthrough_open(fs, handle, fi);
		if (error < 0)
			opened_remove(&fs->opened, fi->fh);
	} else {
		fi->direct_io = 1;
	}
	if (error < 0) {
		handle_release(handle);
		return error;
	}
	quota_opened(fs, handle);
	opened_record(&fs->opened, handle)->is_private = handle->is_private;
	return 0;
}

void data_close(struct fs *fs, const struct fuse_file_info *fi)
{
	struct handle *handle = opened_begin_close(&fs->opened, fi->fh);

	if (handle == NULL)
		return;
	quota_closing(fs, handle);
	if (fs->passthrough)
		passthrough_close(fs, handle);
	opened_end_close(&fs->opened, handle);
	handle_release(handle);
}

void data_restore(struct fs *fs, struct handle *handle)
{
	opened_restore(&fs->opened, handle);
	if (fs->passthrough)
		passthrough_restore(fs, handle);
	quota_restore(fs, handle, opened_record(&fs->opened, handle)->is_private);
}
