/* SPDX-License-Identifier: MIT */
#include "rights.h"

#include "caller.h"
#include "tree.h"

#include "posix_shm.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* May he write in the directory? Its status is for what follows from it. */
static int check_directory(fuse_req_t req, struct node *directory, struct stat *st)
{
	const int fd = tree_open(fs_of(req), directory, O_PATH);
	int error;

	if (fd < 0)
		return fd;
	error = caller_access(req, fd, W_OK | X_OK);
	if (error == 0 && pshm_fstat(fd, st) < 0)
		error = -errno;
	pshm_close(fd);
	return error;
}

static int check_make(fuse_req_t req, struct node *directory)
{
	NAMES held = names_hold(fs_of(req));
	struct stat st;

	return check_directory(req, directory, &st);
}

int rights_to_make(fuse_req_t req, struct node *directory)
{
	return caller_is_limited(req) ? check_make(req, directory) : 0;
}

/* In a directory with the sticky bit names are their owners', and its owner's. */
static int check_sticky(fuse_req_t req, struct node *directory, const char *name,
			const struct stat *st)
{
	object_name prefix;
	struct caller caller;
	struct found found;
	int error = caller_of(req, &caller);

	if (error == 0)
		error = tree_prefix(directory, prefix);
	if (error == 0)
		error = tree_find(fs_of(req), prefix, name, &found);
	/* What is not there is the operation's to tell. */
	if (error < 0)
		return error == -EOVERFLOW ? error : 0;
	return caller.uid == found.st.st_uid || caller.uid == st->st_uid ? 0 : -EPERM;
}

static int check_change(fuse_req_t req, struct node *directory, const char *name)
{
	NAMES held = names_hold(fs_of(req));
	struct stat st;
	int error = check_directory(req, directory, &st);

	if (error == 0 && (st.st_mode & S_ISVTX))
		error = check_sticky(req, directory, name, &st);
	return error;
}

int rights_to_change(fuse_req_t req, struct node *directory, const char *name)
{
	return caller_is_limited(req) ? check_change(req, directory, name) : 0;
}

/* safe_hardlink_source() in the kernel's fs/namei.c. */
static int check_source(fuse_req_t req, int fd)
{
	const mode_t set_group_id = S_ISGID | S_IXGRP;
	struct caller caller;
	struct stat st;
	int error = caller_of(req, &caller);

	if (error < 0)
		return error;
	if (pshm_fstat(fd, &st) < 0)
		return -errno;
	if (caller.uid == st.st_uid)
		return 0;
	if ((st.st_mode & S_ISUID) || (st.st_mode & set_group_id) == set_group_id)
		return -EPERM;
	return caller_access(req, fd, R_OK | W_OK) == 0 ? 0 : -EPERM;
}

static int check_link(fuse_req_t req, struct node *node)
{
	struct fs *fs = fs_of(req);
	NAMES held = names_hold(fs);
	const int fd = tree_open(fs, node, O_PATH);
	int error;

	if (fd < 0)
		return fd;
	error = check_source(req, fd);
	pshm_close(fd);
	return error;
}

int rights_to_link(fuse_req_t req, struct node *node)
{
	return caller_is_limited(req) ? check_link(req, node) : 0;
}
