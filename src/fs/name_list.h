/* SPDX-License-Identifier: MIT */
/*
 * A list of names in the order in which they were added, in two blocks of
 * memory that go back to the system at the end. All zero is an empty one.
 *
 * It can be put into the order of positions, which come of the names alone: who
 * has read up to a position goes on behind it in any later list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct listed {
	ino_t ino;
	uint32_t at; /* of the name in the text */
	uint32_t directory : 1;
	uint32_t position : 31; /* from 1 on, once they are in order */
};

struct name_list {
	struct listed *entries;
	size_t count, capacity;
	char *text;
	size_t used, size;
};

/* -ENOMEM */
int name_list_add(struct name_list *list, const char *name, ino_t ino, bool directory);
void name_list_clear(struct name_list *list);

/* Gives each a position and puts them in order, the first so many as they stand. */
void name_list_order(struct name_list *list, size_t first);
/* The first one behind a position. */
size_t name_list_behind(const struct name_list *list, uint64_t position);

/* Until the next one is added. */
static inline const char *name_list_name(const struct name_list *list, size_t i)
{
	return list->text + list->entries[i].at;
}
