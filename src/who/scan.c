/* SPDX-License-Identifier: MIT */
#include "scan.h"

#include "array.h"
#include "proc_text.h"
#include "shm/statx.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* One process, while it is looked into. */
struct looked {
	struct scan *scan;
	int process;
	size_t first;	  /* of its uses */
	bool refused;	  /* something of it may not be read */
	bool serves;	  /* it has a connection of FUSE open */
	dev_t connection; /* the device of that; 0 where the kernel does not tell */
	dev_t space;	  /* a shm directory that it has open, or else any; 0: none */
};

void access_add(struct access *access, const struct access *more)
{
	access->count += more->count;
	access->read |= more->read;
	access->write |= more->write;
}

/* Takes the path over. */
static int add_use(struct looked *looked, dev_t dev, ino_t ino, const struct access *open,
		   const struct access *mapped, char *deleted)
{
	struct scan *scan = looked->scan;
	struct use *uses = array_grow(scan->uses, scan->count, &scan->capacity, sizeof(*uses));

	if (uses == NULL) {
		free(deleted);
		return -ENOMEM;
	}
	scan->uses = uses;
	uses[scan->count++] = (struct use){
		.dev = dev, .ino = ino, .open = *open, .mapped = *mapped, .deleted = deleted
	};
	return 0;
}

static void refuse(struct looked *looked)
{
	looked->refused |= errno == EACCES || errno == EPERM;
}

/* ---- descriptors ---- */

struct fdinfo {
	unsigned long flags, ino, connection;
};

static bool read_fdinfo(const struct looked *looked, const char *fd, struct fdinfo *info)
{
	char path[sizeof("fdinfo/") + NAME_MAX];
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *file;

	*info = (struct fdinfo){ 0 };
	snprintf(path, sizeof(path), "fdinfo/%s", fd);
	file = proc_open_text(looked->process, path);
	if (file == NULL)
		return false;
	while (getline(&line, &size, file) >= 0) {
		found |= proc_number(line, "flags", 8, &info->flags);
		proc_number(line, "ino", 10, &info->ino);
		proc_number(line, "fuse_connection", 10, &info->connection);
	}
	free(line);
	fclose(file);
	return found;
}

static char *deleted_path(const char *path)
{
	const size_t len = proc_deleted(path);

	return len == 0 ? NULL : strndup(path, len);
}

static char *deleted_link(int fds, const char *fd)
{
	char path[PATH_MAX];
	const ssize_t len = readlinkat(fds, fd, path, sizeof(path) - 1);

	if (len < 0)
		return NULL;
	path[len] = '\0';
	return deleted_path(path);
}

static struct access access_of_flags(unsigned long flags)
{
	const unsigned long mode = flags & O_ACCMODE;

	if (flags & O_PATH)
		return (struct access){ .count = 1 };
	return (struct access){ .count = 1, .read = mode != O_WRONLY, .write = mode != O_RDONLY };
}

static int look_at_file(struct looked *looked, int fds, const char *fd, const struct statx *stx,
			dev_t dev)
{
	static const struct access none;
	struct access open;
	struct fdinfo info;

	if (!read_fdinfo(looked, fd, &info) || (info.flags & O_DIRECTORY))
		return 0;
	open = access_of_flags(info.flags);
	return add_use(looked, dev, stx->stx_mask & STATX_INO ? stx->stx_ino : info.ino, &open,
		       &none, deleted_link(fds, fd));
}

/* What the kernel knows already: DONT_SYNC keeps FUSE and network file systems
 * out of it. Of a user's own mount even root is told the device alone, and that
 * only if he asks for nothing (fuse_getattr()). */
static bool read_status(int fds, const char *fd, struct statx *stx)
{
	const int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;

	*stx = (struct statx){ 0 };
	return statx(fds, fd, flags, STATX_TYPE | STATX_INO, stx) == 0 ||
	       (errno == EACCES && statx(fds, fd, flags, 0, stx) == 0);
}

static bool is_fuse_device(const struct statx *stx)
{
	return S_ISCHR(stx->stx_mode) && stx->stx_rdev_major == 10 && stx->stx_rdev_minor == 229;
}

