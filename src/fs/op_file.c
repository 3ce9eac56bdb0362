/* SPDX-License-Identifier: MIT */
#include "op_file.h"

#include "audit.h"
#include "caller.h"
#include "data.h"
#include "locks.h"
#include "replay.h"
#include "set_id.h"
#include "tree.h"
#include "version.h"

#include "posix_shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libfuse passes the kernel's word on since 3.18.3. Before, a caller who is
 * not root counts as one without CAP_FSETID. The kernel's word is about the
 * capabilities over what is shown. */
static bool must_kill_set_id(fuse_req_t req, const struct fuse_file_info *fi)
{
#ifdef HAVE_KILL_SUIDGID
	return fi->kill_suidgid || caller_is_limited(req);
#else
	(void)fi;
	return !caller_is_root(req);
#endif
}

/* ---- open, release ---- */

int file_truncate(struct fs *fs, int fd)
{
	int truncated;

	if (replay_result() >= 0)
		return 0;
	quota_begin_truncate(fs);
	truncated = (int)replay_done(tree_reopen(fd, O_WRONLY | O_TRUNC));
	quota_end_truncate(fs);
	if (truncated < 0)
		return truncated;
	pshm_close(truncated);
	return 0;
}

static int truncate_at_open(fuse_req_t caller, int fd, const struct fuse_file_info *fi)
{
	int error = must_kill_set_id(caller, fi) ? set_id_clear(caller, fd) : 0;

	return error < 0 ? error : file_truncate(fs_of(caller), fd);
}

static bool is_to_change(const struct fuse_file_info *fi)
{
	return (fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC);
}

/* With his rights. */
static int open_as_caller(struct fs *fs, struct node *node, int oflag, fuse_req_t caller)
{
	ACTING acting = { 0 };
	int error = acting_begin(&acting, caller);

	return error < 0 ? error : tree_open(fs, node, oflag);
}

static int file_open(struct fs *fs, struct node *node, struct fuse_file_info *fi, fuse_req_t caller)
{
	NAMES held = names_hold(fs);
	int error = is_to_change(fi) ? tree_check_writable(node) : 0, fd;

	if (error < 0)
		return error;
	fd = open_as_caller(fs, node, data_oflag(fi), caller);
	if (fd < 0)
		return fd;
	if (fi->flags & O_TRUNC)
		error = caller_access(caller, fd, W_OK);
	if (error < 0) {
		pshm_close(fd);
		return error;
	}
	/* What can fail comes before anything is lost. */
	error = data_open(fs, node, fd, fi);
	if (error == 0 && (fi->flags & O_TRUNC)) {
		error = truncate_at_open(caller, fd, fi);
		if (error < 0)
			data_close(fs, fi);
	}
	return error;
}

void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);
	int error = audit_open(req, node, fi, file_open(fs, node, fi, req));

	if (error < 0)
		reply_error(req, error);
	else if (fuse_reply_open(req, fi) < 0)
		data_close(fs, fi); /* the caller was interrupted: no release will come */
}

void file_close(struct fs *fs, const struct fuse_file_info *fi)
{
	struct handle *handle = handle_in(fs, fi);

	if (handle != NULL)
		locks_release(fs->locks, handle);
	data_close(fs, fi);
}

void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	file_close(fs_of(req), fi);
	reply_error(req, 0);
}

/* ---- data ---- */

void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	char *buf = malloc(size);
	ssize_t count =
		buf == NULL ? -ENOMEM : mapped_read(handle_in(fs_of(req), fi), buf, size, off);

	(void)ino;
	if (count < 0)
		reply_error(req, (int)count);
	else
		fuse_reply_buf(req, buf, (size_t)count);
	free(buf);
}

static ssize_t file_write(struct fs *fs, const struct handle *handle, const char *buf, size_t size,
			  off_t off, bool append)
{
	struct growth growth;
	ssize_t count =
		quota_begin_write(fs, handle->fd, append ? QUOTA_AT_END : off, &size, &growth);

	if (count == 0)
		count = mapped_write(handle, buf, size, off, append);
	quota_end(&growth);
	return count;
}

/* Where an append is about to go, as a note. */
static void note_end(const struct handle *handle)
{
	struct stat st;

	if (pshm_fstat(handle->fd, &st) == 0)
		replay_note((uint64_t)st.st_size + 1);
}

/* How much of it was appended by a process that died before it could say so. The
 * file may be open for writing alone. */
