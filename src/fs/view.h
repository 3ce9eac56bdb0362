/* SPDX-License-Identifier: MIT */
/*
 * The view: which path of the tree is which shared memory object.
 *
 * Pure functions on names; the one thing they ask of the world is whether a
 * marker is a directory, and they ask it through struct markers, so that a
 * listing can answer from its snapshot and a test from a table.
 *
 * A directory is known by its prefix: the object names of all that lies in it
 * begin with it. The top level has the empty prefix, the directory team/cam
 * the prefix "team%cam%", which is its marker's name too. doc/names.md has the
 * rules and their reasons.
 *
 * The mount's root may be any directory. In it, names that are shared mean the
 * objects of the top level that are called so, and no others.
 *
 * Errors: 0 or a negative errno.
 */
#pragma once

#include "share.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* An object's name, without the slash. */
typedef char object_name[NAME_MAX + 1];

struct view {
	char separator;
	bool flat;	  /* no directories: every object is a file of the top level */
	object_name root; /* the prefix of what lies in the mount's root */
	struct shares shares;
};

/* Is the root a directory below the top level? */
static inline bool view_is_part(const struct view *view)
{
	return view->root[0] != '\0';
}

struct markers {
	/* Is this marker a directory? It must be an empty object, and older than
	 * an object that claims the same path. */
	bool (*is_directory)(const char *marker, const char *rival, void *arg);
	void *arg;
};

/* Where an object shows up. */
struct location {
	object_name prefix;    /* of the directory */
	object_name component; /* the name in it */
	bool directory;
};

/* Is component in the directory of prefix a shared name, and how? */
enum sharing view_sharing(const struct view *view, const char *prefix, const char *component);

/* The directory whose object a file called component in the directory of prefix
 * is: this one or, for a shared name, the top level. */
const char *view_home(const struct view *view, const char *prefix, const char *component);

static inline bool view_is_read_only(const struct view *view, const char *prefix,
				     const char *component)
{
	return view_sharing(view, prefix, component) == SHARED_RO;
}

/* Is that another directory than the one whose rights the kernel has checked? */
bool view_is_elsewhere(const struct view *view, const char *prefix, const char *component);

/* The object that a file called component in the directory of prefix is.
 * ENAMETOOLONG, EINVAL ("." and ".."). */
int view_file(const struct view *view, const char *prefix, const char *component, object_name name);

/* The marker that a directory called component would have; also the prefix of
 * what lies in it. EINVAL where no directory may be called that, EPERM in a
 * flat view and for a shared name, ENAMETOOLONG. */
int view_marker(const struct view *view, const char *prefix, const char *component,
		object_name marker);

/* Would an empty object, called component in prefix, be a directory's marker? */
bool view_is_marker(const struct view *view, const char *prefix, const char *component);

/* The place of the object in the tree of all objects. Every object has exactly
 * one. */
void view_locate(const struct view *view, const struct markers *markers, const char *name,
		 struct location *location);

/* Makes such a place one in the directory of prefix of the view. False where
 * the view does not show it there. */
bool view_shows(const struct view *view, const char *prefix, struct location *location);

/* Would an object of this name be seen as component in prefix? If not, the
 * name would be split elsewhere, and cannot be had here. */
bool view_reaches(const struct view *view, const struct markers *markers, const char *prefix,
		  const char *component, const char *name, bool directory);

/* Is the name the place of a named semaphore, "sem." and more? */
bool view_is_semaphore(const char *name);

/* The same name with another prefix: what an object of the directory of
 * prefix is called when the directory is moved to newprefix. False where it
 * does not lie under prefix. ENAMETOOLONG is told by an empty result. */
bool view_moved(const char *name, const char *prefix, const char *newprefix, object_name result);
