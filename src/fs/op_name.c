/* SPDX-License-Identifier: MIT */
#include "op_name.h"

#include "caller.h"
#include "data.h"
#include "entry.h"
#include "listing.h"
#include "tree.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- lookup, forget ---- */

/* Finds the name, and holds what it means by a descriptor, so that the kernel's
 * next question about it can be answered in any case (see hold.h). */
static int lookup_held(struct fs *fs, struct node *parent, const char *prefix, const char *name,
		       struct fuse_entry_param *entry)
{
	struct found found;
	int error, fd;

	do {
		error = tree_find(fs, prefix, name, &found);
		if (error < 0)
			return error;
		fd = tree_open_found(fs, &found, O_PATH);
	} while (fd == -ESTALE);
	if (fd < 0)
		return fd;
	error = entry_fill(parent, name, &found, entry);
	if (error < 0) {
		pshm_close(fd);
		return error;
	}
	NODE node = node_get(&fs->nodes, entry->ino);
	holds_add(&fs->holds, node, fd);
	return 0;
}

static int name_lookup(struct fs *fs, struct node *parent, const char *name,
		       struct fuse_entry_param *entry)
{
	NAMES held = names_hold(fs);
	object_name prefix;
	struct found found;
	int error;

	error = tree_prefix(parent, prefix);
	if (error < 0)
		return error;
	if (holds_wanted(&fs->holds))
		return lookup_held(fs, parent, prefix, name, entry);
	error = tree_find(fs, prefix, name, &found);
	return error < 0 ? error : entry_fill(parent, name, &found, entry);
}

void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	struct fuse_entry_param entry;

	entry_reply(req, name_lookup(fs, directory, name, &entry), &entry);
}

void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	node_forget(&fs_of(req)->nodes, ino, nlookup);
	fuse_reply_none(req);
}

