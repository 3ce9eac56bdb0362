/* SPDX-License-Identifier: MIT */
/*
 * The works of `calls`: what is called, and what must be there before.
 *
 * Objects are made and removed natively, past the target: it is faster, and
 * the kernel has not looked any of them up in the target when the work begins.
 * Directories are made through the target, which knows how it keeps them.
 */
#pragma once

#include <stdbool.h>

/* Longest name: b, three numbers, and a directory of its own. */
typedef char work_name[64];

enum names {
	NO_NAMES,
	OBJECTS,
	DIRECTORIES,
	OBJECTS_BELOW, /* in a directory of their own, by its path */
};

/* The names that one process works on. */
struct names_of {
	int target;	     /* the directory where calls are made */
	int native;	     /* the shm directory itself */
	unsigned count;	     /* fewer than asked for, where a work needs no more */
	work_name directory; /* of OBJECTS_BELOW */
	work_name *names;
};

struct work {
	const char *name;
	enum names before;
	enum names after;
	bool repeats; /* a name may be used again */
	/* Returns how many calls it was (entries, for a listing), or -1 and errno. */
	int (*call)(int target, const char *name);
};

/* NULL: there is no such work. */
const struct work *work_find(const char *name);
void works_print(void);
/* Whether a call is a whole listing. */
bool work_lists(const struct work *work);

/* The names alone; then what they stand for. 0, or -1 and errno. */
int names_init(struct names_of *names, const struct work *work, unsigned process);
int names_make(const struct names_of *names, enum names kind);
/* Whatever is left; missing ones do not matter. */
void names_remove(const struct names_of *names, enum names kind);
void names_free(struct names_of *names);
