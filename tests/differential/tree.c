/* SPDX-License-Identifier: MIT */
/* Whole trees: comparing and removing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "operation.h"
#include "print.h"
#include "world.h"

struct names {
	char **name;
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct names){ 0 };
}

/* All names but . and .., in order. Keeps the directory open. */
static int names_read(int dir, struct names *names)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int err;

	*names = (struct names){ 0 };
	if (!stream) {
		if (copy >= 0)
			close(copy);
		return -1;
	}
	errno = 0;
	while ((entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		names->name = realloc(names->name, (names->n + 1) * sizeof(char *));
		names->name[names->n++] = strdup(entry->d_name);
	}
	err = errno;
	closedir(stream);
	if (names->n)
		qsort(names->name, names->n, sizeof(char *), by_name);
	errno = err;
	return err ? -1 : 0;
}

bool tree_is_empty(int root)
{
	struct names names;
	bool empty = names_read(root, &names) == 0 && names.n == 0;

	names_free(&names);
	return empty;
}

static int remove_entry(int dir, const char *name)
{
	int below, result;

	if (unlinkat(dir, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return -1;
	result = tree_empty(below);
	close(below);
	return result < 0 ? -1 : unlinkat(dir, name, AT_REMOVEDIR);
}

int tree_empty(int root)
{
	struct names names;
	int result = names_read(root, &names);

	for (size_t i = 0; i < names.n && result == 0; i++) {
		result = remove_entry(root, names.name[i]);
		if (result < 0)
			fprintf(stderr, "cannot remove %s: %s\n", quoted(names.name[i]),
				strerror(errno));
	}
	names_free(&names);
	return result;
}

enum { INODES = 4096, WHOLE = 2 << 20, TAIL = 65536 };

struct walk {
	struct world *world;
	struct {
		ino_t ino[SIDES];
	} inode[INODES];
	size_t n_inodes;
	char path[16 * NAME_MAX];
	char *why;
	size_t size;
};

static bool say(struct walk *walk, const char *what)
{
	snprintf(walk->why, walk->size, "%s of %s", what, quoted(walk->path));
	return false;
}

static uint64_t hash_range(int fd, off_t from, off_t to, uint64_t hash)
{
	static uint8_t buffer[65536];

	while (from < to) {
		ssize_t n =
			pread(fd, buffer,
			      (size_t)(to - from < (off_t)sizeof(buffer) ? to - from
									 : (off_t)sizeof(buffer)),
			      from);

		if (n <= 0)
			return hash_bytes(hash, &n, sizeof(n));
		hash = hash_bytes(hash, buffer, (size_t)n);
		from += n;
	}
	return hash;
}

/* Of a huge file, which is all hole, the beginning and the end. */
static uint64_t hash_content(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
	struct stat st;
	uint64_t hash;

	if (fd < 0)
		return (uint64_t)errno;
	fstat(fd, &st);
	hash = hash_range(fd, 0, st.st_size < WHOLE ? st.st_size : WHOLE, 0);
	if (st.st_size > WHOLE)
		hash = hash_range(fd, st.st_size - TAIL, st.st_size, hash);
	close(fd);
	return hash;
}

/* The sum has no order, as the list has none that could be relied on. */
static uint64_t hash_attributes(int dir, const char *name)
{
	static char names[65536], value[65536];
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_NONBLOCK | O_CLOEXEC);
	ssize_t len = fd < 0 ? -errno : flistxattr(fd, names, sizeof(names));
	uint64_t sum = 0;

	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t n = fgetxattr(fd, names + at, value, sizeof(value));
		uint64_t hash = hash_bytes(0, names + at, strlen(names + at));

		sum += hash_bytes(hash, value, n < 0 ? 0 : (size_t)n);
	}
	if (fd >= 0)
		close(fd);
	return len < 0 ? (uint64_t)len : sum;
}

static bool inodes_match(struct walk *walk, const struct stat *a, const struct stat *b)
{
	for (size_t i = 0; i < walk->n_inodes; i++)
		if (walk->inode[i].ino[A] == a->st_ino || walk->inode[i].ino[B] == b->st_ino)
			return walk->inode[i].ino[A] == a->st_ino &&
			       walk->inode[i].ino[B] == b->st_ino;
	if (walk->n_inodes == INODES)
		return true;
	walk->inode[walk->n_inodes].ino[A] = a->st_ino;
	walk->inode[walk->n_inodes++].ino[B] = b->st_ino;
	return true;
}

