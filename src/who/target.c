/* SPDX-License-Identifier: MIT */
#include "target.h"

#include "array.h"

#include "shm/platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* One word on its way into targets. */
struct word {
	struct targets *targets;
	const struct devices *devices;
	const char *text;
	int home;
	char *message;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int fail(const struct word *word, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(word->message, word->size, format, args);
	va_end(args);
	return -1;
}

/* How to tell a path: from the top, unless that leads elsewhere, as it does through
 * /proc/PID/root. NULL: no memory. */
static char *path_told(const char *text, const struct stat *st)
{
	char *path = realpath(text, NULL);
	struct stat there;

	if (path != NULL && stat(path, &there) == 0 && there.st_dev == st->st_dev &&
	    there.st_ino == st->st_ino)
		return path;
	free(path);
	return strdup(text);
}

/* ---- files ---- */

/* Takes the name over; NULL: there was no memory for it. */
static int add_file(const struct word *word, dev_t dev, ino_t ino, char *name)
{
	struct targets *targets = word->targets;
	struct target *items =
		array_grow(targets->items, targets->count, &targets->capacity, sizeof(*items));

	if (items != NULL)
		targets->items = items;
	if (items == NULL || name == NULL) {
		free(name);
		return fail(word, "out of memory");
	}
	items[targets->count++] = (struct target){ .dev = dev, .ino = ino, .name = name };
	return 0;
}

static char *join(const char *path, const char *name)
{
	char *joined;

	return asprintf(&joined, "%s/%s", path, name) < 0 ? NULL : joined;
}

/* ---- directories ---- */

static int add_content(const struct word *word, int fd, dev_t dev, const char *path);

static int add_below(const struct word *word, int parent, dev_t dev, const char *path,
		     const char *name)
{
	const int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char *below;
	int error;

	/* It is gone, or its content is not to be seen. */
	if (fd < 0)
		return 0;
	below = join(path, name);
	if (below == NULL) {
		close(fd);
		return fail(word, "out of memory");
	}
	error = add_content(word, fd, dev, below);
	free(below);
	return error;
}

static int add_entry(const struct word *word, int fd, dev_t dev, const char *path,
		     const struct dirent *entry)
{
	if (entry->d_type == DT_REG)
		return add_file(word, dev, entry->d_ino, join(path, entry->d_name));
	if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
	    strcmp(entry->d_name, "..") == 0)
		return 0;
	return add_below(word, fd, dev, path, entry->d_name);
}

/* All below fd, which is taken, on the device. tmpfs and FUSE tell types and
 * numbers with the names: no file is looked up. */
static int add_content(const struct word *word, int fd, dev_t dev, const char *path)
{
	DIR *directory = fdopendir(fd);
	const struct dirent *entry;
	struct stat st;
	int error = 0;

	if (directory == NULL) {
		close(fd);
		return fail(word, "'%s': %s", path, strerror(errno));
	}
	if (fstat(fd, &st) == 0 && st.st_dev == dev)
		while (error == 0 && (entry = readdir(directory)) != NULL)
			error = add_entry(word, fd, dev, path, entry);
	closedir(directory);
	return error;
}

static int add_directory(const struct word *word, const struct stat *st)
{
	struct targets *targets = word->targets;
	struct target_directory *grown = array_grow(targets->directories, targets->directory_count,
						    &targets->directory_capacity, sizeof(*grown));
	char *path = grown == NULL ? NULL : path_told(word->text, st);
	int fd;

	if (grown != NULL)
		targets->directories = grown;
	if (path == NULL)
		return fail(word, "out of memory");
	grown[targets->directory_count++] =
		(struct target_directory){ .dev = st->st_dev, .path = path };
	fd = open(word->text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(word, "'%s': %s", word->text, strerror(errno));
	return add_content(word, fd, st->st_dev, path);
}

/* ---- words ---- */

/* The name of an object, without the slash before it; or NULL. */
static const char *object_of(const char *text)
{
	const char *name = text[0] == '/' ? text + 1 : text;

	if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return NULL;
	return name;
}

static bool is_memory(const struct word *word, dev_t dev)
{
	struct statfs status;

	return devices_get(word->devices, dev) != NULL ||
	       (statfs(word->text, &status) == 0 && status.f_type == TMPFS_MAGIC);
}

static int find_path(const struct word *word)
{
	struct stat st, home;

	if (stat(word->text, &st) < 0)
		return errno == ENOENT
			       ? fail(word, "'%s': no object of this name, and no path", word->text)
			       : fail(word, "'%s': %s", word->text, strerror(errno));
	if ((!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) || !is_memory(word, st.st_dev))
		return fail(word,
			    "'%s' is no shared memory object: give the name of one, or a path "
			    "in /dev/shm or in a mount",
			    word->text);
	if (S_ISDIR(st.st_mode)) {
		if (fstat(word->home, &home) == 0 && st.st_dev == home.st_dev &&
		    st.st_ino == home.st_ino) {
			word->targets->all = true;
			return 0;
		}
		return add_directory(word, &st);
	}
	return add_file(word, st.st_dev, st.st_ino, path_told(word->text, &st));
}

static int find_word(const struct word *word)
{
	const char *name = object_of(word->text);
	struct pshm_info info;

	if (name != NULL && pshm_space_stat(word->home, name, &info) == 0)
		return add_file(word, info.st.st_dev, info.st.st_ino, join("", name));
	return find_path(word);
}

int targets_find(struct targets *targets, const struct devices *devices, int home, int count,
		 char **words, char *message, size_t size)
{
	int error = 0;

	*targets = (struct targets){ .all = count == 0 };
	for (int i = 0; error == 0 && i < count; i++) {
		const struct word word = { targets, devices, words[i], home, message, size };

		error = find_word(&word);
	}
	return error;
}

void targets_free(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		free(targets->items[i].name);
	for (size_t i = 0; i < targets->directory_count; i++)
		free(targets->directories[i].path);
	free(targets->items);
	free(targets->directories);
}

/* ---- what is one of them ---- */

static int compare(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (x->ino > y->ino) - (x->ino < y->ino);
}

void targets_settle(struct targets *targets, const struct devices *devices)
{
	for (size_t i = 0; i < targets->count; i++)
		targets->items[i].dev = devices_space(devices, targets->items[i].dev);
	if (targets->count > 0)
		qsort(targets->items, targets->count, sizeof(*targets->items), compare);
}

const struct target *targets_get(const struct targets *targets, dev_t space, ino_t ino)
{
	const struct target wanted = { .dev = space, .ino = ino };

	if (targets->count == 0)
		return NULL;
	return bsearch(&wanted, targets->items, targets->count, sizeof(wanted), compare);
}

bool targets_had(const struct targets *targets, const struct devices *devices, dev_t dev,
		 const char *path)
{
	for (size_t i = 0; i < targets->directory_count; i++) {
		const struct target_directory *directory = &targets->directories[i];
		const size_t len = strlen(directory->path);

		if (devices_space(devices, directory->dev) == devices_space(devices, dev) &&
		    strncmp(path, directory->path, len) == 0 && path[len] == '/')
			return true;
	}
	return false;
}