void fs_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		node_forget(&fs_of(req)->nodes, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

/* ---- making objects ---- */

/* What a new object shall be: the caller's, but for the group in a directory
 * with the set-group-ID bit. */
struct birth {
	const struct fuse_ctx *ctx;
	mode_t mode;
	gid_t gid;
};

static int plan_birth(struct fs *fs, struct node *parent, mode_t mode, bool directory,
		      const struct fuse_ctx *ctx, struct birth *birth)
{
	struct stat st;
	int error = tree_stat(fs, parent, &st);

	if (error < 0)
		return error;
	*birth = (struct birth){.ctx = ctx, .mode = mode & 07777, .gid = ctx->gid};
	if (st.st_mode & S_ISGID) {
		birth->gid = st.st_gid;
		birth->mode |= directory ? S_ISGID : 0;
	}
	return 0;
}

/* The rules for the tree's directory count; those for the shm directory may
 * have given another group, or taken the set-group-ID bit away. */
static int settle_birth(int fd, const struct birth *birth)
{
	struct stat st;

	if (pshm_fstat(fd, &st) < 0)
		return -errno;
	if (st.st_gid != birth->gid && pshm_fchown(fd, (uid_t)-1, birth->gid) < 0)
		return -errno;
	if ((birth->mode & S_ISGID) && pshm_fchmod(fd, birth->mode) < 0)
		return -errno;
	return 0;
}

/* A descriptor, as the native call gives it, or a negative errno; what is born
 * has its owner from the first moment. */
static int settled(int fd, const struct birth *birth)
{
	int error = fd < 0 ? -errno : 0;

	caller_end();
	if (error < 0)
		return error;
	error = settle_birth(fd, birth);
	if (error == 0)
		return fd;
	pshm_close(fd);
	return error;
}

static int make_object(struct fs *fs, const char *name, int oflag, const struct birth *birth)
{
	caller_begin(birth->ctx->uid, birth->gid);
	return settled(pshm_space_create(fs->space, name, oflag, birth->mode), birth);
}

static int make_unnamed(struct fs *fs, int oflag, bool excl, const struct birth *birth)
{
	caller_begin(birth->ctx->uid, birth->gid);
	return settled(pshm_space_tmpfile(fs->space, oflag, excl, birth->mode), birth);
}

static int found_of(int fd, bool directory, struct found *found)
{
	if (pshm_fstat(fd, &found->st) < 0)
		return -errno;
	found->directory = directory;
	tree_show_status(&found->st, directory);
	return 0;
}

/* Makes a file or, with directory, a marker. */
static int make(struct fs *fs, struct node *parent, const char *name, int oflag, mode_t mode,
		bool directory, const struct fuse_ctx *ctx, struct fuse_entry_param *entry)
{
	object_name prefix;
	struct found found;
	struct birth birth;
	int error, fd;

	error = tree_prefix(parent, prefix);
	if (error < 0)
		return error;
	error = directory ? tree_marker_name(fs, prefix, name, found.name)
			  : tree_file_name(fs, prefix, name, found.name);
	if (error < 0)
		return error;
	if (tree_find(fs, prefix, name, &(struct found){0}) == 0)
		return -EEXIST;
	error = plan_birth(fs, parent, mode, directory, ctx, &birth);
	if (error < 0)
		return error;
	fd = make_object(fs, found.name, oflag, &birth);
	if (fd < 0)
		return fd;
	tree_touch(fs, prefix);
	error = found_of(fd, directory, &found);
	if (error == 0)
		error = entry_fill(parent, name, &found, entry);
	if (error == 0)
		return fd;
	pshm_close(fd);
	return error;
}

/* Opens what somebody else has made since the kernel asked for it, as the caller
 * and with his rights: the kernel believes the file to be new, and checks none. */
static int open_made(struct fs *fs, struct node *parent, const char *name, int oflag,
		     fuse_req_t req, struct fuse_entry_param *entry)
{
	object_name prefix;
	struct found found;
	int error, fd;

	error = tree_prefix(parent, prefix);
	if (error == 0)
		error = tree_find(fs, prefix, name, &found);
	if (error < 0)
		return error;
	if (found.directory)
		return -EISDIR;
	error = caller_begin_with_groups(req);
	if (error < 0)
		return error;
	fd = tree_open_found(fs, &found, oflag);
	caller_end_with_groups();
	if (fd < 0)
		return fd == -ESTALE ? -ENOENT : fd;
	error = entry_fill(parent, name, &found, entry);
	if (error == 0)
		return fd;
	pshm_close(fd);
	return error;
}

/* Programs that make and unlink one name over and over cannot keep this from
 * ending; what cannot be an object, a socket say, can have the name for ever. */
#define CREATE_ATTEMPTS 100

static int name_create(struct fs *fs, struct node *parent, const char *name, mode_t mode,
		       fuse_req_t req, struct fuse_file_info *fi, struct fuse_entry_param *entry)
{
	NAMES held = names_hold(fs);
	const int oflag = fi->flags & (O_ACCMODE | O_NOATIME);
	int fd = -EEXIST;

	for (int i = 0; fd == -EEXIST && i < CREATE_ATTEMPTS; i++) {
		fd = make(fs, parent, name, oflag, mode, false, fuse_req_ctx(req), entry);
		if (fd != -EEXIST || (fi->flags & O_EXCL))
			break;
		fd = open_made(fs, parent, name, oflag | (fi->flags & O_TRUNC), req, entry);
		if (fd == -ENOENT)
			fd = -EEXIST;
	}
	return fd < 0 ? fd : entry_open(fs, fd, fi, entry);
}

void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	struct fuse_entry_param entry;
	int error = name_create(fs, directory, name, mode, req, fi, &entry);

	entry_reply_create(req, error, &entry, fi);
}

static int name_tmpfile(struct fs *fs, struct node *parent, mode_t mode, const struct fuse_ctx *ctx,
			struct fuse_file_info *fi, struct fuse_entry_param *entry)
{
	NAMES held = names_hold(fs);
	struct birth birth;
	struct found found;
	int error, fd;

	error = plan_birth(fs, parent, mode, false, ctx, &birth);
	if (error < 0)
		return error;
	fd = make_unnamed(fs, fi->flags & (O_ACCMODE | O_NOATIME), fi->flags & O_EXCL, &birth);
	if (fd < 0)
		return fd;
	error = found_of(fd, false, &found);
	if (error == 0)
		error = entry_fill_unnamed(fs, &found, entry);
	if (error == 0)
		return entry_open(fs, fd, fi, entry);
	pshm_close(fd);
	return error;
}

