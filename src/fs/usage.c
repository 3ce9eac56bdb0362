/* SPDX-License-Identifier: MIT */
#include "usage.h"

#include "fs.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- which objects ---- */

/* The rest of the name behind the prefix, or NULL where that is not its own. */
static const char *below(const char *name, const char *prefix)
{
	const size_t len = strlen(prefix);

	return strncmp(name, prefix, len) == 0 && name[len] != '\0' ? name + len : NULL;
}

/* A shared name means an object of the top level; what is called so in the root's
 * own directory cannot be seen. */
static bool is_shared(const struct view *view, const char *component)
{
	return strchr(component, view->separator) == NULL &&
	       view_sharing(view, view->root, component) != NOT_SHARED;
}

bool usage_is_private(const struct fs *fs, const char *name)
{
	const struct view *view = &fs->view;
	const char *rest = below(name, view->root);
	object_name component;

	if (rest != NULL)
		return !is_shared(view, rest);
	if (!view_is_semaphore(name))
		return false;
	rest = below(name + strlen("sem."), view->root);
	if (rest == NULL)
		return false;
	strcpy(stpcpy(component, "sem."), rest);
	return !is_shared(view, component);
}

/* ---- the table: open addressing, at most half full ---- */

struct object_size {
	ino_t ino; /* 0: free */
	uint64_t size;
};

static struct object_size *place_of(struct object_size *objects, size_t capacity, ino_t ino)
{
	size_t at = (size_t)(ino * 0x9e3779b97f4a7c15u >> 20) & (capacity - 1);

	while (objects[at].ino != 0 && objects[at].ino != ino)
		at = (at + 1) & (capacity - 1);
	return &objects[at];
}

static int make_room(struct usage *usage)
{
	const size_t capacity = usage->capacity == 0 ? 64 : 2 * usage->capacity;
	struct object_size *objects;

	if (2 * usage->count < usage->capacity)
		return 0;
	objects = calloc(capacity, sizeof(*objects));
	if (objects == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < usage->capacity; i++)
		if (usage->objects[i].ino != 0)
			*place_of(objects, capacity, usage->objects[i].ino) = usage->objects[i];
	free(usage->objects);
	usage->objects = objects;
	usage->capacity = capacity;
	return 0;
}

/* False: it is known. */
static bool is_new(const struct usage *usage, ino_t ino)
{
	return place_of(usage->objects, usage->capacity, ino)->ino == 0;
}

static void enter(struct usage *usage, const struct stat *st)
{
	const uint64_t size = (uint64_t)st->st_size;

	*place_of(usage->objects, usage->capacity, st->st_ino) =
		(struct object_size){ .ino = st->st_ino, .size = size };
	usage->count++;
	/* Holes cost nothing: two objects can be longer than the sum can tell. */
	usage->size += size < UINT64_MAX - usage->size ? size : UINT64_MAX - usage->size;
	usage->memory += 512 * (uint64_t)st->st_blocks;
}

bool usage_has(const struct usage *usage, ino_t ino, uint64_t *size)
{
	const struct object_size *object;

	if (usage->capacity == 0)
		return false;
	object = place_of(usage->objects, usage->capacity, ino);
	*size = object->size;
	return object->ino == ino;
}

void usage_free(struct usage *usage)
{
	free(usage->objects);
	usage->objects = NULL;
}

/* ---- the count ---- */

struct counter {
	struct usage *usage;
	struct fs *fs;
	bool sizes;
};

/* An object that is gone by now counts for nothing. */
static int add_name(const char *name, ino_t ino, void *arg)
{
	const struct counter *counter = arg;
	struct usage *usage = counter->usage;
	struct pshm_info info = { .st.st_ino = ino };

	if (!usage_is_private(counter->fs, name))
		return 0;
	if (make_room(usage) < 0)
		return -ENOMEM;
	usage->inodes++;
	if (!is_new(usage, ino))
		return 0;
	if (counter->sizes && pshm_space_stat(counter->fs->space, name, &info) < 0) {
		usage->inodes--;
		return errno == ENOENT ? 0 : -errno;
	}
	if (is_new(usage, info.st.st_ino))
		enter(usage, &info.st);
	return 0;
}

static int add_nameless(struct usage *usage, const struct handle *handle)
{
	struct stat st;

	if (!handle->is_private || pshm_fstat(handle->fd, &st) < 0 || st.st_nlink > 0)
		return 0;
	if (make_room(usage) < 0)
		return -ENOMEM;
	if (!is_new(usage, st.st_ino))
		return 0;
	usage->inodes++;
	enter(usage, &st);
	return 0;
}

/* After the names: who loses his last one meanwhile is found here, or was before. */
static int add_all_nameless(struct usage *usage, struct quota *quota)
{
	int error = 0;

	pthread_mutex_lock(&quota->open_lock);
	for (struct handle *handle = quota->open; error == 0 && handle != NULL;
	     handle = handle->open_next)
		error = add_nameless(usage, handle);
	pthread_mutex_unlock(&quota->open_lock);
	return error;
}

int usage_read(struct usage *usage, struct fs *fs, bool sizes)
{
	struct counter counter = { usage, fs, sizes };
	int error;

	*usage = (struct usage){ .inodes = 1 };
	error = pshm_space_list(fs->space, add_name, &counter);
	if (error == -1)
		error = -errno;
	return error < 0 ? error : add_all_nameless(usage, &fs->quota);
}
