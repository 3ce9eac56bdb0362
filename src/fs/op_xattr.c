/* SPDX-License-Identifier: MIT */
#include "op_xattr.h"

#include "audit.h"
#include "caller.h"
#include "replay.h"
#include "tree.h"

#include "posix_shm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

/* The calls that take a descriptor refuse an O_PATH one, and to open the
 * object for reading is a right that the daemon may not have: by its way in
 * /proc. */
static int open_path(struct fs *fs, struct node *node, self_path path)
{
	int fd = tree_open(fs, node, O_PATH);

	if (fd >= 0)
		tree_self(fd, path);
	return fd;
}

/* A marker is a file, and those have no ACL for what is made in them. */
static bool is_unsupported(const struct fs *fs, const struct node *node, const char *name)
{
	return node != NULL && node->directory && !tree_is_space(fs, node) &&
	       strcmp(name, "system.posix_acl_default") == 0;
}

static ssize_t result_of(ssize_t result, int fd)
{
	if (result < 0)
		result = -errno;
	pshm_close(fd);
	return result;
}

static bool is_acl(const char *name)
{
	return strncmp(name, "system.posix_acl_", strlen("system.posix_acl_")) == 0;
}

/* Everybody's to read, as xattr_permission() in the kernel's fs/xattr.c has it.
 * The kernel asks for ACLs itself when it checks rights. */
static bool is_public(const char *name)
{
	return strncmp(name, "system.", strlen("system.")) == 0 ||
	       strncmp(name, "security.", strlen("security.")) == 0;
}

static ssize_t xattr_get(struct fs *fs, struct node *node, const char *name, void *value,
			 size_t size, fuse_req_t req)
{
	NAMES held = names_hold(fs);
	ACTING acting = { 0 };
	self_path path;
	int error = is_public(name) ? 0 : acting_begin(&acting, req), fd;
	ssize_t result;

	if (error < 0)
		return error;
	fd = open_path(fs, node, path);
	if (fd < 0)
		return fd;
	result = result_of(getxattr(path, name, value, size), fd);
	if (result > 0 && size > 0 && is_acl(name))
		owners_show_acl(&fs->options->owners, value, (size_t)result);
	return result;
}

/* Takes the names out that are shown to root alone (man 7 xattr). */
static size_t hide_trusted(char *list, size_t size)
{
	size_t kept = 0;

	for (size_t at = 0; at < size;) {
		const size_t len = strlen(list + at) + 1;

		if (strncmp(list + at, "trusted.", strlen("trusted.")) != 0) {
			memmove(list + kept, list + at, len);
			kept += len;
		}
		at += len;
	}
	return kept;
}

/* list has room for XATTR_LIST_MAX bytes. */
static ssize_t xattr_list(struct fs *fs, struct node *node, char *list, bool is_root)
{
	NAMES held = names_hold(fs);
	self_path path;
	int fd = open_path(fs, node, path);
	ssize_t size;

	if (fd < 0)
		return fd;
	size = result_of(listxattr(path, list, XATTR_LIST_MAX), fd);
	return size < 0 || is_root ? size : (ssize_t)hide_trusted(list, (size_t)size);
}

/* An ACL is its owner's to change, as the mode is. */
static int check_owner(struct node *node, int fd, const char *name, fuse_req_t req)
{
	struct caller caller;
	struct stat st;
	int error = caller_of(req, &caller);

	if (error < 0)
		return error;
	if (strncmp(name, "system.", strlen("system.")) != 0)
		return 0;
	if (pshm_fstat(fd, &st) < 0)
		return -errno;
	return node_owner_may(node, &st, caller.uid, caller.root) ? 0 : -EPERM;
}

/* A descriptor of an object whose attribute the user may change. */
static int open_to_change(struct fs *fs, struct node *node, const char *name, fuse_req_t req)
{
	int error = tree_check_writable(node), fd = -1;

	if (error == 0)
		error = fd = tree_open_to_change(fs, node);
	if (fd >= 0)
		error = check_owner(node, fd, name, req);
	if (error == 0)
		return fd;
	if (fd >= 0)
		pshm_close(fd);
	return error;
}

static bool is_there(int fd, const char *name)
{
	self_path path;

	return getxattr(tree_self(fd, path), name, NULL, 0) >= 0;
}

#define CHANGED 1

