/* SPDX-License-Identifier: MIT */
/*
 * A list of names in the order in which they were added, in two blocks of
 * memory that go back to the system at the end. All zero is an empty one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct listed {
	ino_t ino;
	uint32_t at; /* of the name in the text */
	bool directory;
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

/* Until the next one is added. */
static inline const char *name_list_name(const struct name_list *list, size_t i)
{
	return list->text + list->entries[i].at;
}
