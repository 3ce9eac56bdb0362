/* SPDX-License-Identifier: MIT */
/*
 * Set-user-ID and set-group-ID bits that a call would clear on one side only. Both workers see the
 * same bits, so both leave the call out. See differences.c for the reasons.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operation.h"
#include "worker.h"

/* Nothing is written through an O_PATH descriptor. */
static bool file_written(int fd, struct stat *st)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !(flags & O_PATH) && fstat(fd, st) == 0;
}

/* The file that the call would change; false when there is none. */
static bool changed_file(const struct worker *worker, const struct call *call, struct stat *st)
{
	unsigned fields = operation_of(call)->fields;
	const struct place *at = &call->at[0];

	if (fields & OFLAGS && !(call->flags & O_TRUNC))
		return false;
	if (!(fields & (WRITES | WRITES2 | TRUNCATES | OFLAGS)))
		return false;
	if (fields & PATH)
		return fstatat(place_fd(worker, at), at->path, st, AT_SYMLINK_NOFOLLOW) == 0;
	return file_written(slot_fd(worker, fields & WRITES2 ? call->slot2 : call->slot), st);
}

static bool may_be_too_big(const struct call *call)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	return limit.rlim_cur != RLIM_INFINITY || call->off >= 1L << 40 || call->off2 >= 1L << 40;
}

static bool meets_quirk(const struct call *call, const struct stat *st)
{
	bool superuser = geteuid() == 0;
	unsigned fields = operation_of(call)->fields;

	/* "fallocate and set-ID bits" */
	if (operation_of(call)->run == run_fallocate && !superuser)
		return true;
	/* "chown to nobody" */
	if (fields & OWNER && call->uid == -1u && call->gid == -1u && !superuser)
		return st->st_uid != geteuid();
	/* "truncate to nothing of nothing" */
	if (operation_of(call)->run == run_truncate && st->st_blocks == 0 &&
	    st->st_size == call->len)
		return true;
	/* "set-group-ID without group execute" */
	if (st->st_mode & S_ISGID && !(st->st_mode & S_IXGRP) && !superuser)
		return true;
	/* "failing writes and set-ID bits" */
	if (call->checks & CHECK_PASSTHROUGH && may_be_too_big(call))
		return true;
	/* "set-ID bits and the superuser" */
	return call->checks & CHECK_PASSTHROUGH && superuser && fields & (WRITES | WRITES2);
}

bool meets_set_id_quirk(const struct worker *worker, const struct call *call)
{
	struct stat st;

	if (!(call->checks & CHECK_QUIRKS) || !changed_file(worker, call, &st))
		return false;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & (S_ISUID | S_ISGID)))
		return false;
	return meets_quirk(call, &st);
}
