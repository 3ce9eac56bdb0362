/* SPDX-License-Identifier: MIT */
/*
 * Changes past the mount: the test itself changes an object of A's by its name in the shm
 * directory, and the file of the same path on B. Whatever the mount's users do next must find the
 * change there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "operation.h"
#include "world.h"

/* One side of a change: where to do it, and on what. */
struct target {
	int dir;
	char name[2][PATH_MAX];
	bool mount; /* the object behind side A */
	const struct call *call;
};

/* The object of a path: directories are prefixes, sem. stays in front; doc/names.md. */
static void object_name(const char *path, bool directory, char *name)
{
	const char *last = strrchr(path, '/');
	bool semaphore = last && !directory && strncmp(last + 1, "sem.", 4) == 0;

	if (semaphore)
		snprintf(name, PATH_MAX, "sem.%.*s/%s", (int)(last - path), path, last + 1 + 4);
	else
		snprintf(name, PATH_MAX, "%s%s", path, directory ? "/" : "");
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '%';
}

static int target_open(const struct target *t, int flags, mode_t mode)
{
	return openat(t->dir, t->name[0], flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

static int close_after(int fd, int result)
{
	int err = errno;

	close(fd);
	errno = err;
	return result;
}

static int make(const struct target *t)
{
	int fd = target_open(t, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return -1;
	/* Owner and mode in full: a directory with the set-group-ID bit passes its group on
	 * natively, a marker does not. */
	if (fchown(fd, t->call->uid % 4 + 1000, 1000) < 0 || fchmod(fd, t->call->mode & 0777) < 0)
		return close_after(fd, -1);
	return close_after(fd, 0);
}

static int change_write(const struct target *t)
{
	static uint8_t data[65536];
	size_t len = (size_t)t->call->len % sizeof(data);
	int fd = target_open(t, O_RDWR, 0);

	if (fd < 0)
		return -1;
	fill_bytes(data, len, t->call->seed);
	return close_after(fd, (int)pwrite(fd, data, len, t->call->off & 0xfffff));
}

static int change_truncate(const struct target *t)
{
	int fd = target_open(t, O_RDWR, 0);

	return fd < 0 ? -1 : close_after(fd, ftruncate(fd, t->call->len & 0xfffff));
}

static int change_chmod(const struct target *t)
{
	return fchmodat(t->dir, t->name[0], t->call->mode & 0777, 0);
}

static int change_chown(const struct target *t)
{
	return fchownat(t->dir, t->name[0], t->call->uid, t->call->gid, 0);
}

static int change_utimens(const struct target *t)
{
	return utimensat(t->dir, t->name[0], t->call->times, 0);
}

static int change_unlink(const struct target *t)
{
	return unlinkat(t->dir, t->name[0], 0);
}

static int change_create(const struct target *t)
{
	return make(t);
}

static int change_replace(const struct target *t)
{
	return unlinkat(t->dir, t->name[0], 0) < 0 ? -1 : make(t);
}

static int change_link(const struct target *t)
{
	return linkat(t->dir, t->name[0], t->dir, t->name[1], 0);
}

static int change_rename(const struct target *t)
{
	return renameat(t->dir, t->name[0], t->dir, t->name[1]);
}

static int change_mkdir(const struct target *t)
{
	if (t->mount)
		return make(t);
	if (mkdirat(t->dir, t->name[0], 0700) < 0 ||
	    fchownat(t->dir, t->name[0], t->call->uid % 4 + 1000, 1000, 0) < 0)
		return -1;
	return fchmodat(t->dir, t->name[0], t->call->mode & 0777, 0);
}

static int change_rmdir(const struct target *t)
{
	return unlinkat(t->dir, t->name[0], t->mount ? 0 : AT_REMOVEDIR);
}

enum needs { A_FILE, NOTHING, ANY, FILE_AND_NO_DIRECTORY, FILE_AND_NOTHING, EMPTY_DIRECTORY };

/* No directory changes its owner: natively a marker, being a file, would lose its set-ID bits with
 * it. */
static const struct change {
	const char *name;
	enum needs needs;
	int (*run)(const struct target *target);
} changes[] = {
	{ "native_write", A_FILE, change_write },
	{ "native_truncate", A_FILE, change_truncate },
	{ "native_chmod", ANY, change_chmod },
	{ "native_chown", A_FILE, change_chown },
	{ "native_utimens", ANY, change_utimens },
	{ "native_unlink", A_FILE, change_unlink },
	{ "native_create", NOTHING, change_create },
	{ "native_replace", A_FILE, change_replace },
	{ "native_link", FILE_AND_NOTHING, change_link },
	{ "native_rename", FILE_AND_NO_DIRECTORY, change_rename },
	{ "native_mkdir", NOTHING, change_mkdir },
	{ "native_rmdir", EMPTY_DIRECTORY, change_rmdir },
};

static const struct change *change_of(const struct call *call)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (strcmp(changes[i].name, operation_of(call)->name) == 0)
			return &changes[i];
	return NULL;
}

static bool holds(const struct world *world, enum needs needs, const struct resolved *one,
		  const struct resolved *two)
{
	bool file = one->exists && !one->directory;

	if (!one->parent_exists || !one->path[0])
		return false;
	switch (needs) {
	case A_FILE:
		return file;
	case NOTHING:
		return !one->exists;
	case ANY:
		return one->exists;
	case FILE_AND_NO_DIRECTORY:
		return file && two->parent_exists && !two->directory;
	case FILE_AND_NOTHING:
		return file && two->parent_exists && !two->exists;
	case EMPTY_DIRECTORY:
		return one->directory && deepest_below(world, one->path) == 0;
	}
	return false;
}

static bool on_directory(const struct change *change, const struct resolved *one)
{
	return change->run == change_mkdir || one->directory;
}

/* The directory that the name is in, on side B. */
static void parent_times(const struct world *world, const char *path, struct timespec *times,
			 bool set)
{
	char parent[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (slash)
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	else if (set && !slash)
		return; /* the root directory is the shm directory, which changes as B's does */
	if (set) {
		utimensat(world->root[B], parent, times, 0);
	} else if (fstatat(world->root[B], parent, &st, 0) == 0) {
		times[0] = st.st_atim;
		times[1] = st.st_mtim;
	}
}

/*
 * A marker below the top level does not learn what happens natively to the objects under it, so B's
 * directories get their times back.
 */
static int change_b(const struct world *world, const struct change *change, const struct target *t,
		    const char *one, const char *two)
{
	struct timespec times[2][2];
	int result, err;

	parent_times(world, one, times[0], false);
	parent_times(world, two, times[1], false);
	result = change->run(t);
	err = errno;
	parent_times(world, one, times[0], true);
	parent_times(world, two, times[1], true);
	errno = err;
	return result;
}

static bool is_semaphore(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strncmp(slash ? slash + 1 : path, "sem.", 4) == 0;
}

enum verdict native_call(struct world *world, const struct call *call,
			 struct outcome outcomes[SIDES])
{
	static struct resolved one, two;
	static struct target a, b;
	const struct change *change = change_of(call);

	outcome_clear(&outcomes[A]);
	outcome_clear(&outcomes[B]);
	resolve(world, call, &call->at[0], &one);
	resolve(world, call, &call->at[1], &two);
	if (!holds(world, change->needs, &one, &two))
		return AGREE;
	/* Such a marker is a plain file, see "sem. directories". */
	if (change->run == change_mkdir && is_semaphore(one.path))
		return AGREE;
	a = (struct target){ .dir = world->native, .mount = true, .call = call };
	b = (struct target){ .dir = world->root[B], .call = call };
	object_name(one.path, on_directory(change, &one), a.name[0]);
	object_name(two.path, false, a.name[1]);
	strcpy(b.name[0], one.path);
	strcpy(b.name[1], two.path);
	finish(&outcomes[A], change->run(&a));
	finish(&outcomes[B], change_b(world, change, &b, one.path, two.path));
	return outcomes[A].ret == outcomes[B].ret && outcomes[A].err == outcomes[B].err ? AGREE
											: DIFFER;
}
