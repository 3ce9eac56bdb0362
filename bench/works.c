/* SPDX-License-Identifier: MIT */
#include "works.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OBJECT_SIZE 4096
/* They are made through the target, which takes its time. */
#define MAX_BELOW 100

static int create_in(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, OBJECT_SIZE) < 0) {
		close(fd);
		return -1;
	}
	return close(fd);
}

static int call_create(int target, const char *name)
{
	return create_in(target, name) < 0 ? -1 : 1;
}

static int call_stat(int target, const char *name)
{
	struct stat st;

	return fstatat(target, name, &st, 0) < 0 ? -1 : 1;
}

static int call_miss(int target, const char *name)
{
	struct stat st;

	if (fstatat(target, name, &st, 0) == 0)
		errno = EEXIST;
	else if (errno == ENOENT)
		return 1;
	return -1;
}

static int call_open(int target, const char *name)
{
	int fd = openat(target, name, O_RDWR | O_CLOEXEC);

	return fd < 0 || close(fd) < 0 ? -1 : 1;
}

static int call_chmod(int target, const char *name)
{
	return fchmodat(target, name, 0600, 0) < 0 ? -1 : 1;
}

/* There and back, so that the name can be used again. */
static int call_rename(int target, const char *name)
{
	work_name other;

	if (snprintf(other, sizeof(other), "%s-renamed", name) >= (int)sizeof(other)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (renameat(target, name, target, other) < 0 || renameat(target, other, target, name) < 0)
		return -1;
	return 2;
}

static int call_unlink(int target, const char *name)
{
	return unlinkat(target, name, 0) < 0 ? -1 : 1;
}

static int call_mkdir(int target, const char *name)
{
	return mkdirat(target, name, 0700) < 0 ? -1 : 1;
}

static int call_rmdir(int target, const char *name)
{
	return unlinkat(target, name, AT_REMOVEDIR) < 0 ? -1 : 1;
}

/* stat(2) of an entry that another process removes meanwhile is no failure. */
static int stat_entry(int directory, const char *name)
{
	struct stat st;

	return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT ? -1 : 0;
}

static int list_entries(DIR *directory, bool with_stat)
{
	struct dirent *entry;
	int entries = 0;

	while (errno = 0, (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (with_stat && stat_entry(dirfd(directory), entry->d_name) < 0)
			return -1;
		entries++;
	}
	return errno ? -1 : entries;
}

static int list(int target, bool with_stat)
{
	int entries, fd = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory)
		return -1;
	entries = list_entries(directory, with_stat);
	closedir(directory);
	return entries;
}

static int call_readdir(int target, const char *name)
{
	return list(target, false);
}

static int call_readdir_stat(int target, const char *name)
{
	return list(target, true);
}

/* stat-hot has one name; stat-cold uses none twice. */
static const struct work works[] = {
	{ "create", NO_NAMES, OBJECTS, false, call_create },
	{ "stat-hot", OBJECTS, OBJECTS, true, call_stat },
	{ "stat-cold", OBJECTS, OBJECTS, false, call_stat },
	{ "stat-below", OBJECTS_BELOW, OBJECTS_BELOW, true, call_stat },
	{ "miss", NO_NAMES, NO_NAMES, true, call_miss },
	{ "open", OBJECTS, OBJECTS, true, call_open },
	{ "open-below", OBJECTS_BELOW, OBJECTS_BELOW, true, call_open },
	{ "chmod", OBJECTS, OBJECTS, true, call_chmod },
	{ "readdir", OBJECTS, OBJECTS, true, call_readdir },
	{ "readdir-stat", OBJECTS, OBJECTS, true, call_readdir_stat },
	{ "rename", OBJECTS, OBJECTS, true, call_rename },
	{ "unlink", OBJECTS, OBJECTS, false, call_unlink },
	{ "mkdir", NO_NAMES, DIRECTORIES, false, call_mkdir },
	{ "rmdir", DIRECTORIES, DIRECTORIES, false, call_rmdir },
};

#define WORKS (sizeof(works) / sizeof(works[0]))

const struct work *work_find(const char *name)
{
	for (size_t i = 0; i < WORKS; i++)
		if (strcmp(works[i].name, name) == 0)
			return &works[i];
	return NULL;
}

void works_print(void)
{
	for (size_t i = 0; i < WORKS; i++)
		puts(works[i].name);
}

bool work_lists(const struct work *work)
{
	return work->call == call_readdir || work->call == call_readdir_stat;
}

/* Written once and before the measurement: printing a number costs as much as
 * a native stat(2). */
int names_init(struct names_of *names, const struct work *work, unsigned process)
{
	const char *below = "";

	if (strcmp(work->name, "stat-hot") == 0)
		names->count = 1;
	else if (work->before == OBJECTS_BELOW && names->count > MAX_BELOW)
		names->count = MAX_BELOW;
	names->names = calloc(names->count, sizeof(*names->names));
	if (!names->names)
		return -1;
	/* No two runs share a name, so that nothing of it is known from before. */
	snprintf(names->directory, sizeof(names->directory), "b%d.%u", (int)getpid(), process);
	if (work->before == OBJECTS_BELOW)
		below = "/o";
	for (unsigned i = 0; i < names->count; i++)
		snprintf(names->names[i], sizeof(work_name), "b%d.%u%s.%u", (int)getpid(), process,
			 below, i);
	return 0;
}

static int name_make(const struct names_of *names, enum names kind, const char *name)
{
	if (kind == OBJECTS)
		return create_in(names->native, name);
	if (kind == OBJECTS_BELOW)
		return create_in(names->target, name);
	return mkdirat(names->target, name, 0700);
}

int names_make(const struct names_of *names, enum names kind)
{
	if (kind == NO_NAMES)
		return 0;
	if (kind == OBJECTS_BELOW && mkdirat(names->target, names->directory, 0700) < 0)
		return -1;
	for (unsigned i = 0; i < names->count; i++)
		if (name_make(names, kind, names->names[i]) < 0)
			return -1;
	return 0;
}

/* Past the target, since what it does for rmdir(2) may take long. There a
 * directory is one, or shmfuse's marker. */
static void directory_remove(int native, const char *name)
{
	char marker[sizeof(work_name) + 1];

	if (unlinkat(native, name, AT_REMOVEDIR) == 0)
		return;
	snprintf(marker, sizeof(marker), "%s%%", name);
	unlinkat(native, marker, 0);
}

void names_remove(const struct names_of *names, enum names kind)
{
	if (kind == NO_NAMES)
		return;
	for (unsigned i = 0; i < names->count; i++) {
		if (kind == DIRECTORIES)
			directory_remove(names->native, names->names[i]);
		else
			unlinkat(kind == OBJECTS ? names->native : names->target, names->names[i],
				 0);
	}
	if (kind == OBJECTS_BELOW)
		directory_remove(names->native, names->directory);
}

void names_free(struct names_of *names)
{
	free(names->names);
}
