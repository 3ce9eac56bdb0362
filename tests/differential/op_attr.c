/* SPDX-License-Identifier: MIT */
/* Attributes. What stat says is in the snapshots around each call. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "operation.h"

OPERATION(stat)
{
	struct stat st;

	finish(outcome,
	       fstatat(place_fd(worker, &call->at[0]), call->at[0].path, &st, (int)call->flags));
}

OPERATION(fstat)
{
	struct stat st;

	finish(outcome, fstat(slot_fd(worker, call->slot), &st));
}

OPERATION(access)
{
	finish(outcome, faccessat(place_fd(worker, &call->at[0]), call->at[0].path,
				  (int)(call->mode & (R_OK | W_OK | X_OK)), (int)call->flags));
}

/* See "rights on the root directory" in differences.c. */
static uint32_t mode_for(const struct worker *worker, const struct call *call, int dir,
			 const char *path)
{
	struct stat st;
	int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;

	if (!(call->checks & CHECK_QUIRKS) || fstatat(dir, path, &st, flags) < 0 ||
	    st.st_ino != worker->root)
		return call->mode;
	return (call->mode & S_ISVTX) | 0777;
}

OPERATION(chmod)
{
	const struct place *at = &call->at[0];
	int dir = place_fd(worker, at);

	finish(outcome, fchmodat(dir, at->path, mode_for(worker, call, dir, at->path), 0));
}

OPERATION(fchmod)
{
	int fd = slot_fd(worker, call->slot);

	finish(outcome, fchmod(fd, mode_for(worker, call, fd, "")));
}

OPERATION(chown)
{
	finish(outcome, fchownat(place_fd(worker, &call->at[0]), call->at[0].path, call->uid,
				 call->gid, (int)call->flags));
}

OPERATION(fchown)
{
	finish(outcome, fchown(slot_fd(worker, call->slot), call->uid, call->gid));
}

OPERATION(utimens)
{
	finish(outcome, utimensat(place_fd(worker, &call->at[0]), call->at[0].path, call->times,
				  (int)call->flags));
}

OPERATION(futimens)
{
	finish(outcome, futimens(slot_fd(worker, call->slot), call->times));
}

OPERATION(statfs)
{
	struct statvfs fs;

	/* How long a name may be differs between the sides in a directory, and how much is free
	 * anyway. */
	finish(outcome, fstatvfs(slot_fd(worker, call->slot), &fs));
	if (outcome->ret < 0)
		return;
	outcome->values[0] = (int64_t)fs.f_bsize;
	outcome->values[1] = (int64_t)fs.f_frsize;
	outcome->values[2] = (int64_t)fs.f_blocks;
}
