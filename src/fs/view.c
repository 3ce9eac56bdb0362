/* SPDX-License-Identifier: MIT */
#include "view.h"

#include <errno.h>
#include <string.h>

/* glibc and musl keep the semaphore "/x" in the object "sem.x". */
static const char semaphore[] = "sem.";
#define SEMAPHORE_LEN (sizeof(semaphore) - 1)

bool view_is_semaphore(const char *name)
{
	return strncmp(name, semaphore, SEMAPHORE_LEN) == 0 && name[SEMAPHORE_LEN] != '\0';
}

static bool is_dot(const char *name, size_t len)
{
	return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

enum sharing view_sharing(const struct view *view, const char *prefix, const char *component)
{
	return strcmp(prefix, view->root) == 0 ? shares_find(&view->shares, component) : NOT_SHARED;
}

const char *view_home(const struct view *view, const char *prefix, const char *component)
{
	return view_sharing(view, prefix, component) != NOT_SHARED ? "" : prefix;
}

bool view_is_elsewhere(const struct view *view, const char *prefix, const char *component)
{
	return strcmp(view_home(view, prefix, component), prefix) != 0;
}

/* Pastes head, prefix, tail and end together. */
static int join(object_name name, const char *head, const char *prefix, const char *tail,
		const char *end)
{
	const char *const parts[] = { head, prefix, tail, end };
	size_t len = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		size_t part = strlen(parts[i]);

		if (part > NAME_MAX - len)
			return -ENAMETOOLONG;
		memcpy(name + len, parts[i], part);
		len += part;
	}
	name[len] = '\0';
	return 0;
}

int view_file(const struct view *view, const char *prefix, const char *component, object_name name)
{
	prefix = view_home(view, prefix, component);
	if (is_dot(component, strlen(component)) || component[0] == '\0')
		return -EINVAL;
	if (view_is_semaphore(component))
		return join(name, semaphore, prefix, component + SEMAPHORE_LEN, "");
	return join(name, "", prefix, component, "");
}

/* No component of a marker may be empty. A top-level directory called sem.x
 * would take the names of the semaphores of a directory x; and below, the file
 * that could have its path is a semaphore, which is split in another way. */
static bool may_be_directory(const struct view *view, const char *component, size_t len)
{
	const char separator = view->separator;

	if (len == 0 || is_dot(component, len))
		return false;
	if (component[0] == separator || component[len - 1] == separator)
		return false;
	for (size_t i = 1; i < len; i++)
		if (component[i] == separator && component[i - 1] == separator)
			return false;
	return len < SEMAPHORE_LEN || memcmp(component, semaphore, SEMAPHORE_LEN) != 0;
}

int view_marker(const struct view *view, const char *prefix, const char *component,
		object_name marker)
{
	const char end[] = { view->separator, '\0' };

	if (view->flat || view_sharing(view, prefix, component) != NOT_SHARED)
		return -EPERM;
	if (!may_be_directory(view, component, strlen(component)))
		return -EINVAL;
	return join(marker, "", prefix, component, end);
}

bool view_is_marker(const struct view *view, const char *prefix, const char *component)
{
	const size_t len = strlen(component);

	return !view->flat && len > 1 && component[len - 1] == view->separator &&
	       may_be_directory(view, component, len - 1);
}

/* Is name[0..end], which ends in the separator, a directory below name[0..start]? */
static bool is_directory(const struct view *view, const struct markers *markers, const char *name,
			 size_t start, size_t end)
{
	object_name marker, prefix, component, rival;

	if (!may_be_directory(view, name + start, end - 1 - start))
		return false;
	memcpy(marker, name, end);
	marker[end] = '\0';
	memcpy(prefix, name, start);
	prefix[start] = '\0';
	memcpy(component, name + start, end - 1 - start);
	component[end - 1 - start] = '\0';
	if (view_file(view, prefix, component, rival) < 0)
		return false;
	return markers->is_directory(marker, rival, markers->arg);
}

