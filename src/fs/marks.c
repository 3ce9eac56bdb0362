/* SPDX-License-Identifier: MIT */
#include "marks.h"

#include "node.h"

#include "shm/platform.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void marks_init(struct marks *marks, const struct view *view, int space)
{
	*marks = (struct marks){ .lock = PTHREAD_MUTEX_INITIALIZER,
				 .view = view,
				 .space = space,
				 .watch = view->flat ? -1 : pshm_space_watch(space),
				 .changes = 1 };
}

static void clear(struct marks *marks)
{
	for (size_t i = 0; i < marks->count; i++)
		free(marks->names[i]);
	marks->count = 0;
}

void marks_free(struct marks *marks)
{
	clear(marks);
	free(marks->names);
	if (marks->watch >= 0)
		close(marks->watch);
	pthread_mutex_destroy(&marks->lock);
}

/* ---- the sorted names ---- */

/* The place of the first name that is not before this one. */
static size_t lower_bound(const struct marks *marks, const char *name)
{
	size_t low = 0, high = marks->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcmp(marks->names[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct marks *marks, size_t at, const char *name)
{
	return at < marks->count && strcmp(marks->names[at], name) == 0;
}

static bool make_room(struct marks *marks)
{
	const size_t capacity = marks->capacity == 0 ? 16 : marks->capacity * 2;
	char **names;

	if (marks->count < marks->capacity)
		return true;
	names = realloc(marks->names, capacity * sizeof(*names));
	if (names == NULL)
		return false;
	marks->names = names;
	marks->capacity = capacity;
	return true;
}

static void add(struct marks *marks, const char *name)
{
	const size_t at = lower_bound(marks, name);
	char *copy;

	if (is_at(marks, at, name))
		return;
	copy = strdup(name);
	if (copy == NULL || !make_room(marks)) {
		free(copy);
		marks->complete = false;
		return;
	}
	memmove(marks->names + at + 1, marks->names + at, (marks->count - at) * sizeof(char *));
	marks->names[at] = copy;
	marks->count++;
}

static void drop(struct marks *marks, const char *name)
{
	const size_t at = lower_bound(marks, name);

	if (!is_at(marks, at, name))
		return;
	free(marks->names[at]);
	marks->count--;
	memmove(marks->names + at, marks->names + at + 1, (marks->count - at) * sizeof(char *));
}

/* ---- in step with the shm file system ---- */

static bool is_mark(const struct marks *marks, const char *name)
{
	return name[strlen(name) - 1] == marks->view->separator;
}

/* The events of a rename that exchanges two names do not say that both are
 * there still: so the name itself is asked for. */
static void change(const char *name, void *arg)
{
	struct marks *marks = arg;
	struct pshm_info info;

	if (!is_mark(marks, name))
		return;
	marks->changes++;
	if (pshm_space_stat(marks->space, name, &info) == 0)
		add(marks, name);
	else
		drop(marks, name);
}

static int list(const char *name, ino_t ino, void *arg)
{
	(void)ino;
	if (is_mark(arg, name))
		add(arg, name);
	return 0;
}

static void bring_in_step(struct marks *marks)
{
	if (pshm_space_changes(marks->watch, change, marks) != 0)
		marks->complete = false;
	if (marks->complete)
		return;
	/* What happens while it is listed is told by the next look. */
	clear(marks);
	marks->complete = true;
	if (pshm_space_list(marks->space, list, marks) != 0)
		marks->complete = false;
	marks->changes++;
}

/* ---- answers ---- */

static bool is_marker(const char *marker, const char *rival, void *arg)
{
	(void)rival;
	return is_at(arg, lower_bound(arg, marker), marker);
}

static unsigned count_in(struct marks *marks, const char *prefix)
{
	const struct markers markers = { is_marker, marks };
	struct location location;
	unsigned count = 0;

	for (size_t i = lower_bound(marks, prefix);
	     i < marks->count && strncmp(marks->names[i], prefix, strlen(prefix)) == 0; i++) {
		view_locate(marks->view, &markers, marks->names[i], &location);
		count += location.directory && strcmp(location.prefix, prefix) == 0;
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
