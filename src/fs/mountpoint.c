/* SPDX-License-Identifier: MIT */
#include "mountpoint.h"

#include "log.h"

#include <fuse_lowlevel.h>

#include "shm/platform.h"
#include "shm/statx.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE "/dev/fuse"

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_word(const char *source)
{
	static const char *const words[] = { "shm", "shmfuse", "none" };
	bool is = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		is |= strcmp(source, words[i]) == 0;
	return is;
}

/* mount(8) makes a path of the word where the current directory has such a file:
 * in /mnt, shm becomes /mnt/shm. */
static bool was_word(const char *source)
{
	const char *name = strrchr(source, '/');
	struct stat path, file;

	return name != NULL && is_word(name + 1) && stat(source, &path) == 0 &&
	       stat(name + 1, &file) == 0 && is_same_file(&path, &file);
}

int mountpoint_check_source(const char *source, message_line message)
{
	struct stat st, space;

	if (source == NULL || is_word(source) || was_word(source))
		return 0;
	if (stat(source, &st) == 0 && stat(pshm_space_path(), &space) == 0 &&
	    is_same_file(&st, &space))
		return 0;
	return message_fail(message, "source '%s' has no shared memory objects: give shm or %s",
			    source, pshm_space_path());
}

/* Is the topmost mount on path one of ours? */
static bool is_mounted_here(const char *path)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	const struct mntent *entry;
	bool ours = false;

	if (mounts == NULL)
		return false;
	while ((entry = getmntent(mounts)) != NULL)
		if (strcmp(entry->mnt_dir, path) == 0)
			ours = strcmp(entry->mnt_type, "fuse.shmfuse") == 0 &&
			       strcmp(entry->mnt_fsname, "shm") == 0;
	endmntent(mounts);
	return ours;
}

/* ---- mounts whose daemon is gone ---- */

/* What asks the daemon while the connection ends gets ECONNABORTED. */
static bool is_dead(int error)
{
	return error == ENOTCONN || error == ECONNABORTED;
}

/* What an O_PATH descriptor stands for, by its path; without a question to it. */
static bool read_path(int fd, char *path, size_t size)
{
	char link[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, size - 1);
	if (len > 0)
		path[len] = '\0';
	return len > 0;
}

/* An ordinary user may not: as libfuse does, he asks fusermount3. */
static bool detach_as_user(const char *path)
{
	char *argv[] = { (char[]){ "fusermount3" }, (char[]){ "-uqz" }, (char[]){ "--" },
			 (char *)path, NULL };
	int status = -1;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}

/* By the descriptor: whatever somebody mounts meanwhile in its place stays. */
static bool detach(int fd, const char *path)
{
	char link[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (umount2(link, MNT_DETACH) == 0)
		return true;
	return errno == EPERM && detach_as_user(path);
}

/* The topmost mount at path, if it is a dead one of ours. */
static bool clear_one(const char *path)
{
	const int fd = open(path, O_PATH | O_CLOEXEC);
	char mounted[PATH_MAX];
	struct stat st;
	bool cleared;

	if (fd < 0)
		return false;
	cleared = fstat(fd, &st) < 0 && is_dead(errno) && read_path(fd, mounted, sizeof(mounted)) &&
		  is_mounted_here(mounted) && detach(fd, mounted);
	close(fd);
	return cleared;
}

/* One may lie upon another. */
static void clear_dead(const char *path)
{
	while (clear_one(path))
		log_notice("mount point %s: unmounted a mount whose daemon is gone", path);
}

/* ---- checks ---- */

static int fail_to_resolve(const char *path, int error, message_line message)
{
	if (error == ENOENT)
		return message_fail(message, "mount point %s does not exist: mkdir it first", path);
	if (is_dead(error))
		return message_fail(
			message, "mount point %s has a mount whose daemon is gone: umount it first",
			path);
	return message_fail(message, "mount point %s: %s", path, strerror(error));
}

/* The daemon would ask itself for the objects, and hang. */
static bool lies_in_space(const struct stat *st)
{
	struct stat space;

	return stat(pshm_space_path(), &space) == 0 && st->st_dev == space.st_dev;
}

int mountpoint_resolve(const char *path, char **resolved, message_line message)
{
	struct stat st;

	clear_dead(path);
	*resolved = realpath(path, NULL);
	if (*resolved == NULL || stat(*resolved, &st) < 0)
		return fail_to_resolve(path, errno, message);
	if (!S_ISDIR(st.st_mode))
		return message_fail(message, "mount point %s is not a directory: give one", path);
	if (lies_in_space(&st))
		return message_fail(message,
				    "mount point %s lies in the shared memory file system, which "
				    "the daemon itself uses: give another one",
				    path);
	if (is_mounted_here(*resolved))
		return message_fail(message,
				    "mount point %s is busy: shmfuse is mounted there already; "
				    "umount it first",
				    path);
	return 0;
}

static int check_device(message_line message)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		return message_fail(message,
				    "no " DEVICE ": load the kernel module fuse, or give the "
				    "container the device");
	return message_fail(message, "cannot open " DEVICE ": %s%s", strerror(errno),
			    errno == EACCES || errno == EPERM ? ": run as root, or change its mode"
							      : "");
}

int mountpoint_mount(struct fuse_session *session, const char *path, message_line message)
{
	char fault[256];
	int result;

	if (check_device(message) < 0)
		return -1;
	log_keep(fault, sizeof(fault));
	result = fuse_session_mount(session, path);
	log_keep(NULL, 0);
	return result < 0 ? message_fail(message, "cannot mount on %s: %s", path, fault) : 0;
}

void mountpoint_unmount(const char *path, int fd)
{
	struct pollfd device = { .fd = fd };

	/* Another mount may be there by now. */
	if (poll(&device, 1, 0) == 1 && (device.revents & POLLERR))
		return;
	if (umount2(path, MNT_DETACH) < 0 && errno == EPERM)
		detach_as_user(path);
}

/* ---- what becomes of it ---- */

/* linux/stat.h since 6.8; stx_mnt_id has no name in older headers either. */
#define MNT_ID_UNIQUE 0x4000U
#define MNT_ID_OFFSET 144

uint64_t mountpoint_id(const char *path)
{
	const int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
	struct statx stx;
	uint64_t id = 0;

	if (statx(AT_FDCWD, path, flags, MNT_ID_UNIQUE, &stx) == 0 &&
	    (stx.stx_mask & MNT_ID_UNIQUE))
		memcpy(&id, (const char *)&stx + MNT_ID_OFFSET, sizeof(id));
	return id;
}

/* umount(2) by force ends the connection first, and unmounts then. */
#define LOOKS	   25
#define PAUSE_MSEC 20

bool mountpoint_is_left(const char *path, uint64_t id)
{
	for (int i = 0; i < LOOKS; i++) {
		if (id == 0 || mountpoint_id(path) != id)
			return false;
		poll(NULL, 0, PAUSE_MSEC);
	}
	return true;
}