static int look_at_fd(struct looked *looked, int fds, const char *fd)
{
	struct fdinfo info;
	struct statx stx;
	struct device *device;
	dev_t dev;

	if (!read_status(fds, fd, &stx))
		return 0;
	if (is_fuse_device(&stx)) {
		looked->serves = true;
		if (read_fdinfo(looked, fd, &info) && info.connection != 0)
			looked->connection = makedev(0, (unsigned)info.connection);
		return 0;
	}
	dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	device = devices_get(looked->scan->devices, dev);
	if (S_ISDIR(stx.stx_mode) && (device == NULL ? looked->space == 0 : !device->mount))
		looked->space = dev;
	if (device == NULL)
		return 0;
	if (S_ISREG(stx.stx_mode) || stx.stx_mode == 0)
		return look_at_file(looked, fds, fd, &stx, dev);
	return 0;
}

static int look_at_fds(struct looked *looked)
{
	const int fd = openat(looked->process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *fds = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int error = 0;

	if (fds == NULL) {
		refuse(looked);
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (error == 0 && (entry = readdir(fds)) != NULL)
		if (entry->d_name[0] != '.')
			error = look_at_fd(looked, fd, entry->d_name);
	closedir(fds);
	return error;
}

/* ---- mappings ---- */

static int look_at_map(struct looked *looked, const char *line)
{
	static const struct access none;
	struct access mapped = { .count = 1 };
	struct map_line map;

	if (!proc_map_line(line, &map) || map.ino == 0 ||
	    devices_get(looked->scan->devices, map.dev) == NULL)
		return 0;
	mapped.read = map.read;
	/* What is written to a private mapping does not reach the object. */
	mapped.write = map.write && map.shared;
	return add_use(looked, map.dev, map.ino, &none, &mapped, deleted_path(map.path));
}

static int look_at_maps(struct looked *looked)
{
	FILE *maps = proc_open_text(looked->process, "maps");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int error = 0;

	if (maps == NULL) {
		refuse(looked);
		return 0;
	}
	while (error == 0 && (len = getline(&line, &size, maps)) >= 0) {
		if (len > 0 && line[len - 1] == '\n')
			line[len - 1] = '\0';
		error = look_at_map(looked, line);
	}
	free(line);
	fclose(maps);
	return error;
}

/* ---- processes ---- */

static int compare_files(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (x->ino > y->ino) - (x->ino < y->ino);
}

/* One use for each file; none where nothing is left to tell of the process. */
static void settle(struct looked *looked, pid_t pid)
{
	struct scan *scan = looked->scan;
	struct use *uses = scan->uses + looked->first;
	const size_t count = scan->count - looked->first;
	struct process process;
	size_t kept = 0;

	if (count == 0)
		return;
	if (!proc_describe(looked->process, pid, &process)) {
		while (scan->count > looked->first)
			free(scan->uses[--scan->count].deleted);
		return;
	}
	qsort(uses, count, sizeof(*uses), compare_files);
	for (size_t i = 0; i < count; i++) {
		if (looked->serves && uses[i].dev == looked->space) {
			free(uses[i].deleted);
		} else if (kept > 0 && compare_files(&uses[kept - 1], &uses[i]) == 0) {
			access_add(&uses[kept - 1].open, &uses[i].open);
			access_add(&uses[kept - 1].mapped, &uses[i].mapped);
			free(uses[i].deleted);
		} else {
			uses[kept] = uses[i];
			uses[kept++].process = process;
		}
	}
	scan->count = looked->first + kept;
}

static void note_daemon(const struct looked *looked)
{
	struct device *device = devices_get(looked->scan->devices, looked->connection);

	if (looked->connection == 0 || looked->space == 0 || device == NULL || !device->mount)
		return;
	device->served = true;
	device->space = looked->space;
}

static int visit(int process, pid_t pid, void *arg)
{
	struct scan *scan = arg;
	struct looked looked = { .scan = scan, .process = process, .first = scan->count };
	int error;

	/* What it has inherited, its parent has. */
	if (pid == getpid())
		return 0;
	error = look_at_fds(&looked);
	if (error == 0 && !looked.refused)
		error = look_at_maps(&looked);
	if (error < 0)
		return error;
	if (looked.refused && proc_is_program(process))
		scan->unreadable++;
	if (looked.serves)
		note_daemon(&looked);
	settle(&looked, pid);
	return 0;
}

int scan_processes(struct scan *scan, struct devices *devices)
{
	*scan = (struct scan){ .devices = devices };
	return proc_each(visit, scan);
}

void scan_free(struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		free(scan->uses[i].deleted);
	free(scan->uses);
}
