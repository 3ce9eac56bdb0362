/* SPDX-License-Identifier: MIT */
#include "op_attr.h"

#include "audit.h"
#include "caller.h"
#include "data.h"
#include "kept.h"
#include "replay.h"
#include "set_id.h"
#include "tree.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- getattr ---- */

static int attr_get(struct fs *fs, struct node *node, struct stat *st, double *keep)
{
	NAMES held = names_hold(fs);
	int error = tree_stat(fs, node, st);

	/* A file that is asked for by itself was not looked up just now. */
	if (error == 0 && node->directory)
		*keep = kept_tell(fs, node, st);
	else if (error == 0)
		node_tell(node, st, false);
	return error;
}

static void reply_status(fuse_req_t req, struct stat *st, double keep)
{
	owners_show(&fs_of(req)->options->owners, st);
	fuse_reply_attr(req, st, keep);
}

void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);
	struct stat st;
	double keep = 0;
	int error = attr_get(fs, node, &st, &keep);

	(void)fi;
	if (error < 0)
		reply_error(req, error);
	else
		reply_status(req, &st, keep);
}

/* ---- setattr: one function an attribute ---- */

struct change {
	struct node *node;
	const struct handle *handle; /* of ftruncate(2), or NULL */
	int fd;			     /* the handle's, or of tree_open_to_change() */
	struct stat old;	     /* before the change */
	const struct stat *attr;
	int to_set;
	uint32_t uid, gid; /* natively; NO_ID where it stays as it is */
	fuse_req_t caller; /* who wants it */
};

static int set_mode(const struct change *change)
{
	const struct owners *owners = &fs_of(change->caller)->options->owners;
	const mode_t mode = change->attr->st_mode;
	struct caller caller;
	int error = caller_of(change->caller, &caller);

	if (error < 0)
		return error;
	if (change->node->directory)
		return tree_chmod(change->fd, mode);
	return tree_chmod(change->fd, caller_mode(owners, &caller, mode, change->old.st_gid));
}

static int set_owner(const struct change *change)
{
	int error = 0;

	/* Root's own chown(2) below clears them as root's does; others have
	 * fewer rights to keep them. */
	if (!change->node->directory && !caller_is_root(change->caller)) {
		error = set_id_clear(change->caller, change->fd);
		if (error < 0)
			return error;
	}
	error = tree_chown(change->fd, change->uid, change->gid);
	if (error < 0)
		return error;
	/* A directory keeps its set-group-ID bit, the file that marks it does not. */
	if (change->node->directory && (change->old.st_mode & (S_ISUID | S_ISGID)))
		return tree_chmod(change->fd, change->old.st_mode);
	return 0;
}

/* Of an object without memory: truncate(2) to the size that there is sets no times,
 * as ftruncate(2) does (shmem_setattr() in the kernel). Capabilities go by both. */
static bool has_nothing_to_cut(int fd, off_t size)
{
	struct stat st;

	return pshm_fstat(fd, &st) == 0 && st.st_size == size && st.st_blocks == 0 &&
	       fgetxattr(fd, "security.capability", NULL, 0) < 0;
}

/* Not by a path, by which any file could be meant (system_calls.c). */
static int truncate_object(const struct change *change)
{
	const off_t size = change->attr->st_size;
	int error = 0, fd;

	if (change->handle != NULL)
		return pshm_ftruncate(change->fd, size) < 0 ? -errno : 0;
	fd = tree_reopen(change->fd, O_WRONLY);
	if (fd < 0)
		return fd;
	if (!has_nothing_to_cut(fd, size) && pshm_ftruncate(fd, size) < 0)
		error = -errno;
	pshm_close(fd);
	return error;
}

static int set_size(const struct change *change)
{
	struct growth growth = { 0 };
	int error = 0;

	if (replay_result() >= 0)
		return 0;
	/* Who has the file open was let in then. */
	if (change->handle == NULL)
		error = caller_access(change->caller, change->fd, W_OK);
	if (error == 0)
		error = quota_begin_resize(fs_of(change->caller), change->fd, change->attr->st_size,
					   &growth);
	if (error == 0 &&
	    (change->to_set & FUSE_SET_ATTR_KILL_SUID || caller_is_limited(change->caller)))
		error = set_id_clear(change->caller, change->fd);
	if (error == 0)
		error = (int)replay_done(truncate_object(change));
	quota_end(&growth);
	return error;
}

static struct timespec time_to_set(int to_set, int given, int now, struct timespec value)
{
	if (to_set & now)
		return (struct timespec){ .tv_nsec = UTIME_NOW };
	if (to_set & given)
		return value;
	return (struct timespec){ .tv_nsec = UTIME_OMIT };
}

static int set_times(const struct change *change)
{
	const int to_set = change->to_set;
	const struct timespec times[2] = {
		time_to_set(to_set, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW,
			    change->attr->st_atim),
		time_to_set(to_set, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW,
			    change->attr->st_mtim),
	};

	return tree_set_times(change->fd, times);
}

