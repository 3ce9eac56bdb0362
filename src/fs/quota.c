/* SPDX-License-Identifier: MIT */
#include "quota.h"

#include "fs.h"
#include "tree.h"
#include "usage.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void quota_init(struct quota *quota, const struct options *options)
{
	*quota = (struct quota){
		.size = options->size,
		.inodes = options->nr_inodes,
		.reserve = options->reserve,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		/* Who shrinks an object must not wait for ever for its writers. */
		.shrink = NAMES_INITIALIZER,
		.open_lock = PTHREAD_MUTEX_INITIALIZER,
	};
}

/* ---- open files ---- */

/* Without a name it was made, or unlinked, here. */
static bool is_private(struct fs *fs, struct node *node)
{
	object_name prefix, component, name;

	return !node_place(node, prefix, component) ||
	       view_file(&fs->view, prefix, component, name) < 0 || usage_is_private(fs, name);
}

void quota_opened(struct fs *fs, struct handle *handle)
{
	if (quota_has_limit(&fs->quota))
		quota_restore(fs, handle, is_private(fs, handle->node));
}

void quota_restore(struct fs *fs, struct handle *handle, bool is_private)
{
	struct quota *quota = &fs->quota;

	if (!quota_has_limit(quota))
		return;
	handle->is_private = is_private;
	pthread_mutex_lock(&quota->open_lock);
	handle->open_at = &quota->open;
	handle->open_next = quota->open;
	if (handle->open_next != NULL)
		handle->open_next->open_at = &handle->open_next;
	quota->open = handle;
	pthread_mutex_unlock(&quota->open_lock);
}

void quota_closing(struct fs *fs, struct handle *handle)
{
	struct quota *quota = &fs->quota;

	if (!quota_has_limit(quota))
		return;
	pthread_mutex_lock(&quota->open_lock);
	*handle->open_at = handle->open_next;
	if (handle->open_next != NULL)
		handle->open_next->open_at = handle->open_at;
	pthread_mutex_unlock(&quota->open_lock);
}

/* ---- data ---- */

static void release(struct growth *growth)
{
	struct quota *quota = growth->quota;

	if (quota == NULL)
		return;
	if (growth->kept_from_shrinking)
		pthread_rwlock_unlock(&quota->shrink);
	if (growth->counted)
		pthread_mutex_unlock(&quota->lock);
	growth->quota = NULL;
}

/* How long the object may become. What is not the mount's own has no limit. */
static int locked_find_room(struct fs *fs, const struct stat *st, off_t *may)
{
	const uint64_t limit = fs->quota.size;
	struct usage usage;
	uint64_t own;
	int error;

	if (limit == 0)
		return 0;
	error = usage_read(&usage, fs, true);
	if (error == 0 && usage_has(&usage, st->st_ino, &own)) {
		const uint64_t others = usage.size - own;
		const off_t room = others < limit ? (off_t)(limit - others) : 0;

		/* Nothing is taken away from who is beyond it natively. */
		if (room < *may)
			*may = room > st->st_size ? room : st->st_size;
	}
	usage_free(&usage);
	return error;
}

/* On a descriptor that may be O_PATH. */
static int allocate(int fd, off_t off, off_t len)
{
	int error = fallocate(fd, FALLOC_FL_KEEP_SIZE, off, len) < 0 ? -errno : 0;
	int writable;

	if (error != -EBADF)
		return error;
	writable = tree_reopen(fd, O_WRONLY);
	if (writable < 0)
		return writable;
	error = fallocate(writable, FALLOC_FL_KEEP_SIZE, off, len) < 0 ? -errno : 0;
	pshm_close(writable);
	return error;
}

/* Memory for a call that begins at start, and by itself gives none to what lies
 * between the old end and there. For all of the growth, so that the call does
 * not fail after it; tmpfs allocates all or nothing. */
static int reserve(const struct growth *growth, off_t start)
{
	if (!growth->quota->reserve || start <= growth->old)
		return 0;
	return allocate(growth->fd, growth->old, growth->may - growth->old);
}

static int look(struct growth *growth, struct stat *st)
{
	if (pshm_fstat(growth->fd, st) < 0)
		return -errno;
	growth->old = st->st_size;
	return 0;
}

/* From now on, until the call is done. */
static int keep_from_shrinking(struct growth *growth, struct stat *st)
{
	pthread_rwlock_rdlock(&growth->quota->shrink);
	growth->kept_from_shrinking = true;
	return look(growth, st);
}

