/* SPDX-License-Identifier: MIT */
#include "rights.h"

#include "posix_shm.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* May he write in the directory? */
static int check_directory(fuse_req_t req, struct node *directory)
{
	NAMES held = names_hold(fs_of(req));
	const int fd = tree_open(fs_of(req), directory, O_PATH);
	int error;

	if (fd < 0)
		return fd;
	error = caller_access(req, fd, W_OK | X_OK);
	pshm_close(fd);
	return error;
}

int rights_to_write(fuse_req_t req, struct node *directory)
{
	return caller_is_limited(req) ? check_directory(req, directory) : 0;
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

/* ---- names in directories with the sticky bit ---- */

int rights_to_remove(fuse_req_t req, const char *prefix, const struct found *found,
		     struct removal *removal)
{
	const uid_t owner = found->st.st_uid;
	struct caller caller;
	struct stat st;
	int error = caller_of(req, &caller);

	*removal = (struct removal){ .right = FREELY, .owner = owner };
	if (error == 0)
		error = tree_stat_directory(fs_of(req), prefix, &st);
	if (error < 0 || !(st.st_mode & S_ISVTX) || caller.root || caller.uid == st.st_uid)
		return error;
	removal->right = BY_OWNER;
	if (caller.uid == owner || (!caller.limited && caller_has_fowner(req, &found->st)))
		return 0;
	return -EPERM;
}

/* The shm file system judges both names as those of one directory. Where they
 * have two owners, it cannot be asked. */
struct removal rights_of_both(const struct removal *a, const struct removal *b)
{
	struct removal both = *a;

	if (a->right == FREELY)
		both.right = b->right;
	if (a->owner != b->owner)
		both.right = FREELY;
	return both;
}

int removal_begin(struct removal *removal, fuse_req_t req)
{
	if (removal->right == BY_CALLER)
		return caller_begin_with_groups(req, &removal->before);
	if (removal->right == BY_OWNER)
		return caller_begin_as_remover(removal->owner, &removal->before);
	return 0;
}

void removal_end(const struct removal *removal)
{
	if (removal->right == BY_CALLER)
		caller_end_with_groups(removal->before);
	if (removal->right == BY_OWNER)
		caller_end_as_remover(removal->before);
}
