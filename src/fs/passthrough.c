/* SPDX-License-Identifier: MIT */
/*
 * The kernel allows one backing file for an inode at a time: a node has one
 * backing id, shared by its open files and given up by the last of them (an id
 * given up earlier is missed by the opener, who looks it up after our reply).
 *
 * An id that nobody knows of keeps its object's memory until the mount ends, and
 * a process can die in the instant in which it gets one. The kernel numbers them
 * one after the other. So the record of an open file (handover.h) has, before the
 * kernel is asked for an id, ~N: it will be one of those that come after N.
 */
#include "capabilities.h"
#include "data.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* linux/fuse.h since 6.9; older headers than the kernel are usual. */
struct backing_map {
	int32_t fd;
	uint32_t flags;
	uint64_t padding;
};
#define BACKING_OPEN  _IOW(229, 1, struct backing_map)
#define BACKING_CLOSE _IOW(229, 2, uint32_t)

static pthread_mutex_t *lock_of(struct fs *fs, const struct node *node)
{
	return &fs->backing_locks[node->id % BACKING_LOCKS];
}

/* The kernel opens the backing file with the rights that the thread has at this
 * moment. With CAP_FSETID everybody's writes would leave set-user-ID bits alone. */
static int backing_open(struct fs *fs, int fd)
{
	struct backing_map map = { .fd = fd };
	struct capabilities before;
	int id;

	if (capabilities_drop(CAPABILITY(CAP_FSETID), &before) < 0)
		return -EPERM;
	id = ioctl(fuse_session_fd(fs->session), BACKING_OPEN, &map);
	if (id < 0)
		id = -errno;
	capabilities_restore(&before);
	return id;
}

static void backing_close(struct fs *fs, int id)
{
	const uint32_t argument = (uint32_t)id;

	ioctl(fuse_session_fd(fs->session), BACKING_CLOSE, &argument);
}

/* The id that a nameless object had for a moment. */
static int probed_id(struct fs *fs)
{
	const int fd = pshm_space_tmpfile(fs->space, O_RDWR, true, 0600);
	int id;

	if (fd < 0)
		return -errno;
	id = backing_open(fs, fd);
	pshm_close(fd);
	if (id >= 0)
		backing_close(fs, id);
	return id;
}

int passthrough_probe(struct fs *fs)
{
	const int id = probed_id(fs);

	return id < 0 ? id : 0;
}

static int locked_open(struct fs *fs, const struct handle *handle)
{
	struct handover *handover = fs->handover;
	int id;

	opened_record(&fs->opened, handle)->backing_id = ~handover->last_backing_id;
	id = backing_open(fs, handle->fd);
	if (id < 0)
		return id;
	handover->last_backing_id = id;
	handle->node->backing_id = id;
	return 0;
}

static int acquire(struct fs *fs, const struct handle *handle)
{
	struct node *node = handle->node;
	pthread_mutex_t *lock = lock_of(fs, node);
	int id = 0;

	pthread_mutex_lock(lock);
	if (node->backing_users == 0)
		id = locked_open(fs, handle);
	if (id >= 0) {
		node->backing_users++;
		id = node->backing_id;
		opened_record(&fs->opened, handle)->backing_id = id;
	}
	pthread_mutex_unlock(lock);
	return id;
}

int passthrough_open(struct fs *fs, struct handle *handle, struct fuse_file_info *fi)
{
	struct stat st;
	int id;

	if (pshm_fstat(handle->fd, &st) < 0)
		return -errno;
	id = acquire(fs, handle);
	if (id < 0)
		return id;
	fi->backing_id = id;
	/* Who may write without clearing these bits is the writer's affair, which
	 * the kernel does not look at here, and what fits into a quota is ours:
	 * such writes come to us. Mappings are the object's in any case. */
	fi->direct_io = (st.st_mode & (S_ISUID | S_ISGID)) != 0 ||
			((fi->flags & O_ACCMODE) != O_RDONLY && quota_wants_writes(&fs->quota));
	return 0;
}

void passthrough_close(struct fs *fs, struct handle *handle)
{
	struct node *node = handle->node;
	pthread_mutex_t *lock = lock_of(fs, node);

	pthread_mutex_lock(lock);
	if (--node->backing_users == 0)
		backing_close(fs, node->backing_id);
	pthread_mutex_unlock(lock);
}

/* Nobody else serves yet. Without an id it had not come so far: it is dropped. */
void passthrough_restore(struct fs *fs, struct handle *handle)
{
	const int id = opened_record(&fs->opened, handle)->backing_id;

	if (id <= 0)
		return;
	handle->node->backing_id = id;
	handle->node->backing_users++;
}

/* ---- after a death ---- */

/* Ids are used anew only when all of them have been. */
#define IDS INT32_MAX

/* So many come only where a thread stands still for minutes between asking and
 * recording; or the kernel does not number them so. */
#define SWEEP_MAX (1 << 20)

/* How many came after the one, up to the other. */
static int32_t count_between(int32_t id, int32_t last)
{
	return last >= id ? last - id : IDS - id + last;
}

/* How many came at most since an id was asked for that is not recorded. */
static int32_t count_unrecorded(const struct handover *handover, int32_t last)
{
	int32_t most = 0;

	for (uint32_t fd = 0; fd < handover->top; fd++) {
		const struct record *record = &handover->records[fd];
		const int32_t id = record->backing_id;

		if (record->kind == RECORD_FILE && id < 0 && count_between(~id, last) > most)
			most = count_between(~id, last);
	}
	return most;
}

/* Those of the last so many that open files have. */
static void find_used(const struct handover *handover, int32_t last, bool *used, int32_t count)
{
	for (uint32_t fd = 0; fd < handover->top; fd++) {
		const struct record *record = &handover->records[fd];
		const int32_t id = record->backing_id;

		if (record->kind == RECORD_FILE && id > 0 && count_between(id, last) < count)
			used[count_between(id, last)] = true;
	}
}

void passthrough_sweep(struct fs *fs)
{
	const int32_t last = probed_id(fs);
	const int32_t count = last > 0 ? count_unrecorded(fs->handover, last) : 0;
	bool *used = count > 0 && count < SWEEP_MAX ? calloc((size_t)count, sizeof(*used)) : NULL;

	if (used == NULL)
		return;
	find_used(fs->handover, last, used, count);
	for (int32_t i = 0; i < count; i++)
		if (!used[i])
			backing_close(fs, last > i ? last - i : IDS - i + last);
	free(used);
}

void passthrough_drop(struct fs *fs, int id)
{
	const struct handover *handover = fs->handover;

	if (id <= 0)
		return;
	for (uint32_t fd = 0; fd < handover->top; fd++) {
		const struct record *record = &handover->records[fd];

		if (record->kind == RECORD_FILE && record->backing_id == id)
			return;
	}
	backing_close(fs, id);
}