static size_t appended_before(const struct handle *handle, const char *buf, size_t size)
{
	const uint64_t noted = replay_noted();
	const int fd = noted != 0 ? tree_reopen(handle->fd, O_RDONLY) : -1;
	char *there = fd >= 0 ? malloc(size) : NULL;
	ssize_t count = 0;

	if (there != NULL)
		count = pread(fd, there, size, (off_t)noted - 1);
	if (count < 0 || (count > 0 && memcmp(there, buf, (size_t)count) != 0))
		count = 0;
	free(there);
	if (fd >= 0)
		pshm_close(fd);
	return (size_t)count;
}

static ssize_t file_append(struct fs *fs, const struct handle *handle, const char *buf, size_t size)
{
	const size_t before = appended_before(handle, buf, size);
	ssize_t count;

	if (before == size)
		return (ssize_t)size;
	if (fs->options->supervise != SUPERVISE_OFF && before == 0)
		note_end(handle);
	count = file_write(fs, handle, buf + before, size - before, 0, true);
	return count < 0 ? count : (ssize_t)before + count;
}

void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	      struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	const struct handle *handle = handle_in(fs, fi);
	ssize_t count = 0;

	(void)ino;
	if (must_kill_set_id(req, fi))
		count = set_id_clear(req, handle->fd);
	if (count == 0)
		count = fi->flags & O_APPEND ? file_append(fs, handle, buf, size)
					     : file_write(fs, handle, buf, size, off, false);
	if (count < 0)
		reply_error(req, (int)count);
	else
		fuse_reply_write(req, (size_t)count);
}

/* Memory has no disk behind it. */
void fs_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino, (void)datasync, (void)fi;
	reply_error(req, 0);
}

/* The kernel does not say here who may leave the set-ID bits alone. */
static void clear_after(fuse_req_t req, const struct handle *handle)
{
	if (!caller_is_root(req))
		set_id_clear(req, handle->fd);
}

static int file_allocate(struct fs *fs, int fd, int mode, off_t off, off_t len)
{
	struct growth growth;
	int error;

	if (replay_result() >= 0)
		return 0;
	error = quota_begin_allocate(fs, fd, mode, off, len, &growth);
	if (error == 0)
		error = (int)replay_done(fallocate(fd, mode, off, len) < 0 ? -errno : 0);
	quota_end(&growth);
	return error;
}

void fs_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
		  struct fuse_file_info *fi)
{
	const struct handle *handle = handle_in(fs_of(req), fi);
	int error = file_allocate(fs_of(req), handle->fd, mode, off, len);

	(void)ino;
	if (error == 0)
		clear_after(req, handle);
	reply_error(req, error);
}

/* The kernel asks for holes and data only; the descriptor's position, which
 * this moves, nobody looks at. */
void fs_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	const off_t result = lseek(handle_in(fs_of(req), fi)->fd, off, whence);

	(void)ino;
	/* Other negative ones are positions to tmpfs: to the kernel they are EINVAL. */
	if (result == -1)
		reply_error(req, -errno);
	else
		fuse_reply_lseek(req, result);
}

/* The source's end may come before len bytes do. */
static ssize_t file_copy(struct fs *fs, int in, off_t off_in, int out, off_t off_out, size_t len,
			 unsigned flags)
{
	struct growth growth = { 0 };
	struct stat st;
	ssize_t count;
	int error = 0;

	if (replay_result() >= 0)
		return replay_result();
	if (quota_wants_writes(&fs->quota) && pshm_fstat(in, &st) == 0 && off_in < st.st_size) {
		if (len > (size_t)(st.st_size - off_in))
			len = (size_t)(st.st_size - off_in);
		error = quota_begin_write(fs, out, off_out, &len, &growth);
	}
	if (error < 0)
		return error;
	count = copy_file_range(in, &off_in, out, &off_out, len, flags);
	count = replay_done(count < 0 ? -errno : count);
	quota_end(&growth);
	return count;
}

void fs_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
			struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
			struct fuse_file_info *fi_out, size_t len, int flags)
{
	const struct handle *out = handle_in(fs_of(req), fi_out);
	ssize_t count = file_copy(fs_of(req), handle_in(fs_of(req), fi_in)->fd, off_in, out->fd,
				  off_out, len, (unsigned)flags);

	(void)ino_in, (void)ino_out;
	if (count > 0)
		clear_after(req, out);
	if (count < 0)
		reply_error(req, (int)count);
	else
		fuse_reply_write(req, (size_t)count);
}
