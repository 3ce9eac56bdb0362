/* SPDX-License-Identifier: MIT */
#include "listing.h"

#include "tree.h"

#include "shm/platform.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- markers: whether each is a directory is asked when it matters, once ---- */

enum { NOT_ASKED, DIRECTORY, NO_DIRECTORY };

static bool is_directory_listed(const char *name, const char *rival, void *arg)
{
	struct listing *listing = arg;
	const struct name_cursor marker = name_set_from(&listing->markers, name);
	const struct markers now = tree_markers(listing->fs);
	bool is;

	if (marker.name == NULL || strcmp(marker.name, name) != 0)
		return false;
	if (marker.number != NOT_ASKED)
		return marker.number == DIRECTORY;
	is = now.is_directory(name, rival, now.arg);
	/* Has its place already, and takes no memory. */
	name_set_put(&listing->markers, name, is ? DIRECTORY : NO_DIRECTORY);
	return is;
}

static void locate(struct listing *listing, const char *name, struct location *location)
{
	const struct markers markers = { is_directory_listed, listing };

	view_locate(&listing->fs->view, &markers, name, location);
}

static bool begins_with(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static int add_marker(struct listing *listing, const char *name)
{
	return name_set_put(&listing->markers, name, NOT_ASKED) ? 0 : -ENOMEM;
}

/* ---- from all objects ---- */

/* Of a semaphore, the name without what stands in front of the prefix. */
static const char *bare(const char *name)
{
	return view_is_semaphore(name) ? name + strlen("sem.") : name;
}

static int add_if_near(const char *name, ino_t ino, void *arg)
{
	struct listing *listing = arg;
	const struct view *view = &listing->fs->view;
	const bool inside = begins_with(name, listing->prefix);
	int error = 0;

	if (!view->flat && name[strlen(name) - 1] == view->separator &&
	    (inside || begins_with(listing->prefix, name)))
		error = add_marker(listing, name);
	if (error == 0 && (inside || begins_with(bare(name), listing->prefix)))
		error = name_list_add(&listing->objects, name, ino, false);
	return error;
}

static int read_all(struct listing *listing)
{
	const int error = pshm_space_list(listing->fs->space, add_if_near, listing);

	return error == -1 ? -errno : error;
}

/* ---- from the names that are known ---- */

static int copy_markers(struct listing *listing, const struct name_set *known)
{
	const char *prefix = listing->prefix;
	struct name_cursor at = name_set_from(known, prefix);
	object_name above;
	int error = 0;

	for (size_t len = 1; error == 0 && prefix[0] != '\0' && prefix[len] != '\0'; len++) {
		if (prefix[len - 1] != listing->fs->view.separator)
			continue;
		memcpy(above, prefix, len);
		above[len] = '\0';
		if (name_set_has(known, above))
			error = add_marker(listing, above);
	}
	for (; error == 0 && at.name != NULL && begins_with(at.name, prefix); name_cursor_next(&at))
		error = add_marker(listing, at.name);
	return error;
}

/* Names that begin with one of these, and are longer, lie in a directory below:
 * its marker, and the same of its semaphores. None begins with two of them. */
struct subtrees {
	struct name_set names;
};

enum { OF_SEMAPHORES, OF_FILES };

static bool with_head(const char *head, const char *name, object_name result)
{
	if (strlen(head) + strlen(name) > NAME_MAX)
		return false;
	strcpy(stpcpy(result, head), name);
	return true;
}

static int add_subtree(struct subtrees *subtrees, const char *marker)
{
	object_name name;

	if (!name_set_put(&subtrees->names, marker, OF_FILES))
		return -ENOMEM;
	if (with_head("sem.", marker, name) && !name_set_put(&subtrees->names, name, OF_SEMAPHORES))
		return -ENOMEM;
	return 0;
}

static int find_subtrees(struct listing *listing, struct subtrees *subtrees)
{
	struct name_cursor at = name_set_from(&listing->markers, listing->prefix);
	struct location location;
	int error = 0;

	while (error == 0 && at.name != NULL && begins_with(at.name, listing->prefix)) {
		locate(listing, at.name, &location);
		if (location.directory && strcmp(location.prefix, listing->prefix) == 0) {
			error = add_subtree(subtrees, at.name);
			at = name_set_behind(&listing->markers, at.name);
		} else {
			name_cursor_next(&at);
		}
	}
	return error;
}

/* From the cursor on, what begins with prefix, up to the last one if there is one. */
static int copy_names(struct listing *listing, struct name_cursor *at, const char *prefix,
		      const char *last)
{
	int error = 0;

	for (; error == 0 && at->name != NULL && begins_with(at->name, prefix) &&
	       (last == NULL || strcmp(at->name, last) <= 0);
	     name_cursor_next(at))
		error = name_list_add(&listing->objects, at->name, (ino_t)at->number, false);
	return error;
}

/* What begins with a directory's marker and does not lie in it, since no file in
 * it is called so: "." and "..", and what would be a semaphore. */
static int copy_strays(struct listing *listing, const struct name_set *known, const char *marker)
{
	struct name_cursor at;
	object_name stray;
	int error = 0;

	if (with_head(marker, ".", stray)) {
		at = name_set_from(known, stray);
		error = copy_names(listing, &at, stray, stray);
	}
	if (error == 0 && with_head(marker, "..", stray)) {
		at = name_set_from(known, stray);
		error = copy_names(listing, &at, stray, stray);
	}
	if (error == 0 && with_head(marker, "sem.", stray)) {
		at = name_set_from(known, stray);
		error = copy_names(listing, &at, stray, NULL);
	}
	return error;
}

static int copy_range(struct listing *listing, const struct name_set *known,
		      const struct subtrees *subtrees, const char *prefix)
{
	struct name_cursor at = name_set_from(known, prefix);
	struct name_cursor subtree = name_set_from(&subtrees->names, prefix);
	int error = 0;

	for (; error == 0 && subtree.name != NULL && begins_with(subtree.name, prefix);
	     name_cursor_next(&subtree)) {
		error = copy_names(listing, &at, prefix, subtree.name);
		if (at.name == NULL || !begins_with(at.name, subtree.name))
			continue;
		if (error == 0 && subtree.number == OF_FILES)
			error = copy_strays(listing, known, subtree.name);
		at = name_set_behind(known, subtree.name);
	}
	return error < 0 ? error : copy_names(listing, &at, prefix, NULL);
}

/* The top level's semaphores are among its other names. */
static int copy_objects(struct listing *listing, const struct name_set *known,
			const struct subtrees *subtrees)
{
	object_name semaphores;
	int error = copy_range(listing, known, subtrees, listing->prefix);

	if (error == 0 && listing->prefix[0] != '\0' &&
	    with_head("sem.", listing->prefix, semaphores))
		error = copy_range(listing, known, subtrees, semaphores);
	return error;
}

/* ---- either ---- */

#define LEVEL_ATTEMPTS 3

/* To find the directories to be passed over, system calls are needed, and the
 * lock is given back. If markers have come or gone then, all begins anew, and
 * in the end nothing is passed over. 1: the names are not known. */
static int read_known(struct listing *listing, enum listing_depth depth, struct subtrees *subtrees)
{
	struct marks *marks = &listing->fs->marks;
	int attempts = depth == LISTING_LEVEL ? LEVEL_ATTEMPTS : 0, error = 0;
	uint32_t changes = 0;
	bool done = false;

	while (error == 0 && !done) {
		if (!marks_hold(marks))
			return 1;
		done = changes == marks->changes || attempts-- == 0;
		if (changes != marks->changes) {
			name_set_clear(&subtrees->names);
			name_set_clear(&listing->markers);
			error = copy_markers(listing, &marks->markers);
			changes = marks->changes;
		}
		if (error == 0 && done)
			error = copy_objects(listing, &marks->objects, subtrees);
		marks_release(marks);
		if (error == 0 && !done)
			error = find_subtrees(listing, subtrees);
	}
	return error;
}

int listing_read(struct listing *listing, struct fs *fs, const char *prefix,
		 enum listing_depth depth)
{
	struct subtrees subtrees = { 0 };
	int error;

	*listing = (struct listing){ .fs = fs, .prefix = prefix };
	error = read_known(listing, depth, &subtrees);
	name_set_clear(&subtrees.names);
	if (error <= 0)
		return error;
	name_set_clear(&listing->markers);
	return read_all(listing);
}

void listing_free(struct listing *listing)
{
	name_list_clear(&listing->objects);
	name_set_clear(&listing->markers);
}

/* ---- places ---- */

static bool is_empty_or_gone(struct listing *listing, const char *name)
{
	struct pshm_info info;

	return pshm_space_stat(listing->fs->space, name, &info) < 0 || info.st.st_size == 0;
}

/* Neither an object whose path an older marker has is seen, nor a marker whose
 * path an older object has. */
static bool is_hidden(struct listing *listing, const char *name, const struct location *location)
{
	const struct view *view = &listing->fs->view;
	const struct markers markers = { is_directory_listed, listing };
	object_name marker;

	if (location->directory)
		return false;
	if (view_is_marker(view, location->prefix, location->component) &&
	    view_reaches(view, &markers, location->prefix, location->component, name, true))
		return is_empty_or_gone(listing, name);
	return view_marker(view, location->prefix, location->component, marker) == 0 &&
	       view_reaches(view, &markers, location->prefix, location->component, marker, true) &&
	       is_directory_listed(marker, name, listing);
}

bool listing_is_in(struct listing *listing, size_t i, const char *prefix, struct location *location)
{
	const char *name = name_list_name(&listing->objects, i);

	locate(listing, name, location);
	return view_shows(&listing->fs->view, prefix, location) &&
	       !is_hidden(listing, name, location);
}

bool listing_is_below(struct listing *listing, size_t i)
{
	struct location location;

	locate(listing, name_list_name(&listing->objects, i), &location);
	return begins_with(location.prefix, listing->prefix);
}

int listing_check_empty(struct fs *fs, const char *prefix)
{
	struct listing listing;
	int error = listing_read(&listing, fs, prefix, LISTING_ALL);

	for (size_t i = 0; error == 0 && i < listing.objects.count; i++)
		if (listing_is_below(&listing, i))
			error = -ENOTEMPTY;
	listing_free(&listing);
	return error;
}
