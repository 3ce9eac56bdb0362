/* SPDX-License-Identifier: MIT */
/*
 * Marks: the names of all markers, and where there are any, of all objects,
 * kept in step by the shm file system's own notifications. These are drained
 * before each answer: what a native program did before the question is in it.
 * For what would otherwise take a look at all objects: how many directories a
 * directory has, and what lies in it.
 *
 * Without a marker there are no directories, and no objects' names are kept;
 * nor are they before somebody asks for them.
 */
#pragma once

#include "name_set.h"
#include "view.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;

struct marks {
	pthread_mutex_t lock; /* guards all below, and the counts in the nodes */
	const struct view *view;
	int space;
	int watch;
	bool complete;		 /* all markers are known */
	bool indexed;		 /* and all objects */
	uint32_t changes;	 /* how often the markers changed; 0: never asked */
	struct name_set markers; /* names that end in the separator */
	struct name_set objects; /* all names, with their inodes' numbers */
	struct name_set noted;	 /* empty, but while they are brought in step */
};

void marks_init(struct marks *marks, const struct view *view, int space);
/* Nothing is kept before. The watch is for one process: who reads it takes what it
 * tells from others. */
void marks_watch(struct marks *marks);
void marks_free(struct marks *marks);

/* The number of directories in the node's directory, which has the prefix. False
 * where it is not known: man 7 inotify has limits. */
bool marks_count_in(struct marks *marks, struct node *node, const char *prefix, unsigned *count);

/* Takes the lock for a look at the markers and the objects, which are in step
 * then. False, and no lock, where they are not known: there is no marker, no
 * watch or no memory. No system call while it is held. */
bool marks_hold(struct marks *marks);
void marks_release(struct marks *marks);