/* Who made the object as long as it can be, natively, leaves no room for a sum. */
static off_t end_of(const struct growth *growth, off_t off, off_t len)
{
	const off_t start = off == QUOTA_AT_END ? growth->old : off;

	if (len == 0)
		return 0;
	return len < INT64_MAX - start ? start + len : INT64_MAX;
}

/* As far as there is room. Nobody waits for a count but who grows something; an
 * object that shrinks meanwhile makes room alone. */
static int count(struct fs *fs, struct growth *growth, off_t off, off_t len)
{
	struct stat st;
	int error;

	growth->counted = true;
	pthread_mutex_lock(&growth->quota->lock);
	error = look(growth, &st);
	growth->may = growth->want = end_of(growth, off, len);
	if (error == 0 && growth->want > growth->old)
		error = locked_find_room(fs, &st, &growth->may);
	return error == 0 ? keep_from_shrinking(growth, &st) : error;
}

static int begin(struct fs *fs, int fd, off_t off, off_t len, struct growth *growth)
{
	struct stat st;
	int error;

	*growth = (struct growth){ .quota = &fs->quota, .fd = fd };
	error = keep_from_shrinking(growth, &st);
	growth->may = growth->want = end_of(growth, off, len);
	if (error == 0 && growth->want > growth->old) {
		release(growth);
		*growth = (struct growth){ .quota = &fs->quota, .fd = fd };
		error = count(fs, growth, off, len);
	}
	if (error < 0)
		release(growth);
	return error;
}

int quota_begin_write(struct fs *fs, int fd, off_t off, size_t *len, struct growth *growth)
{
	off_t start;
	int error;

	*growth = (struct growth){ 0 };
	if (!quota_wants_writes(&fs->quota))
		return 0;
	error = begin(fs, fd, off, (off_t)*len, growth);
	if (error < 0)
		return error;
	start = off == QUOTA_AT_END ? growth->old : off;
	if (growth->want > growth->old) {
		error = growth->may > start ? reserve(growth, start) : -ENOSPC;
		if (error == 0 && (off_t)*len > growth->may - start)
			*len = (size_t)(growth->may - start);
	}
	if (error < 0)
		release(growth);
	return error;
}

/* Other modes than these that would make an object longer, tmpfs does not have. */
int quota_begin_allocate(struct fs *fs, int fd, int mode, off_t off, off_t len,
			 struct growth *growth)
{
	const bool takes = mode == 0 || mode == FALLOC_FL_KEEP_SIZE;
	int error;

	*growth = (struct growth){ 0 };
	/* What makes no sense has an errno of its own. */
	if (!quota_wants_writes(&fs->quota) || !takes || off < 0 || len <= 0 ||
	    len > INT64_MAX - off)
		return 0;
	error = begin(fs, fd, off, len, growth);
	if (error == 0 && growth->may < growth->want)
		error = -ENOSPC;
	if (error == 0 && mode == 0)
		error = reserve(growth, off);
	if (error < 0)
		release(growth);
	return error;
}

/* Who shrinks an object waits for its writers, and who grows one for a count.
 * What grew by others' hands since then grew natively. */
int quota_begin_resize(struct fs *fs, int fd, off_t size, struct growth *growth)
{
	int error;

	*growth = (struct growth){ 0 };
	if (!quota_wants_writes(&fs->quota))
		return 0;
	*growth = (struct growth){ .quota = &fs->quota, .fd = fd };
	error = count(fs, growth, 0, size);
	if (error == 0 && size < growth->old) {
		pthread_rwlock_unlock(&fs->quota.shrink);
		pthread_rwlock_wrlock(&fs->quota.shrink);
	}
	if (error == 0 && growth->may < size)
		error = -ENOSPC;
	if (error == 0)
		error = reserve(growth, size);
	if (error < 0)
		release(growth);
	return error;
}

void quota_end(struct growth *growth)
{
	release(growth);
}

void quota_begin_truncate(struct fs *fs)
{
	if (quota_wants_writes(&fs->quota))
		pthread_rwlock_wrlock(&fs->quota.shrink);
}

void quota_end_truncate(struct fs *fs)
{
	if (quota_wants_writes(&fs->quota))
		pthread_rwlock_unlock(&fs->quota.shrink);
}

/* ---- names ---- */

