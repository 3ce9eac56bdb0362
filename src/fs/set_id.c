/* SPDX-License-Identifier: MIT */
#include "fs.h"
#include "set_id.h"

#include "tree.h"

#include "posix_shm.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static bool is_among_groups(fuse_req_t req, gid_t gid)
{
	const int count = fuse_req_getgroups(req, 0, NULL);
	bool found = false;
	gid_t *groups;
	int have;

	if (count <= 0)
		return false;
	groups = calloc((size_t)count, sizeof(*groups));
	if (groups == NULL)
		return false;
	have = fuse_req_getgroups(req, count, groups);
	for (int i = 0; i < have && i < count; i++)
		found |= groups[i] == gid;
	free(groups);
	return found;
}

/* setattr_should_drop_sgid() in the kernel's fs/attr.c: without execution by
 * the group the bit is no identity, and members may keep it. */
static bool keeps_setgid(fuse_req_t req, const struct stat *st)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	if (st->st_mode & S_IXGRP)
		return false;
	return ctx->uid == 0 || ctx->gid == st->st_gid || is_among_groups(req, st->st_gid);
}

int set_id_clear(fuse_req_t req, int fd)
{
	struct stat st;
	mode_t mode;

	if (pshm_fstat(fd, &st) < 0)
		return -errno;
	mode = st.st_mode & ~(mode_t)S_ISUID;
	if ((mode & S_ISGID) && !keeps_setgid(req, &st))
		mode &= ~(mode_t)S_ISGID;
	return mode == st.st_mode ? 0 : tree_chmod(fd, mode);
}
