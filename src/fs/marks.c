/* SPDX-License-Identifier: MIT */
#include "marks.h"

#include "node.h"

#include "shm/platform.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void marks_init(struct marks *marks, const struct view *view, int space)
{
	*marks = (struct marks){ .lock = PTHREAD_MUTEX_INITIALIZER,
				 .view = view,
				 .space = space,
				 .watch = -1,
				 .changes = 1 };
}

void marks_watch(struct marks *marks)
{
	if (!marks->view->flat)
		marks->watch = pshm_space_watch(marks->space);
}

void marks_free(struct marks *marks)
{
	name_set_clear(&marks->markers);
	name_set_clear(&marks->objects);
	if (marks->watch >= 0)
		close(marks->watch);
	pthread_mutex_destroy(&marks->lock);
}

/* ---- in step with the shm file system ---- */

static bool is_mark(const struct marks *marks, const char *name)
{
	return name[strlen(name) - 1] == marks->view->separator;
}

static void forget_objects(struct marks *marks)
{
	name_set_clear(&marks->objects);
	marks->indexed = false;
}

static void add(struct marks *marks, const char *name, ino_t ino)
{
	const size_t count = marks->markers.count;

	if (is_mark(marks, name) && !name_set_put(&marks->markers, name, ino))
		marks->complete = false;
	marks->changes += marks->markers.count != count;
	if (marks->indexed && !name_set_put(&marks->objects, name, ino))
		forget_objects(marks);
}

static void drop(struct marks *marks, const char *name)
{
	const size_t count = marks->markers.count;

	if (is_mark(marks, name))
		name_set_remove(&marks->markers, name);
	marks->changes += marks->markers.count != count;
	if (marks->indexed)
		name_set_remove(&marks->objects, name);
}

/* Once for each name, however often it came and went. */
static void note(const char *name, void *arg)
{
	struct marks *marks = arg;

	if ((marks->indexed || is_mark(marks, name)) && !name_set_put(&marks->noted, name, 0))
		marks->complete = false;
}

/* The events of a rename that exchanges two names do not say that both are
 * there still: so the name itself is asked for. */
static void look(struct marks *marks, const char *name)
{
	struct pshm_info info;

	if (pshm_space_stat(marks->space, name, &info) == 0)
		add(marks, name, info.st.st_ino);
	else if (errno == ENOENT)
		drop(marks, name);
	else
		marks->complete = false;
}

static void look_at_noted(struct marks *marks)
{
	struct name_cursor at = name_set_from(&marks->noted, "");

	for (; marks->complete && at.name != NULL; name_cursor_next(&at))
		look(marks, at.name);
	name_set_clear(&marks->noted);
}

static int list(const char *name, ino_t ino, void *arg)
{
	add(arg, name, ino);
	return 0;
}

/* What happens while it is listed is told by the next look. */
static void list_anew(struct marks *marks, bool objects)
{
	name_set_clear(&marks->markers);
	forget_objects(marks);
	marks->complete = true;
	marks->indexed = objects;
	if (pshm_space_list(marks->space, list, marks) != 0)
		marks->complete = false;
	marks->changes++;
}

static void bring_in_step(struct marks *marks)
{
	if (pshm_space_changes(marks->watch, note, marks) != 0)
		marks->complete = false;
	look_at_noted(marks);
	if (!marks->complete)
		list_anew(marks, marks->indexed);
	if (!marks->complete || marks->markers.count == 0)
		forget_objects(marks);
}

/* ---- answers ---- */

/* A count in progress. It asks for the markers above over and over, and for the
 * one that it is at: these are not looked for each time. */
struct tally {
	struct marks *marks;
	const char *prefix, *here;
	enum { NOT_ASKED, THERE, MISSING } above[NAME_MAX + 1]; /* by length */
};

static bool is_marker(const char *marker, const char *rival, void *arg)
{
	struct tally *tally = arg;
	const size_t len = strlen(marker);

	(void)rival;
	if (strcmp(marker, tally->here) == 0)
		return true;
	if (strncmp(tally->prefix, marker, len) != 0)
		return name_set_has(&tally->marks->markers, marker);
	if (tally->above[len] == NOT_ASKED)
		tally->above[len] = name_set_has(&tally->marks->markers, marker) ? THERE : MISSING;
	return tally->above[len] == THERE;
}

static bool begins_with(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* What lies in one of them is passed over. */
static unsigned count_in(struct marks *marks, const char *prefix)
{
	struct tally tally = { .marks = marks, .prefix = prefix };
	const struct markers markers = { is_marker, &tally };
	struct name_cursor at = name_set_from(&marks->markers, prefix);
	struct location location;
	unsigned count = 0;

	while (at.name != NULL && begins_with(at.name, prefix)) {
		tally.here = at.name;
		view_locate(marks->view, &markers, at.name, &location);
		name_cursor_next(&at);
		if (!location.directory || !view_shows(marks->view, prefix, &location))
			continue;
		count++;
		if (at.name != NULL && begins_with(at.name, tally.here))
			at = name_set_behind(&marks->markers, tally.here);
	}
	return count;
}

bool marks_count_in(struct marks *marks, struct node *node, const char *prefix, unsigned *count)
{
	bool known;

	*count = 0;
	if (marks->view->flat)
		return true;
	if (marks->watch < 0)
		return false;
	pthread_mutex_lock(&marks->lock);
	bring_in_step(marks);
	if (node->marks_changes != marks->changes) {
		node->directories = count_in(marks, prefix);
		node->marks_changes = marks->changes;
	}
	*count = node->directories;
	known = marks->complete;
	pthread_mutex_unlock(&marks->lock);
	return known;
}

bool marks_hold(struct marks *marks)
{
	if (marks->view->flat || marks->watch < 0)
		return false;
	pthread_mutex_lock(&marks->lock);
	bring_in_step(marks);
	if (!marks->indexed && marks->complete && marks->markers.count > 0)
		list_anew(marks, true);
	if (marks->complete && marks->indexed)
		return true;
	pthread_mutex_unlock(&marks->lock);
	return false;
}

void marks_release(struct marks *marks)
{
	pthread_mutex_unlock(&marks->lock);
}
