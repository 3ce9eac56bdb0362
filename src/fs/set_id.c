/* SPDX-License-Identifier: MIT */
#include "set_id.h"

#include "caller.h"
#include "tree.h"

#include "posix_shm.h"

#include <errno.h>
#include <stdbool.h>

/* setattr_should_drop_sgid() in the kernel's fs/attr.c: without execution by
 * the group the bit is no identity, and members may keep it. */
static bool keeps_setgid(fuse_req_t req, const struct stat *st)
{
	if (st->st_mode & S_IXGRP)
		return false;
	return caller_is_root(req) || caller_is_in_group(req, st->st_gid);
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
