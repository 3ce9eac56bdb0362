/* SPDX-License-Identifier: MIT */
#include "root.h"

#include "listing.h"
#include "log.h"
#include "tree.h"

#include "posix_shm.h"
#include "shm/platform.h"
#include "text/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

/* ---- which directory it is ---- */

static int enter(struct fs *fs, const char *component, ino_t *ino)
{
	struct found found;
	int error = tree_find(fs, fs->view.root, component, &found);

	if (error == 0 && !found.directory)
		error = -ENOTDIR;
	if (error < 0)
		return error;
	*ino = found.st.st_ino;
	memcpy(fs->view.root, found.name, sizeof(object_name));
	return 0;
}

static int fail_to_enter(const struct fs *fs, const char *component, int error,
			 message_line message)
{
	const char *subdir = fs->options->subdir;

	if (error == -ENOENT)
		return message_fail(message,
				    "subdir=%s: there is no directory %s: make it with mkdir(1) in "
				    "a mount of the whole tree",
				    subdir, component);
	return message_fail(message, "subdir=%s: %s: %s", subdir, component, strerror(-error));
}

static int enter_all(struct fs *fs, char *path, ino_t *ino, message_line message)
{
	const char *component;

	while ((component = strsep(&path, "/")) != NULL) {
		int error = component[0] != '\0' ? enter(fs, component, ino) : 0;

		if (error < 0)
			return fail_to_enter(fs, component, error, message);
	}
	return 0;
}

int root_enter(struct fs *fs, ino_t *ino, message_line message)
{
	char *path;
	int error;

	if (fs->options->subdir == NULL)
		return 0;
	path = strdup(fs->options->subdir);
	if (path == NULL)
		return message_fail(message, "out of memory");
	error = enter_all(fs, path, ino, message);
	free(path);
	return error;
}

/* ---- what ends with the mount ---- */

/* What could not be removed. */
struct remains {
	size_t count;
	char first[PRINTABLE_SIZE(NAME_MAX)];
	int error;
};

static void remove_object(struct fs *fs, const char *name, struct remains *remains)
{
	if (pshm_space_unlink(fs->space, name) == 0 || errno == ENOENT)
		return;
	if (remains->count++ > 0)
		return;
	remains->error = errno;
	printable(name, remains->first, sizeof(remains->first));
}

static void remove_objects(struct fs *fs, struct listing *listing, bool markers,
			   struct remains *remains)
{
	const char separator = fs->view.separator;

	for (size_t i = 0; i < listing->objects.count; i++) {
		const char *name = name_list_name(&listing->objects, i);
		const bool marker = name[strlen(name) - 1] == separator;

		if (marker == markers && strcmp(name, fs->view.root) != 0 &&
		    listing_is_below(listing, i))
			remove_object(fs, name, remains);
	}
}

/* The markers last: if it ends before, nothing lies outside of its directory. */
static void remove_content(struct fs *fs)
{
	struct remains remains = { 0 };
	struct listing listing;
	int error = listing_read(&listing, fs, fs->view.root, LISTING_ALL);

	if (error == 0) {
		remove_objects(fs, &listing, false, &remains);
		remove_objects(fs, &listing, true, &remains);
	} else {
		log_warning("ephemeral: cannot list the objects: %s", strerror(-error));
	}
	if (remains.count > 0)
		log_warning("ephemeral: cannot remove %zu objects, as /%s: %s", remains.count,
			    remains.first, strerror(remains.error));
	listing_free(&listing);
}

/* True where this mount is the only one of an ephemeral root. */
static bool is_alone(const struct fs *fs)
{
	return fs->root_lock >= 0 && flock(fs->root_lock, LOCK_EX | LOCK_NB) == 0;
}

int root_begin(struct fs *fs, message_line message)
{
	if (!fs->options->ephemeral)
		return 0;
	fs->root_lock = pshm_space_open_object(fs->space, fs->view.root, O_RDONLY);
	if (fs->root_lock < 0)
		return message_fail(message, "ephemeral: cannot open the marker /%s: %s",
				    fs->view.root, strerror(errno));
	if (is_alone(fs))
		remove_content(fs);
	flock(fs->root_lock, LOCK_SH);
	return 0;
}

void root_end(struct fs *fs)
{
	if (is_alone(fs))
		remove_content(fs);
	if (fs->root_lock >= 0)
		pshm_close(fs->root_lock);
}
