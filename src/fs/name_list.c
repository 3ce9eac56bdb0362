/* SPDX-License-Identifier: MIT */
#include "name_list.h"

#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of text that are worth a call to the allocator when they are gone. */
#define LARGE (1024 * 1024)

/* A block with room for one more of so many bytes; NULL: no memory. */
static void *grown(void *block, size_t count, size_t *capacity, size_t wanted, size_t size)
{
	size_t more = *capacity == 0 ? 64 : *capacity;

	if (count + wanted <= *capacity)
		return block;
	while (more < count + wanted)
		more *= 2;
	block = realloc(block, more * size);
	if (block != NULL)
		*capacity = more;
	return block;
}

int name_list_add(struct name_list *list, const char *name, ino_t ino, bool directory)
{
	const size_t size = strlen(name) + 1;
	struct listed *entries =
		grown(list->entries, list->count, &list->capacity, 1, sizeof(*entries));
	char *text;

	if (entries == NULL)
		return -ENOMEM;
	list->entries = entries;
	text = list->used + size > UINT32_MAX ? NULL
					      : grown(list->text, list->used, &list->size, size, 1);
	if (text == NULL)
		return -ENOMEM;
	list->text = text;
	memcpy(text + list->used, name, size);
	entries[list->count++] = (struct listed){ ino, (uint32_t)list->used, directory };
	list->used += size;
	return 0;
}

void name_list_clear(struct name_list *list)
{
	const bool large = list->size > LARGE;

	free(list->entries);
	free(list->text);
	*list = (struct name_list){ 0 };
	if (large)
		memory_give_back();
}
