/* SPDX-License-Identifier: MIT */
/* Where a path leads, asked of side B. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operation.h"
#include "world.h"

/* The directory that a relative path starts at; false when it has been removed. */
static bool starting_point(const struct world *world, const struct call *call,
			   const struct place *place, char *path)
{
	pid_t pid = world->process[call->worker][B].pid;
	size_t root_len = strlen(world->path[B]);
	char link[64], target[PATH_MAX + 16];
	struct stat st;
	ssize_t len;

	path[0] = '\0';
	if (place->path[0] == '/')
		return true;
	if (place->dir < 0)
		snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid,
			 world->state[call->worker].slot[place->dir].fd);
	if (stat(link, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_nlink == 0)
		return false;
	len = readlink(link, target, sizeof(target) - 1);
	if (len < (ssize_t)root_len)
		return false;
	target[len] = '\0';
	if (target[root_len] == '/')
		strcpy(path, target + root_len + 1);
	return true;
}

static bool is_directory(const struct world *world, const char *path)
{
	struct stat st;

	return fstatat(world->root[B], *path ? path : ".", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

static void pop(char *path)
{
	char *slash = strrchr(path, '/');

	*(slash ? slash : path) = '\0';
}

/* Goes down one component; false where the way ends. */
static bool step(const struct world *world, struct resolved *r, const char *component, size_t len,
		 bool last)
{
	size_t used = strlen(r->path);

	if (len == 1 && component[0] == '.')
		return true;
	if (len == 2 && memcmp(component, "..", 2) == 0) {
		pop(r->path);
		return true;
	}
	/* Too long by itself is too long everywhere. */
	if (len > NAME_MAX)
		return false;
	if (used)
		r->path[used++] = '/';
	memcpy(r->path + used, component, len);
	r->path[used + len] = '\0';
	if (strlen(r->path) > world->path_max) {
		r->too_long = true;
		return false;
	}
	return last || is_directory(world, r->path);
}

void resolve(const struct world *world, const struct call *call, const struct place *place,
	     struct resolved *r)
{
	const char *at = place->path;
	struct stat st;

	*r = (struct resolved){ 0 };
	if (!starting_point(world, call, place, r->path))
		return;
	while (*at) {
		size_t len;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (len && !step(world, r, at, len, at[len + strspn(at + len, "/")] == '\0'))
			return;
		at += len;
	}
	r->parent_exists = true;
	r->exists =
		fstatat(world->root[B], r->path[0] ? r->path : ".", &st, AT_SYMLINK_NOFOLLOW) == 0;
	r->directory = r->exists && S_ISDIR(st.st_mode);
}

static size_t deepest(int dir)
{
	DIR *stream = fdopendir(dir);
	struct dirent *entry;
	size_t most = 0;

	while (stream && (entry = readdir(stream))) {
		size_t len = strlen(entry->d_name) + 1;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry->d_type == DT_DIR)
			len += 1 + deepest(openat(dir, entry->d_name,
						  O_RDONLY | O_DIRECTORY | O_NOATIME));
		most = len > most ? len : most;
	}
	if (stream)
		closedir(stream);
	return most;
}

size_t deepest_below(const struct world *world, const char *path)
{
	int dir = openat(world->root[B], *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOATIME);

	return dir < 0 ? 0 : deepest(dir);
}
