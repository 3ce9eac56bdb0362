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
	entries[list->count++] = (struct listed){
		.ino = ino,
		.at = (uint32_t)list->used,
		.directory = directory,
	};
	list->used += size;
	return 0;
}

/* ---- order ---- */

#define POSITION_BITS 31

/* FNV-1a: the same in every process. */
static uint32_t hash(const char *name)
{
	uint32_t value = 2166136261u;

	for (; *name != '\0'; name++)
		value = (value ^ (unsigned char)*name) * 16777619u;
	return value >> (32 - POSITION_BITS);
}

static int compare(const void *a, const void *b, void *text)
{
	const struct listed *first = a, *second = b;

	if (first->position != second->position)
		return first->position < second->position ? -1 : 1;
	return strcmp((const char *)text + first->at, (const char *)text + second->at);
}

/* Names of one hash come one after the other, as long as there is room. */
void name_list_order(struct name_list *list, size_t first)
{
	struct listed *entries = list->entries;

	for (size_t i = 0; i < list->count; i++)
		entries[i].position = i < first ? (uint32_t)i + 1 : hash(name_list_name(list, i));
	if (list->count <= first)
		return;
	qsort_r(entries + first, list->count - first, sizeof(*entries), compare, list->text);
	for (size_t i = 1; i < list->count; i++)
		if (entries[i].position <= entries[i - 1].position &&
		    entries[i - 1].position < UINT32_MAX >> (32 - POSITION_BITS))
			entries[i].position = entries[i - 1].position + 1;
}

size_t name_list_behind(const struct name_list *list, uint64_t position)
{
	size_t from = 0, to = list->count;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (list->entries[middle].position > position)
			to = middle;
		else
			from = middle + 1;
	}
	return from;
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