static bool attributes_match(struct walk *walk, const struct stat *a, const struct stat *b)
{
	bool directory = S_ISDIR(b->st_mode) && !walk->world->same_kind;

	if (a->st_mode != b->st_mode)
		return say(walk, "mode");
	if (a->st_uid != b->st_uid || a->st_gid != b->st_gid)
		return say(walk, "owner");
	if (!(directory && !walk->path[0]) && a->st_nlink != b->st_nlink)
		return say(walk, "link count");
	if (!directory && a->st_size != b->st_size)
		return say(walk, "size");
	if (!directory && a->st_blocks != b->st_blocks) {
		char text[64];

		snprintf(text, sizeof(text), "blocks (%ld, %ld)", (long)a->st_blocks,
			 (long)b->st_blocks);
		return say(walk, text);
	}
	if (!walk->path[0] && directory)
		return inodes_match(walk, a, b);
	if (compares_access(walk->world, b->st_mode) &&
	    !times_agree(walk->world, &a->st_atim, &b->st_atim))
		return say(walk, "access time");
	if (!times_agree(walk->world, &a->st_mtim, &b->st_mtim))
		return say(walk, "modification time");
	if (!inodes_match(walk, a, b))
		return say(walk, "which names are the same file");
	return true;
}

static bool directories_match(struct walk *walk, int a, int b);

static bool below_matches(struct walk *walk, int a, int b, const char *name)
{
	int below_a = openat(a, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
	int below_b = openat(b, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
	bool match = below_a >= 0 && below_b >= 0 ? directories_match(walk, below_a, below_b)
						  : say(walk, "opening");

	close(below_a);
	close(below_b);
	return match;
}

static bool entries_match(struct walk *walk, int a, int b, const char *name)
{
	struct stat st_a, st_b;

	if (fstatat(a, name, &st_a, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(b, name, &st_b, AT_SYMLINK_NOFOLLOW) < 0)
		return say(walk, "stat");
	if (!attributes_match(walk, &st_a, &st_b))
		return false;
	if (hash_attributes(a, name) != hash_attributes(b, name))
		return say(walk, "extended attributes");
	if (S_ISDIR(st_b.st_mode))
		return below_matches(walk, a, b, name);
	if (S_ISREG(st_b.st_mode) && hash_content(a, name) != hash_content(b, name))
		return say(walk, "content");
	return true;
}

static bool same_names(struct walk *walk, const struct names *a, const struct names *b)
{
	size_t end = strlen(walk->path);

	for (size_t i = 0; i < a->n || i < b->n; i++) {
		int order = i >= a->n ? 1 : i >= b->n ? -1 : strcmp(a->name[i], b->name[i]);

		if (order == 0)
			continue;
		snprintf(walk->path + end, sizeof(walk->path) - end, "/%s",
			 order < 0 ? a->name[i] : b->name[i]);
		return say(walk, order < 0 ? "only A's listing has the name"
					   : "only B's listing has the name");
	}
	return true;
}

static bool directories_match(struct walk *walk, int a, int b)
{
	struct names names_a, names_b;
	size_t end = strlen(walk->path);
	bool match = names_read(a, &names_a) == 0;

	match = names_read(b, &names_b) == 0 && match;
	if (!match)
		say(walk, "listing");
	match = match && same_names(walk, &names_a, &names_b);
	for (size_t i = 0; match && i < names_a.n; i++) {
		snprintf(walk->path + end, sizeof(walk->path) - end, "/%s", names_a.name[i]);
		match = entries_match(walk, a, b, names_a.name[i]);
		if (match)
			walk->path[end] = '\0';
	}
	names_free(&names_a);
	names_free(&names_b);
	return match;
}

bool trees_agree(struct world *world, char *why, size_t size)
{
	static struct walk walk;

	walk = (struct walk){ .world = world, .why = why, .size = size };
	return entries_match(&walk, world->root[A], world->root[B], ".");
}

static void note_paths(int dir, const char *above, struct known_paths *known);

static void note_path(int dir, const char *name, const char *above, struct known_paths *known)
{
	struct stat st;
	int below;
	char *path;

	if (strlen(above) + strlen(name) + 2 > KNOWN_BYTES ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (known->n[S_ISDIR(st.st_mode)] == KNOWN)
		return;
	path = known->path[S_ISDIR(st.st_mode)][known->n[S_ISDIR(st.st_mode)]++];
	sprintf(path, "%s/%s", above, name);
	if (!S_ISDIR(st.st_mode))
		return;
	below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC);
	if (below < 0)
		return;
	note_paths(below, path, known);
	close(below);
}

static void note_paths(int dir, const char *above, struct known_paths *known)
{
	struct names names;

	if (names_read(dir, &names) == 0)
		for (size_t i = 0; i < names.n; i++)
			note_path(dir, names.name[i], above, known);
	names_free(&names);
}

void tree_known(const struct world *world, struct known_paths *known)
{
	known->n[0] = 0;
	known->n[1] = 1;
	strcpy(known->path[1][0], "/");
	note_paths(world->root[B], "", known);
}
