/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct owners *owners_of(fuse_req_t req)
{
	return &fs_of(req)->options->owners;
}

int caller_of(fuse_req_t req, struct caller *caller)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	const struct owners *owners = owners_of(req);

	*caller = (struct caller){ .uid = ctx->uid, .gid = ctx->gid, .umask = ctx->umask };
	if (!owners_mapped(owners)) {
		caller->root = caller->uid == 0;
		return 0;
	}
	if (!id_of_caller(&owners->users, ctx->uid, &caller->uid) ||
	    !id_of_caller(&owners->groups, ctx->gid, &caller->gid))
		return -EOVERFLOW;
	/* Not he whom a pair, or uid=0, makes user 0. */
	caller->root = ctx->uid == 0 && caller->uid == 0 && !owners->users.is_one;
	caller->limited = !caller->root;
	caller->lent = ctx->uid != caller->uid || ctx->gid != caller->gid;
	return 0;
}

mode_t caller_mode(const struct owners *owners, const struct caller *caller, mode_t mode,
		   gid_t group)
{
	if (!caller->limited)
		return mode;
	if (!caller->lent && id_shown(&owners->groups, group) == group)
		return mode;
	return mode & ~(mode_t)(S_ISUID | S_ISGID);
}

bool caller_is_root(fuse_req_t req)
{
	struct caller caller;

	return caller_of(req, &caller) == 0 && caller.root;
}

bool caller_is_limited(fuse_req_t req)
{
	struct caller caller;

	return caller_of(req, &caller) < 0 || caller.limited;
}

/* ---- identities ---- */

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

/* Takes out those that are nobody's natively, and gives how many are left. */
static int map_groups(const struct id_map *map, gid_t *groups, int count)
{
	int kept = 0;

	for (int i = 0; i < count; i++)
		if (id_of_caller(map, groups[i], &groups[kept]))
			kept++;
	return kept;
}

/* The supplementary groups natively: a count, with *groups the caller's to free. */
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
	if (have < 0)
		return have;
	return map_groups(&owners_of(req)->groups, *groups, have < count ? have : count);
}

/* setgroups(2) of the C library is for all threads; the system call for this one. */
static int set_groups(size_t count, const gid_t *groups)
{
	return syscall(SYS_setgroups, count, groups) < 0 ? -errno : 0;
}

/* An id that the daemon's own user namespace lacks is not taken, in silence. */
static bool is_now(const struct caller *caller)
{
	return (uid_t)setfsuid(NO_ID) == caller->uid && (gid_t)setfsgid(NO_ID) == caller->gid;
}

static int begin(const struct caller *caller, struct identity *before)
{
	int error = 0;

	*before = caller_begin(caller->uid, caller->gid);
	if (!caller->limited)
		return 0;
	if (capabilities_drop(CAPABILITIES_ALL, &before->capabilities) < 0)
		error = -EPERM;
	else if (!is_now(caller))
		error = -EOVERFLOW;
	if (error < 0)
		caller_end_with_groups(*before);
	return error;
}

int caller_begin_with_groups(fuse_req_t req, struct identity *before)
{
	struct caller caller;
	gid_t *groups;
	int error = caller_of(req, &caller), count;

	if (error < 0)
		return error;
	count = error = read_groups(req, &groups);
	/* Of another process namespace: fewer rights are no fault. */
	if (count < 0 && caller.limited)
		count = 0;
	/* An ordinary user's daemon has his groups, and no right to change them. */
	if (count >= 0)
		error = geteuid() == 0 ? set_groups((size_t)count, groups) : 0;
	free(groups);
	return error < 0 ? error : begin(&caller, before);
}

void caller_end_with_groups(struct identity before)
{
	const int error = errno;

	/* These first: they have the right to the rest. */
	capabilities_restore(&before.capabilities);
	caller_end(before);
	if (geteuid() == 0)
		set_groups(0, NULL);
	errno = error;
}

int caller_begin_as_remover(uid_t uid, struct identity *before)
{
	struct capabilities kept;

	if (capabilities_drop(CAPABILITY(CAP_FOWNER), &before->capabilities) < 0)
		return -EPERM;
	kept = before->capabilities;
	before->gid = (gid_t)setfsgid(NO_ID);
	before->uid = (uid_t)setfsuid(uid);
	/* Another user's fsuid has taken more away. */
	kept.sets[0].effective &= ~CAP_TO_MASK(CAP_FOWNER);
	capabilities_restore(&kept);
	return 0;
}

void caller_end_as_remover(struct identity before)
{
	const int error = errno;

	capabilities_restore(&before.capabilities);
	caller_end(before);
	errno = error;
}

/* The file of /proc of who sent the request; NULL where he is of another process
 * namespace, or gone. */
static FILE *open_proc(fuse_req_t req, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)fuse_req_ctx(req)->pid, name);
	return fopen(path, "re");
}

static bool has_effective(fuse_req_t req, int capability)
{
	FILE *status = open_proc(req, "status");
	unsigned long long effective = 0;
	char *line = NULL;
	size_t size = 0;

	if (status == NULL)
		return false;
	while (getline(&line, &size, status) > 0)
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	free(line);
	fclose(status);
	return effective >> capability & 1;
}

/* map is uid_map or gid_map (man 7 user_namespaces). */
static bool is_mapped(fuse_req_t req, const char *map, unsigned id)
{
	FILE *file = open_proc(req, map);
	unsigned inside, outside, count;
	bool found = false;

	if (file == NULL)
		return false;
	while (!found && fscanf(file, "%u %u %u", &inside, &outside, &count) == 3)
		found = id >= outside && id - outside < count;
	fclose(file);
	return found;
}

/* capable_wrt_inode_uidgid() in the kernel. */
bool caller_has_fowner(fuse_req_t req, const struct stat *st)
{
	return has_effective(req, CAP_FOWNER) && is_mapped(req, "uid_map", st->st_uid) &&
	       is_mapped(req, "gid_map", st->st_gid);
}

bool caller_is_in_group(fuse_req_t req, gid_t gid)
{
	struct caller caller;
	gid_t *groups;
	int count = read_groups(req, &groups);
	bool found = caller_of(req, &caller) == 0 && caller.gid == gid;

	for (int i = 0; i < count; i++)
		found |= groups[i] == gid;
	free(groups);
	return found;
}

/* ---- acting as the HOST ---- */

int acting_begin(struct acting *acting, fuse_req_t req)
{
	struct caller caller;
	int error;

	*acting = (struct acting){ 0 };
	error = caller_of(req, &caller);
	if (error == 0 && caller.limited)
		error = caller_begin_with_groups(req, &acting->before);
	acting->begun = error == 0 && caller.limited;
	return error;
}

void acting_end(struct acting *acting)
{
	if (acting->begun)
		caller_end_with_groups(acting->before);
	acting->begun = false;
}

int caller_access(fuse_req_t req, int fd, int mode)
{
	ACTING acting = { 0 };
	int error = acting_begin(&acting, req);

	if (error < 0 || !acting.begun)
		return error;
	return syscall(SYS_faccessat2, fd, "", mode, AT_EACCESS | AT_EMPTY_PATH) < 0 ? -errno : 0;
}
