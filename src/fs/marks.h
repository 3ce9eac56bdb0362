/* SPDX-License-Identifier: MIT */
/*
 * Marks: the names of all markers, kept in step by the shm file system's own
 * notifications, which are drained before each answer: what a native program
 * did before the question is in it. For what would otherwise take a look at all
 * objects: how many directories a directory has.
 */
#pragma once

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
	bool complete;	  /* all names are known */
	uint32_t changes; /* how often the names changed; 0: never asked */
	char **names;	  /* sorted */
	size_t count, capacity;
};

void marks_init(struct marks *marks, const struct view *view, int space);
void marks_free(struct marks *marks);

/* The number of directories in the node's directory, which has the prefix. False
 * where it is not known: man 7 inotify has limits. */
bool marks_count_in(struct marks *marks, struct node *node, const char *prefix, unsigned *count);
