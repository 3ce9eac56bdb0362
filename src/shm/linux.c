/* SPDX-License-Identifier: MIT */
/*
 * platform.h on Linux: the objects are the regular files in /dev/shm, where
 * glibc (since 2.34) and musl look for them (man 7 shm_overview). Whatever
 * else lies there is no object.
 */
#include "platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "internal.h"
#include "statx.h"

const char *pshm_space_path(void)
{
	return "/dev/shm";
}

int pshm_space_open(void)
{
	return open(pshm_space_path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A slash would lead out of the space; no object has one. */
static bool leads_out(const char *name)
{
	return strchr(name, '/') != NULL;
}

/* ---- status ---- */

static struct timespec to_timespec(struct statx_timestamp t)
{
	return (struct timespec){ .tv_sec = (time_t)t.tv_sec, .tv_nsec = (long)t.tv_nsec };
}

static struct stat to_stat(const struct statx *stx)
{
	return (struct stat){
		.st_dev = makedev(stx->stx_dev_major, stx->stx_dev_minor),
		.st_ino = stx->stx_ino,
		.st_mode = stx->stx_mode,
		.st_nlink = stx->stx_nlink,
		.st_uid = stx->stx_uid,
		.st_gid = stx->stx_gid,
		.st_rdev = makedev(stx->stx_rdev_major, stx->stx_rdev_minor),
		.st_size = (off_t)stx->stx_size,
		.st_blksize = (blksize_t)stx->stx_blksize,
		.st_blocks = (blkcnt_t)stx->stx_blocks,
		.st_atim = to_timespec(stx->stx_atime),
		.st_mtim = to_timespec(stx->stx_mtime),
		.st_ctim = to_timespec(stx->stx_ctime),
	};
}

int pshm_space_stat(int space, const char *name, struct pshm_info *info)
{
	struct statx stx;

	if (leads_out(name))
		return fail_with(ENOENT);
	if (statx(space, name, AT_SYMLINK_NOFOLLOW | AT_STATX_SYNC_AS_STAT,
		  STATX_BASIC_STATS | STATX_BTIME, &stx) == -1)
		return -1;
	if (!S_ISREG(stx.stx_mode))
		return fail_with(ENOENT);

	*info = (struct pshm_info){ .st = to_stat(&stx) };
	if (stx.stx_mask & STATX_BTIME)
		info->birth = to_timespec(stx.stx_btime);
	return 0;
}

/* ---- descriptors ---- */

static bool is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

typedef char self_path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];

static const char *self_of(int fd, self_path path)
{
	snprintf(path, sizeof(self_path), "/proc/self/fd/%d", fd);
	return path;
}

/* Opens what the O_PATH descriptor means. O_NONBLOCK is ours, to wait for nobody
 * who has a lease on it; the caller's file must not show it. */
static int reopen(int path, int oflag)
{
	self_path self;
	int fd = open(self_of(path, self), oflag | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1 || (oflag & O_NONBLOCK))
		return fd;
	if (fcntl(fd, F_SETFL, oflag & ~(O_ACCMODE | O_TRUNC)) == -1) {
		pshm_discard(fd);
		return -1;
	}
	return fd;
}

/* By an O_PATH descriptor first, which opens nothing: to open a FIFO, even
 * without waiting, is seen by who has its other end, and a device may do
 * anything. */
int pshm_space_open_object(int space, const char *name, int oflag)
{
	if (leads_out(name))
		return fail_with(ENOENT);

	int path = openat(space, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (path == -1)
		return -1;
	if (!is_regular(path)) {
		close(path);
		return fail_with(ENOENT);
	}
	if (oflag & O_PATH)
		return path;

	int fd = reopen(path, oflag);

	pshm_discard(path);
	return fd;
}

int pshm_space_create(int space, const char *name, int oflag, mode_t mode)
{
	if (leads_out(name))
		return fail_with(EINVAL);
	return openat(space, name, oflag | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

int pshm_space_tmpfile(int space, int oflag, bool excl, mode_t mode)
{
	int flags = (oflag & ~(O_CREAT | O_EXCL)) | O_TMPFILE | O_CLOEXEC | (excl ? O_EXCL : 0);

	return openat(space, ".", flags, mode);
}

/* ---- names ---- */

int pshm_space_link(int space, int fd, const char *newname)
{
	self_path self;

	if (leads_out(newname))
		return fail_with(EINVAL);

	/* ENOENT: without CAP_DAC_READ_SEARCH the empty path is refused so, but
	 * for who opened fd himself on Linux >= 6.10 (man 2 open, O_TMPFILE). */
	if (linkat(fd, "", space, newname, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	return linkat(AT_FDCWD, self_of(fd, self), space, newname, AT_SYMLINK_FOLLOW);
}

/* As a system call: musl declares it since 1.2.6 only. */
int pshm_space_rename(int space, const char *oldname, const char *newname, unsigned flags)
{
	if (leads_out(oldname) || leads_out(newname))
		return fail_with(EINVAL);
	return (int)syscall(SYS_renameat2, space, oldname, space, newname, flags);
}

int pshm_space_unlink(int space, const char *name)
{
	if (leads_out(name))
		return fail_with(EINVAL);
	return unlinkat(space, name, 0);
}

/* ---- list ---- */

static bool entry_is_object(int space, const struct dirent *entry)
{
	struct pshm_info info;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_REG;
	return pshm_space_stat(space, entry->d_name, &info) == 0;
}

static int list_entries(int space, DIR *entries,
			int (*each)(const char *name, ino_t ino, void *arg), void *arg)
{
	int result = 0;

	while (result == 0) {
		errno = 0; /* the end and an error look alike but for it */

		const struct dirent *entry = readdir(entries);

		if (!entry)
			return errno ? -1 : 0;
		if (entry_is_object(space, entry))
			result = each(entry->d_name, entry->d_ino, arg);
	}
	return result;
}

/* A descriptor of its own, so that callers at the same time do not share a
 * position. tmpfs gives each entry a position for life (simple_offset_add() in
 * the kernel's fs/libfs.c; before 6.6, a cursor in the list of entries): what
 * comes and goes does not move the others. */
int pshm_space_list(int space, int (*each)(const char *name, ino_t ino, void *arg), void *arg)
{
	int fd = openat(space, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return -1;

	DIR *entries = fdopendir(fd);

	if (!entries) {
		pshm_discard(fd);
		return -1;
	}

	int result = list_entries(space, entries, each, arg);
	int saved = errno;

	closedir(entries);
	errno = saved;
	return result;
}

/* ---- changes ---- */

int pshm_space_watch(int space)
{
	self_path self;
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (watch == -1)
		return -1;
	if (inotify_add_watch(watch, self_of(space, self), IN_CREATE | IN_DELETE | IN_MOVE) == -1) {
		pshm_discard(watch);
		return -1;
	}
	return watch;
}

/* The events in buf: true if the queue overflowed. */
static bool tell_events(const char *buf, size_t size, void (*each)(const char *name, void *arg),
			void *arg)
{
	bool lost = false;

	for (size_t at = 0; at < size;) {
		const struct inotify_event *event = (const void *)(buf + at);

		at += sizeof(*event) + event->len;
		if (event->mask & IN_Q_OVERFLOW)
			lost = true;
		else if (event->len > 0)
			each(event->name, arg);
	}
	return lost;
}

/* No more than there was at the beginning: names may come and go faster than
 * they are read here. */
int pshm_space_changes(int watch, void (*each)(const char *name, void *arg), void *arg)
{
	_Alignas(struct inotify_event) char buf[16 * 1024];
	bool lost = false;
	int left;

	if (ioctl(watch, FIONREAD, &left) == -1)
		return -1;
	while (left > 0) {
		ssize_t size = read(watch, buf, sizeof(buf));

		if (size == -1)
			return errno == EAGAIN ? lost : -1;
		lost |= tell_events(buf, (size_t)size, each, arg);
		left -= (int)size;
	}
	return lost;
}
