/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Both calls tell what was before, and nothing else: man 2 setfsuid. */
struct identity caller_begin(uid_t uid, gid_t gid)
{
	/* The group first: the right to choose it goes with the user. */
	const gid_t group = (gid_t)setfsgid(gid);

	return (struct identity){ .uid = (uid_t)setfsuid(uid), .gid = group };
}

void caller_end(struct identity before)
{
	setfsuid(before.uid);
	setfsgid(before.gid);
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

int caller_begin_with_groups(fuse_req_t req, struct identity *before)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	gid_t *groups;
	int count = read_groups(req, &groups), error = count;

	/* An ordinary user's daemon has his groups, and no right to change them. */
	if (count >= 0)
		error = geteuid() == 0 ? set_groups((size_t)count, groups) : 0;
	free(groups);
	if (error >= 0)
		*before = caller_begin(ctx->uid, ctx->gid);
	return error < 0 ? error : 0;
}

void caller_end_with_groups(struct identity before)
{
	const int error = errno;

	caller_end(before);
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
struct capabilities caller_drop_fsetid(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	struct capabilities before = { 0 };

	if (syscall(SYS_capget, &header, before.sets) < 0)
		return before;
	memcpy(sets, before.sets, sizeof(sets));
	sets[0].effective &= ~CAP_TO_MASK(CAP_FSETID);
	if (sets[0].effective != before.sets[0].effective)
		before.dropped = syscall(SYS_capset, &header, sets) == 0;
	return before;
}

void caller_restore_fsetid(const struct capabilities *before)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	if (before->dropped)
		syscall(SYS_capset, &header, before->sets);
}
