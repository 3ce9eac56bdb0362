/* SPDX-License-Identifier: MIT */
/*
 * Views with shared names. Input: the separator, the view's root, the patterns
 * of share and of share_ro, then names of objects, each with a null byte behind
 * it, the oldest first.
 */
#include "fuzz.h"
#include "names.h"

#include <stdlib.h>
#include <string.h>

#define MOST_PATTERN 64 /* fnmatch(3) is not made for long ones */

struct scene {
	struct view view;
	struct names names;
	struct markers markers;
	struct location shown[MOST_NAMES];
	size_t shown_count;
};

/* An object that the view shows has this one path, and the path is the object. */
static void check_object(struct scene *scene, const char *name)
{
	const struct view *view = &scene->view;
	struct location place;
	object_name back;

	view_locate(view, &scene->markers, name, &place);
	if (!view_shows(view, view->root, &place))
		return;
	REQUIRE(strcmp(place.prefix, view->root) == 0);
	REQUIRE((place.directory ? view_marker(view, view->root, place.component, back)
				 : view_file(view, view->root, place.component, back)) == 0);
	REQUIRE(strcmp(back, name) == 0);
	REQUIRE(view_reaches(view, &scene->markers, view->root, place.component, name,
			     place.directory));
	for (size_t i = 0; i < scene->shown_count; i++)
		REQUIRE(scene->shown[i].directory != place.directory ||
			strcmp(scene->shown[i].component, place.component) != 0);
	scene->shown[scene->shown_count++] = place;
}

/* A name in the root is its own directory's object or, if it is shared, the top
 * level's; and the object that it is has no other path. */
static void check_path(struct scene *scene, const char *component)
{
	const struct view *view = &scene->view;
	const char *root = view->root, *home = view_home(view, root, component);
	const bool shared = shares_find(&view->shares, component) != NOT_SHARED;
	struct location place;
	object_name name;

	REQUIRE(strcmp(home, shared ? "" : root) == 0);
	REQUIRE(view_is_elsewhere(view, root, component) == (shared && view_is_part(view)));
	REQUIRE(!view_is_read_only(view, root, component) || shared);
	if (shared)
		REQUIRE(view_marker(view, root, component, name) < 0);
	if (view_file(view, root, component, name) < 0)
		return;
	if (!view_reaches(view, &scene->markers, root, component, name, false))
		return;
	view_locate(view, &scene->markers, name, &place);
	if (place.directory)
		return;
	REQUIRE(view_shows(view, root, &place));
	REQUIRE(strcmp(place.component, component) == 0);
}

/* The root is a directory of the tree, or the top level. */
static bool set_root(struct scene *scene, const char *root)
{
	struct location place;

	if (root[0] == '\0')
		return true;
	if (names_find(&scene->names, root) == scene->names.count)
		return false;
	view_locate(&scene->view, &scene->markers, root, &place);
	strcpy(scene->view.root, root);
	return place.directory;
}

/* The next text, cut to what there is room for. */
static const char *read_text(const char *at, const char *end, char *text, size_t size)
{
	const size_t len = strnlen(at, (size_t)(end - at));
	const size_t kept = len < size ? len : size - 1;

	memcpy(text, at, kept);
	text[kept] = '\0';
	return at + len + (at + len < end);
}

static void check_all(struct scene *scene, const char *root, const char *shares,
		      const char *shares_ro)
{
	if (!set_root(scene, root))
		return;
	if (shares[0] != '\0' && shares_add(&scene->view.shares, shares, SHARED_RW) < 0)
		return;
	if (shares_ro[0] != '\0' && shares_add(&scene->view.shares, shares_ro, SHARED_RO) < 0)
		return;
	for (size_t i = 0; i < scene->names.count; i++)
		check_object(scene, scene->names.list[i]);
	for (size_t i = 0; i < scene->names.count; i++)
		check_path(scene, scene->names.list[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data + 1, *end = (const char *)data + size;
	char shares[MOST_PATTERN], shares_ro[MOST_PATTERN];
	struct scene *scene;
	object_name root;

	if (size < 2 || data[0] == '\0' || strchr("/sem.", data[0]) != NULL)
		return 0;
	scene = calloc(1, sizeof(*scene));
	REQUIRE(scene != NULL);
	scene->view.separator = (char)data[0];
	scene->markers = names_markers(&scene->names);
	at = read_text(at, end, root, sizeof(root));
	at = read_text(at, end, shares, sizeof(shares));
	at = read_text(at, end, shares_ro, sizeof(shares_ro));
	while (at < end && scene->names.count < MOST_NAMES)
		at = names_add(&scene->names, at, end);
	check_all(scene, root, shares, shares_ro);
	shares_free(&scene->view.shares);
	free(scene);
	return 0;
}
