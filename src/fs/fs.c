/* SPDX-License-Identifier: MIT */
#include "fs.h"

#include "op_attr.h"
#include "op_dir.h"
#include "op_file.h"
#include "op_lock.h"
#include "op_make.h"
#include "op_name.h"
#include "op_xattr.h"
#include "timeout.h"

static void want(struct fuse_conn_info *conn, uint64_t flag, bool on)
{
	if (on)
		fuse_set_feature_flag(conn, flag);
	else
		fuse_unset_feature_flag(conn, flag);
}

static void fs_init(void *userdata, struct fuse_conn_info *conn)
{
	struct fs *fs = userdata;
	const enum local_lock local = fs->options->local_lock;

	fs->proto_major = conn->proto_major;
	fs->proto_minor = conn->proto_minor;
	fs->max_write = conn->max_write;
	fs->passthrough = fs->options->data != DATA_MAPPED &&
			  fuse_set_feature_flag(conn, FUSE_CAP_PASSTHROUGH);
	/* An overlay may still be stacked on the mount. */
	conn->max_backing_stack_depth = 0;
	timeout_ask(fs, conn);

	/* Without it each write asks for security.capability first. */
	want(conn, FUSE_CAP_HANDLE_KILLPRIV, false);
	want(conn, FUSE_CAP_HANDLE_KILLPRIV_V2, true);
	want(conn, FUSE_CAP_POSIX_ACL, true);
	/* The caller's umask counts only where no default ACL does: see op_make.c. */
	want(conn, FUSE_CAP_DONT_MASK, true);
	want(conn, FUSE_CAP_PARALLEL_DIROPS, true);
	want(conn, FUSE_CAP_FLOCK_LOCKS, !(local & LOCAL_FLOCK));
	want(conn, FUSE_CAP_POSIX_LOCKS, !(local & LOCAL_POSIX));
	/* A page cache of our data would be a second memory. */
	want(conn, FUSE_CAP_WRITEBACK_CACHE, false);
	want(conn, FUSE_CAP_DIRECT_IO_ALLOW_MMAP, false);
	/* The kernel makes EIO of a part that is written asynchronously
	 * (fuse_get_res_by_io()). tmpfs is synchronous, too. */
	if (quota_wants_writes(&fs->quota))
		want(conn, FUSE_CAP_ASYNC_DIO, false);
}

const struct fuse_lowlevel_ops fs_operations = {
	.init = fs_init,

	.lookup = fs_lookup,
	.forget = fs_forget,
	.forget_multi = fs_forget_multi,
	.create = fs_create,
	.tmpfile = fs_tmpfile,
	.mknod = fs_mknod,
	.symlink = fs_symlink,
	.mkdir = fs_mkdir,
	.unlink = fs_unlink,
	.rmdir = fs_rmdir,
	.link = fs_link,
	.rename = fs_rename,

	.getattr = fs_getattr,
	.setattr = fs_setattr,
	.statfs = fs_statfs,

	.setxattr = fs_setxattr,
	.getxattr = fs_getxattr,
	.listxattr = fs_listxattr,
	.removexattr = fs_removexattr,

	.open = fs_open,
	.release = fs_release,
	.read = fs_read,
	.write = fs_write,
	.fsync = fs_fsync,
	.fallocate = fs_fallocate,
	.lseek = fs_lseek,
	.copy_file_range = fs_copy_file_range,

	.opendir = fs_opendir,
	.readdir = fs_readdir,
	.releasedir = fs_releasedir,
	.fsyncdir = fs_fsyncdir,

	.flush = fs_flush,
	.getlk = fs_getlk,
	.setlk = fs_setlk,
	.flock = fs_flock,
};