struct quota *quota_hold(struct fs *fs)
{
	if (!quota_has_limit(&fs->quota))
		return NULL;
	pthread_mutex_lock(&fs->quota.lock);
	return &fs->quota;
}

int quota_locked_check_new(struct fs *fs, const char *name)
{
	struct usage usage;
	int error;

	if (fs->quota.inodes == 0 || (name != NULL && !usage_is_private(fs, name)))
		return 0;
	error = usage_read(&usage, fs, false);
	if (error == 0 && usage.inodes >= fs->quota.inodes)
		error = -ENOSPC;
	usage_free(&usage);
	return error;
}

/* With so many more names, is there room for the object? */
static int locked_check_coming(struct fs *fs, const struct stat *st, uint64_t names)
{
	const struct quota *quota = &fs->quota;
	struct usage usage;
	uint64_t own;
	int error = usage_read(&usage, fs, quota->size != 0);

	if (error == 0 && quota->inodes != 0 && usage.inodes + names > quota->inodes)
		error = -ENOSPC;
	if (error == 0 && quota->size != 0 && st->st_size > 0 &&
	    !usage_has(&usage, st->st_ino, &own) &&
	    usage.size + (uint64_t)st->st_size > quota->size)
		error = -ENOSPC;
	usage_free(&usage);
	return error;
}

/* A first name takes no inode more: tmpfs does the same in shmem_link(). */
int quota_locked_check_link(struct fs *fs, int fd, const char *newname)
{
	struct stat st;

	if (!quota_has_limit(&fs->quota) || !usage_is_private(fs, newname))
		return 0;
	if (pshm_fstat(fd, &st) < 0)
		return -errno;
	return locked_check_coming(fs, &st, st.st_nlink > 0 ? 1 : 0);
}

int quota_locked_check_rename(struct fs *fs, const char *name, const char *newname)
{
	struct pshm_info info, old;

	if (!quota_has_limit(&fs->quota) || usage_is_private(fs, name) ||
	    !usage_is_private(fs, newname))
		return 0;
	if (pshm_space_stat(fs->space, name, &info) < 0)
		return -errno;
	/* What has the name gives it up; its memory counts until it is gone. */
	return locked_check_coming(fs, &info.st,
				   pshm_space_stat(fs->space, newname, &old) < 0 ? 1 : 0);
}

/* ---- statfs ---- */

static uint64_t left(uint64_t limit, uint64_t used)
{
	return used < limit ? limit - used : 0;
}

/* Never more than the shm file system itself has, unless that has no limit. */
static uint64_t lesser(uint64_t mine, uint64_t free, uint64_t total)
{
	return total != 0 && free < mine ? free : mine;
}

/* Of a view, what others take is nobody's affair: the whole is what is left and
 * what is its own. */
static void show_space(struct fs *fs, const struct usage *usage, struct statvfs *status)
{
	const uint64_t limit = fs->quota.size, unit = status->f_frsize;
	const uint64_t mine = left(limit, usage->size) / unit;

	if (limit != 0) {
		status->f_bfree = lesser(mine, status->f_bfree, status->f_blocks);
		status->f_bavail = lesser(mine, status->f_bavail, status->f_blocks);
		status->f_blocks = limit / unit;
	} else if (view_is_part(&fs->view) && status->f_blocks != 0) {
		status->f_blocks = status->f_bfree + usage->memory / unit;
	}
}

static void show_inodes(struct fs *fs, const struct usage *usage, struct statvfs *status)
{
	const uint64_t limit = fs->quota.inodes;
	const uint64_t mine = left(limit, usage->inodes);

	if (limit != 0) {
		status->f_ffree = lesser(mine, status->f_ffree, status->f_files);
		status->f_favail = status->f_ffree;
		status->f_files = limit;
	} else if (view_is_part(&fs->view) && status->f_files != 0) {
		status->f_files = status->f_ffree + usage->inodes;
	}
}

int quota_statfs(struct fs *fs, struct statvfs *status)
{
	const bool sizes = fs->quota.size != 0 || view_is_part(&fs->view);
	struct usage usage;
	int error;

	if (!quota_has_limit(&fs->quota) && !view_is_part(&fs->view))
		return 0;
	QUOTA held = quota_hold(fs);
	error = usage_read(&usage, fs, sizes);
	if (error == 0) {
		show_space(fs, &usage, status);
		show_inodes(fs, &usage, status);
	}
	usage_free(&usage);
	return error;
}
