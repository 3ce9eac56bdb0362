/* SPDX-License-Identifier: MIT */
#include "listing.h"

#include "tree.h"

#include "shm/platform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct listed_marker {
	const char *name;
	enum { NOT_ASKED, DIRECTORY, NO_DIRECTORY } is;
};

static int add_object(const char *name, ino_t ino, void *arg)
{
	struct listing *listing = arg;
	char *copy;

	if (listing->count == listing->capacity) {
		const size_t capacity = listing->capacity == 0 ? 64 : listing->capacity * 2;
		struct listed *objects =
			realloc(listing->objects, capacity * sizeof(struct listed));

		if (objects == NULL)
			return -ENOMEM;
		listing->objects = objects;
		listing->capacity = capacity;
	}
	copy = strdup(name);
	if (copy == NULL)
		return -ENOMEM;
	listing->objects[listing->count++] = (struct listed){ copy, ino };
	return 0;
}

static bool ends_in_separator(const struct listing *listing, const char *name)
{
	return name[strlen(name) - 1] == listing->fs->view.separator;
}

static int compare_markers(const void *a, const void *b)
{
	const struct listed_marker *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static bool is_directory_listed(const char *name, const char *rival, void *arg)
{
	struct listing *listing = arg;
	const struct listed_marker key = { .name = name };
	struct listed_marker *marker = NULL;

	if (listing->marker_count > 0)
		marker = bsearch(&key, listing->markers, listing->marker_count, sizeof(key),
				 compare_markers);
	if (marker == NULL)
		return false;
	if (marker->is == NOT_ASKED) {
		const struct markers now = tree_markers(listing->fs);

		marker->is = now.is_directory(name, rival, now.arg) ? DIRECTORY : NO_DIRECTORY;
	}
	return marker->is == DIRECTORY;
}

static int find_markers(struct listing *listing)
{
	size_t count = 0;

	for (size_t i = 0; i < listing->count; i++)
		count += ends_in_separator(listing, listing->objects[i].name);
	if (count == 0 || listing->fs->view.flat)
		return 0;
	listing->markers = calloc(count, sizeof(struct listed_marker));
	if (listing->markers == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < listing->count; i++)
		if (ends_in_separator(listing, listing->objects[i].name))
			listing->markers[listing->marker_count++].name = listing->objects[i].name;
	qsort(listing->markers, count, sizeof(struct listed_marker), compare_markers);
	return 0;
}

int listing_read(struct listing *listing, struct fs *fs)
{
	int error;

	*listing = (struct listing){ .fs = fs };
	error = pshm_space_list(fs->space, add_object, listing);
	if (error == -1)
		return -errno;
	if (error < 0)
		return error;
	return find_markers(listing);
}

void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->objects[i].name);
	free(listing->objects);
	free(listing->markers);
	*listing = (struct listing){ 0 };
}

static void locate(struct listing *listing, const struct listed *object, struct location *location)
{
	const struct markers markers = { is_directory_listed, listing };

	view_locate(&listing->fs->view, &markers, object->name, location);
}

static bool is_empty_or_gone(struct listing *listing, const struct listed *object)
{
	struct pshm_info info;

	return pshm_space_stat(listing->fs->space, object->name, &info) < 0 || info.st.st_size == 0;
}

/* Neither an object whose path an older marker has is seen, nor a marker whose
 * path an older object has. */
static bool is_hidden(struct listing *listing, const struct listed *object,
		      const struct location *location)
{
	const struct view *view = &listing->fs->view;
	const struct markers markers = { is_directory_listed, listing };
	object_name marker;

	if (location->directory)
		return false;
	if (view_is_marker(view, location->prefix, location->component) &&
	    view_reaches(view, &markers, location->prefix, location->component, object->name, true))
		return is_empty_or_gone(listing, object);
	return view_marker(view, location->prefix, location->component, marker) == 0 &&
	       view_reaches(view, &markers, location->prefix, location->component, marker, true) &&
	       is_directory_listed(marker, object->name, listing);
}

bool listing_is_in(struct listing *listing, const struct listed *object, const char *prefix,
		   struct location *location)
{
	locate(listing, object, location);
	return strcmp(location->prefix, prefix) == 0 && !is_hidden(listing, object, location);
}

bool listing_is_below(struct listing *listing, const struct listed *object, const char *prefix)
{
	struct location location;

	locate(listing, object, &location);
	return strncmp(location.prefix, prefix, strlen(prefix)) == 0;
}

int listing_check_empty(struct fs *fs, const char *prefix)
{
	struct listing listing;
	int error = listing_read(&listing, fs);

	for (size_t i = 0; error == 0 && i < listing.count; i++)
		if (listing_is_below(&listing, &listing.objects[i], prefix))
			error = -ENOTEMPTY;
	listing_free(&listing);
	return error;
}