/* To change nothing is to chown(2) to nobody, which clears the set-ID bits. The
 * kernel asks for it too before somebody without the right to leave them alone
 * allocates or copies (file_remove_privs() with FUSE_HANDLE_KILLPRIV_V2): where
 * that is a stranger, op_file.c deals with it, as a stranger's chown may not. */
static int set_nothing(const struct change *change)
{
	struct caller caller;
	int error = caller_of(change->caller, &caller);

	if (error < 0)
		return error;
	if (!change->node->directory && (change->old.st_mode & (S_ISUID | S_ISGID)) &&
	    !caller.root && caller.uid != change->old.st_uid)
		return 0;
	return set_owner(change);
}

/* With the rights of the caller. */
static int as_caller(const struct change *change, int (*set)(const struct change *change))
{
	ACTING acting = { 0 };
	int error = acting_begin(&acting, change->caller);

	return error < 0 ? error : set(change);
}

static bool sets_nothing(int to_set)
{
	return !(to_set & ~FUSE_SET_ATTR_KILL_SUID);
}

static int apply(const struct change *change)
{
	const int to_set = change->to_set;
	int error = 0;

	if (sets_nothing(to_set))
		return as_caller(change, set_nothing);
	if (to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		error = as_caller(change, set_owner);
	if (error == 0 && (to_set & FUSE_SET_ATTR_MODE))
		error = as_caller(change, set_mode);
	if (error == 0 && (to_set & FUSE_SET_ATTR_SIZE))
		error = set_size(change);
	if (error == 0 && (to_set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME)))
		error = as_caller(change, set_times);
	return error;
}

/* Who a chown(2) makes the owner natively. */
static int find_owner(const struct owners *owners, struct change *change)
{
	const int to_set = change->to_set;
	const struct stat *attr = change->attr;
	int error = id_given(&owners->users, to_set & FUSE_SET_ATTR_UID ? attr->st_uid : NO_ID,
			     &change->uid);

	if (error < 0)
		return error;
	return id_given(&owners->groups, to_set & FUSE_SET_ATTR_GID ? attr->st_gid : NO_ID,
			&change->gid);
}

#define TIMES_NOW                                                              \
	(FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW | \
	 FUSE_SET_ATTR_MTIME_NOW)

/* Not only an owner may set nothing, the size, and the times to now. */
static int check_owner(const struct change *change)
{
	struct caller caller;
	int error = caller_of(change->caller, &caller);

	if (error < 0 || sets_nothing(change->to_set) || (change->to_set & FUSE_SET_ATTR_SIZE))
		return error;
	if (node_owner_may(change->node, &change->old, caller.uid, caller.root))
		return 0;
	return change->to_set == TIMES_NOW ? caller_access(change->caller, change->fd, W_OK)
					   : -EPERM;
}

static int attr_set(struct fs *fs, struct node *node, const struct stat *attr, int to_set,
		    const struct handle *handle, fuse_req_t caller, struct stat *st)
{
	NAMES held = names_hold(fs);
	struct change change = {
		.node = node, .handle = handle, .attr = attr, .to_set = to_set, .caller = caller
	};
	int error = tree_check_writable(node);

	if (error < 0)
		return error;
	change.fd = handle != NULL ? handle->fd : tree_open_to_change(fs, node);
	if (change.fd < 0)
		return change.fd;
	if (pshm_fstat(change.fd, &change.old) < 0)
		error = -errno;
	if (error == 0)
		error = check_owner(&change);
	if (error == 0)
		error = find_owner(&fs->options->owners, &change);
	if (error == 0)
		error = apply(&change);
	if (error == 0 && pshm_fstat(change.fd, st) < 0)
		error = -errno;
	if (handle == NULL)
		pshm_close(change.fd);
	if (error < 0)
		return error;
	tree_show_status(st, node->directory && !tree_is_space(fs, node));
	node_tell(node, st, false);
	return 0;
}

void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);
	struct stat st;
	int error = attr_set(fs, node, attr, to_set, fi != NULL ? handle_in(fs_of(req), fi) : NULL,
			     req, &st);

	audit_setattr(req, node, to_set, fi, error);
	if (error < 0)
		reply_error(req, error);
	else
		reply_status(req, &st, 0);
}

/* ---- statfs ---- */

/* The names of the directories above are part of an object's name. */
static size_t longest_name(struct node *node)
{
	object_name prefix, component;
	bool found =
		node->directory ? node_prefix(node, prefix) : node_place(node, prefix, component);

	return NAME_MAX - (found ? strlen(prefix) : 0);
}

static int attr_statfs(struct fs *fs, struct node *node, struct statvfs *status)
{
	NAMES held = names_hold(fs);

	if (node == NULL)
		return -ESTALE;
	if (fstatvfs(fs->space, status) < 0)
		return -errno;
	status->f_namemax = longest_name(node);
	return quota_statfs(fs, status);
}

void fs_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);
	struct statvfs status;
	int error = attr_statfs(fs, node, &status);

	if (error < 0)
		reply_error(req, error);
	else
		fuse_reply_statfs(req, &status);
}