void fs_tmpfile(fuse_req_t req, fuse_ino_t parent, mode_t mode, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	struct fuse_entry_param entry;
	int error = name_tmpfile(fs, directory, mode, fuse_req_ctx(req), fi, &entry);

	entry_reply_create(req, error, &entry, fi);
}

/* A file or directory that is made and not opened. */
static int name_make(struct fs *fs, struct node *parent, const char *name, mode_t mode,
		     bool directory, const struct fuse_ctx *ctx, struct fuse_entry_param *entry)
{
	NAMES held = names_hold(fs);
	int fd = make(fs, parent, name, O_RDWR, mode, directory, ctx, entry);

	if (fd < 0)
		return fd;
	pshm_close(fd);
	return 0;
}

void fs_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	struct fuse_entry_param entry;
	int error = -EPERM;

	(void)rdev;
	if (S_ISREG(mode))
		error = name_make(fs, directory, name, mode, false, fuse_req_ctx(req), &entry);
	entry_reply(req, error, &entry);
}

/* Shared memory objects are regular files: man 2 symlink says EPERM. */
void fs_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	(void)target, (void)parent, (void)name;
	reply_error(req, -EPERM);
}

void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	struct fuse_entry_param entry;
	int error = name_make(fs, directory, name, mode, true, fuse_req_ctx(req), &entry);

	entry_reply(req, error, &entry);
}

/* ---- unlink, rmdir, link ---- */

static int name_unlink(struct fs *fs, struct node *parent, const char *name)
{
	NAMES held = names_hold(fs);
	object_name prefix;
	struct found found;
	int error;

	error = tree_prefix(parent, prefix);
	if (error == 0)
		error = tree_find(fs, prefix, name, &found);
	if (error < 0)
		return error;
	if (found.directory)
		return -EISDIR;
	error = entry_check_owner(fs, &found);
	if (error < 0)
		return error;
	if (pshm_space_unlink(fs->space, found.name) < 0)
		return -errno;
	node_unbind(parent, name, found.st.st_ino, false);
	tree_touch(fs, prefix);
	return 0;
}

void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);

	reply_error(req, name_unlink(fs, directory, name));
}

static int name_rmdir(struct fs *fs, struct node *parent, const char *name)
{
	/* Nothing may be made in it between the look and the deed. */
	NAMES held = names_change(fs);
	object_name prefix;
	struct found found;
	int error;

	error = tree_prefix(parent, prefix);
	if (error == 0)
		error = tree_find(fs, prefix, name, &found);
	if (error < 0)
		return error;
	if (!found.directory)
		return -ENOTDIR;
	error = entry_check_owner(fs, &found);
	if (error == 0)
		error = listing_check_empty(fs, found.name);
	if (error < 0)
		return error;
	if (pshm_space_unlink(fs->space, found.name) < 0)
		return -errno;
	node_unbind(parent, name, found.st.st_ino, true);
	tree_touch(fs, prefix);
	return 0;
}

void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);

	reply_error(req, name_rmdir(fs, directory, name));
}

static int name_link(struct fs *fs, struct node *node, struct node *newparent, const char *newname,
		     struct fuse_entry_param *entry)
{
	NAMES held = names_hold(fs);
	object_name prefix;
	struct found found = {.directory = false};
	int error, fd;

	error = tree_prefix(newparent, prefix);
	if (error == 0)
		error = tree_file_name(fs, prefix, newname, found.name);
	if (error < 0)
		return error;
	if (tree_find(fs, prefix, newname, &(struct found){0}) == 0)
		return -EEXIST;
	fd = tree_open(fs, node, O_PATH);
	if (fd < 0)
		return fd;
	if (pshm_space_link(fs->space, fd, found.name) < 0)
		error = -errno;
	if (error == 0)
		error = found_of(fd, false, &found);
	pshm_close(fd);
	if (error < 0)
		return error;
	tree_touch(fs, prefix);
	return entry_fill(newparent, newname, &found, entry);
}

void fs_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);
	NODE directory = node_get(&fs->nodes, newparent);
	struct fuse_entry_param entry;

	entry_reply(req, name_link(fs, node, directory, newname, &entry), &entry);
}