/* How much of name is the prefix of the directory that it lies in, read from
 * the left. With plain, the rest is a file's component as it stands: it cannot
 * be a dot then, nor a semaphore's, as those have names of another form. */
static size_t directory_len(const struct view *view, const struct markers *markers,
			    const char *name, bool plain)
{
	size_t len = 0, result = 0;

	if (view->flat)
		return 0;
	for (size_t i = 1; name[i] != '\0'; i++) {
		const char *rest = name + i + 1;

		if (name[i] != view->separator || *rest == '\0')
			continue;
		if (!is_directory(view, markers, name, len, i + 1))
			continue;
		len = i + 1;
		if (!plain || !(is_dot(rest, strlen(rest)) || view_is_semaphore(rest)))
			result = len;
	}
	return result;
}

static void set_location(struct location *location, const char *prefix, size_t prefix_len,
			 const char *head, const char *component)
{
	memcpy(location->prefix, prefix, prefix_len);
	location->prefix[prefix_len] = '\0';
	/* Fits: all parts come from one object's name. */
	join(location->component, head, component, "", "");
}

/* A directory's marker: the component in front of the last separator. */
static bool locate_marker(const struct view *view, const struct markers *markers, const char *name,
			  struct location *location)
{
	const size_t len = strlen(name);
	object_name body;
	size_t prefix_len;

	if (view->flat || len < 2 || name[len - 1] != view->separator)
		return false;
	memcpy(body, name, len - 1);
	body[len - 1] = '\0';
	prefix_len = directory_len(view, markers, body, false);
	if (!is_directory(view, markers, name, prefix_len, len))
		return false;
	set_location(location, body, prefix_len, "", body + prefix_len);
	location->directory = true;
	return true;
}

void view_locate(const struct view *view, const struct markers *markers, const char *name,
		 struct location *location)
{
	size_t len;

	if (locate_marker(view, markers, name, location))
		return;
	location->directory = false;
	if (view_is_semaphore(name)) {
		const char *rest = name + SEMAPHORE_LEN;

		len = directory_len(view, markers, rest, false);
		set_location(location, rest, len, semaphore, rest + len);
		return;
	}
	len = directory_len(view, markers, name, true);
	set_location(location, name, len, "", name + len);
}

bool view_shows(const struct view *view, const char *prefix, struct location *location)
{
	const bool at_home =
		strcmp(location->prefix, view_home(view, prefix, location->component)) == 0;

	if (!at_home ||
	    (location->directory && view_sharing(view, prefix, location->component) != NOT_SHARED))
		return false;
	strcpy(location->prefix, prefix);
	return true;
}

bool view_reaches(const struct view *view, const struct markers *markers, const char *prefix,
		  const char *component, const char *name, bool directory)
{
	const size_t len = strlen(name);
	struct location location;
	object_name body;

	prefix = view_home(view, prefix, component);
	/* Without a separator of its own the component cannot be split, and
	 * the directories above it are there: somebody walked through them. */
	if (view->flat || strchr(component, view->separator) == NULL)
		return true;
	/* A marker is split up to its component, whether it is there or not. */
	if (directory) {
		memcpy(body, name, len - 1);
		body[len - 1] = '\0';
		return directory_len(view, markers, body, false) == strlen(prefix);
	}
	view_locate(view, markers, name, &location);
	return !location.directory && strcmp(location.prefix, prefix) == 0 &&
	       strcmp(location.component, component) == 0;
}

bool view_moved(const char *name, const char *prefix, const char *newprefix, object_name result)
{
	const size_t len = strlen(prefix);
	const char *head = "", *rest = name;

	if (strncmp(name, prefix, len) != 0) {
		if (!view_is_semaphore(name) || strncmp(name + SEMAPHORE_LEN, prefix, len) != 0)
			return false;
		head = semaphore;
		rest = name + SEMAPHORE_LEN;
	}
	if (join(result, head, newprefix, rest + len, "") < 0)
		result[0] = '\0';
	return true;
}
