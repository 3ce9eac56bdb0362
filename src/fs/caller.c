/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

void caller_begin(uid_t uid, gid_t gid)
{
	/* The group first: the right to choose it goes with the user. */
	setfsgid(gid);
	setfsuid(uid);
}

void caller_end(void)
{
	setfsuid(geteuid());
	setfsgid(getegid());
}

/* The supplementary groups: a count, with *groups the caller's to free. */
static int read_groups(fuse_req_t req, gid_t **groups)
{
	int count = fuse_req_getgroups(req, 0, NULL);
	int have;

	*groups = NULL;
	if (count < 0)
		return count;
	*groups = calloc((size_t)count + 1, sizeof(**groups));
	if (*groups == NULL)
		return -ENOMEM;
	have = fuse_req_getgroups(req, count, *groups);
	return have < count ? have : count;
}

/* setgroups(2) of the C library is for all threads; the system call for this one. */
static int set_groups(size_t count, const gid_t *groups)
{
	return syscall(SYS_setgroups, count, groups) < 0 ? -errno : 0;
}

int caller_begin_with_groups(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	gid_t *groups;
	int count = read_groups(req, &groups), error = count;

	/* An ordinary user's daemon has his groups, and no right to change them. */
	if (count >= 0)
		error = geteuid() == 0 ? set_groups((size_t)count, groups) : 0;
	free(groups);
	if (error >= 0)
		caller_begin(ctx->uid, ctx->gid);
	return error < 0 ? error : 0;
}

void caller_end_with_groups(void)
{
	const int error = errno;

	caller_end();
	if (geteuid() == 0)
		set_groups(0, NULL);
	errno = error;
}

bool caller_is_in_group(fuse_req_t req, gid_t gid)
{
	bool found = fuse_req_ctx(req)->gid == gid;
	gid_t *groups;
	int count = read_groups(req, &groups);

	for (int i = 0; i < count; i++)
		found |= groups[i] == gid;
	free(groups);
	return found;
}

/* capset(2) is a thread's own affair; libcap would ask the same of it. */
static bool set_fsetid(bool on)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	const unsigned bit = CAP_TO_MASK(CAP_FSETID);

	if (syscall(SYS_capget, &header, data) < 0 || !(data[0].permitted & bit))
		return false;
	if (on)
		data[0].effective |= bit;
	else
		data[0].effective &= ~bit;
	return syscall(SYS_capset, &header, data) == 0;
}

bool caller_drop_fsetid(void)
{
	return set_fsetid(false);
}

void caller_raise_fsetid(void)
{
	set_fsetid(true);
}