/* Where the attribute is as the call wants it already, that will fail. */
static void note_change(int fd, const char *name, bool is_to_be_there)
{
	if (replay_request() != 0 && is_there(fd, name) != is_to_be_there)
		replay_note(CHANGED);
}

/* Has a process set this that died before it could say so? */
static bool was_set(int fd, const char *name, const void *value, size_t size)
{
	char *present = replay_noted() == CHANGED ? malloc(size + 1) : NULL;
	self_path path;
	const bool was = present != NULL &&
			 getxattr(tree_self(fd, path), name, present, size + 1) == (ssize_t)size &&
			 memcmp(present, value, size) == 0;

	free(present);
	return was;
}

static int set_on(int fd, const char *name, const void *value, size_t size, int flags)
{
	self_path path;
	int result;

	if (replay_result() >= 0)
		return 0;
	if (flags & XATTR_CREATE)
		note_change(fd, name, true);
	result = fsetxattr(fd, name, value, size, flags);
	if (result < 0 && errno == EBADF)
		result = setxattr(tree_self(fd, path), name, value, size, flags);
	if (result < 0 && errno == EEXIST && was_set(fd, name, value, size))
		return 0;
	return (int)replay_done(result < 0 ? -errno : 0);
}

static int remove_on(int fd, const char *name)
{
	self_path path;
	int result;

	if (replay_result() >= 0)
		return 0;
	note_change(fd, name, false);
	result = fremovexattr(fd, name);
	if (result < 0 && errno == EBADF)
		result = removexattr(tree_self(fd, path), name);
	if (result < 0 && errno == ENODATA && replay_noted() == CHANGED)
		return 0;
	return (int)replay_done(result < 0 ? -errno : 0);
}

static int xattr_set(struct fs *fs, struct node *node, const char *name, const void *value,
		     size_t size, int flags, fuse_req_t req)
{
	NAMES held = names_hold(fs);
	ACTING acting = { 0 };
	int error, fd;

	if (is_unsupported(fs, node, name))
		return -EOPNOTSUPP;
	fd = open_to_change(fs, node, name, req);
	if (fd < 0)
		return fd;
	error = acting_begin(&acting, req);
	if (error == 0)
		error = set_on(fd, name, value, size, flags);
	pshm_close(fd);
	return error;
}

static int xattr_remove(struct fs *fs, struct node *node, const char *name, fuse_req_t req)
{
	NAMES held = names_hold(fs);
	ACTING acting = { 0 };
	int error, fd = open_to_change(fs, node, name, req);

	if (fd < 0)
		return fd;
	error = acting_begin(&acting, req);
	if (error == 0)
		error = remove_on(fd, name);
	pshm_close(fd);
	return error;
}

/* Size 0 asks for how much there is. */
static void reply_value(fuse_req_t req, const char *value, size_t size, ssize_t result)
{
	if (result < 0)
		reply_error(req, (int)result);
	else if (size == 0)
		fuse_reply_xattr(req, (size_t)result);
	else
		fuse_reply_buf(req, value, (size_t)result);
}

/* An ACL has ids in it, which natively are others. */
static int xattr_set_acl(struct fs *fs, struct node *node, const char *name, const void *value,
			 size_t size, int flags, fuse_req_t req)
{
	void *native = malloc(size + 1);
	int error = -ENOMEM;

	if (native != NULL) {
		memcpy(native, value, size);
		error = owners_take_acl(&fs->options->owners, native, size);
	}
	if (error == 0)
		error = xattr_set(fs, node, name, native, size, flags, req);
	free(native);
	return error;
}

void fs_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
		 int flags)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);

	int error = is_acl(name) ? xattr_set_acl(fs, node, name, value, size, flags, req)
				 : xattr_set(fs, node, name, value, size, flags, req);

	reply_error(req, audit_change(req, node, error));
}

void fs_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);
	char *value = malloc(size + 1);

	reply_value(req, value, size,
		    value == NULL ? -ENOMEM : xattr_get(fs, node, name, value, size, req));
	free(value);
}

void fs_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);
	char *list = malloc(XATTR_LIST_MAX);
	ssize_t result = -ENOMEM;

	if (list != NULL)
		result = xattr_list(fs, node, list, caller_is_root(req));
	if (size != 0 && result > (ssize_t)size)
		result = -ERANGE;
	reply_value(req, list, size, result);
	free(list);
}

void fs_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);

	int error = xattr_remove(fs, node, name, req);

	reply_error(req, audit_change(req, node, error));
}
