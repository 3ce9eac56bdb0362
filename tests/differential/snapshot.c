/* SPDX-License-Identifier: MIT */
/* What stat(2) says of everything that a call names, seen by the worker itself with its own rights.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "operation.h"
#include "worker.h"

/* The directory that holds the last component, by the text alone. */
static void parent_of(const char *path, char *parent)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	if (len == 0) {
		strcpy(parent, ".");
		return;
	}
	memcpy(parent, path, len);
	parent[len] = '\0';
}

static void snapshot_fill(const struct worker *worker, struct snapshot *snapshot, int result,
			  const struct stat *st)
{
	snapshot->err = result < 0 ? errno : 0;
	if (result < 0)
		return;
	snapshot->root = st->st_ino == worker->root;
	snapshot->mode = st->st_mode;
	snapshot->uid = st->st_uid;
	snapshot->gid = st->st_gid;
	snapshot->blksize = (uint32_t)st->st_blksize;
	snapshot->nlink = st->st_nlink;
	snapshot->size = st->st_size;
	snapshot->blocks = st->st_blocks;
	snapshot->times[0] = st->st_atim;
	snapshot->times[1] = st->st_mtim;
	snapshot->times[2] = st->st_ctim;
}

static void take_path(struct worker *worker, const struct place *place, struct snapshot *snapshots,
		      struct stat *inodes)
{
	char parent[PATH_BYTES];
	int dir = place_fd(worker, place);
	int result = fstatat(dir, place->path, &inodes[0], AT_SYMLINK_NOFOLLOW);

	snapshot_fill(worker, &snapshots[0], result, &inodes[0]);
	parent_of(place->path, parent);
	result = fstatat(dir, parent, &inodes[1], AT_SYMLINK_NOFOLLOW);
	snapshot_fill(worker, &snapshots[1], result, &inodes[1]);
}

static void take_slot(struct worker *worker, int slot, struct snapshot *snapshot,
		      struct stat *inode)
{
	int result = fstat(slot_fd(worker, slot), inode);

	snapshot_fill(worker, snapshot, result, inode);
}

void snapshots_take(struct worker *worker, const struct call *call, struct snapshot *snapshots,
		    struct stat *inodes)
{
	unsigned fields = operation_of(call)->fields;

	if (fields & PATH)
		take_path(worker, &call->at[0], &snapshots[OF_PATH], &inodes[OF_PATH]);
	if (fields & PATH2)
		take_path(worker, &call->at[1], &snapshots[OF_PATH2], &inodes[OF_PATH2]);
	if (fields & SLOT)
		take_slot(worker, call->slot, &snapshots[OF_SLOT], &inodes[OF_SLOT]);
	if (fields & SLOT2)
		take_slot(worker, call->slot2, &snapshots[OF_SLOT2], &inodes[OF_SLOT2]);
	if (fields & NEW_SLOT)
		take_slot(worker, call->new_slot, &snapshots[OF_NEW_SLOT], &inodes[OF_NEW_SLOT]);
}

static int8_t number_of(const struct stat **seen, int *n, const struct stat *st)
{
	for (int i = 0; i < *n; i++)
		if (seen[i]->st_ino == st->st_ino && seen[i]->st_dev == st->st_dev)
			return (int8_t)i;
	seen[*n] = st;
	return (int8_t)(*n)++;
}

void snapshots_number(struct outcome *outcome, const struct stat *before, const struct stat *after)
{
	const struct stat *seen[2 * SNAPSHOTS];
	int n = 0;

	for (int i = 0; i < SNAPSHOTS; i++)
		outcome->inode_before[i] =
			outcome->before[i].err ? -1 : number_of(seen, &n, &before[i]);
	for (int i = 0; i < SNAPSHOTS; i++)
		outcome->inode_after[i] =
			outcome->after[i].err ? -1 : number_of(seen, &n, &after[i]);
}

static bool is_dead(int dir, const char *path, int flags)
{
	struct stat st;

	return fstatat(dir, path, &st, flags) == 0 && st.st_nlink == 0;
}

static uint32_t dead_slot(const struct worker *worker, int slot)
{
	int fd = slot_fd(worker, slot);
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || !(flags & O_PATH))
		return 0;
	return is_dead(fd, "", AT_EMPTY_PATH) ? DEAD_PATH_FD : 0;
}

/* Looks whether the call goes through something that is no longer in the tree and that nothing
 * holds open. */
uint32_t dead_directories(struct worker *worker, const struct call *call)
{
	unsigned fields = operation_of(call)->fields;
	uint32_t dead = 0;

	if (is_dead(AT_FDCWD, "", AT_EMPTY_PATH))
		dead |= DEAD_CWD;
	if (fields & (PATH | PATH2) && call->at[0].dir >= 0)
		dead |= dead_slot(worker, call->at[0].dir);
	if (fields & PATH2 && call->at[1].dir >= 0)
		dead |= dead_slot(worker, call->at[1].dir);
	if (fields & SLOT)
		dead |= dead_slot(worker, call->slot);
	if (fields & SLOT2)
		dead |= dead_slot(worker, call->slot2);
	if (fields & NEW_SLOT)
		dead |= dead_slot(worker, call->new_slot);
	return dead;
}
