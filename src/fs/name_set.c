/* SPDX-License-Identifier: MIT */
#include "name_set.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* With what malloc(3) adds, a page. */
#define CHUNK_SIZE 4080

/* Chunks that are worth a call to the allocator when they are gone. */
#define LARGE 256

struct name_chunk {
	uint16_t used;
	char bytes[CHUNK_SIZE - sizeof(uint16_t)];
};

/* An entry of a chunk: the number, the length, the name and its zero. */
#define NUMBER_SIZE sizeof(uint64_t)
#define NAME_AT	    (NUMBER_SIZE + 1)
#define SPARE	    (NAME_AT + 1)

static size_t entry_size(const char *entry)
{
	return SPARE + (unsigned char)entry[NUMBER_SIZE];
}

static void entry_write(char *entry, const char *name, size_t len, uint64_t number)
{
	memcpy(entry, &number, NUMBER_SIZE);
	entry[NUMBER_SIZE] = (char)len;
	memcpy(entry + NAME_AT, name, len + 1);
}

void name_set_clear(struct name_set *set)
{
	const bool large = set->chunk_count > LARGE;

	for (size_t i = 0; i < set->chunk_count; i++)
		free(set->chunks[i]);
	free(set->chunks);
	*set = (struct name_set){ 0 };
	if (large)
		memory_give_back();
}

/* ---- places ---- */

/* What is looked for: a name, or the end of all that begin with a prefix. */
struct key {
	const char *name;
	size_t prefix_len; /* 0: a name */
};

static bool is_before(const char *entry, const struct key *key)
{
	if (key->prefix_len > 0)
		return strncmp(entry + NAME_AT, key->name, key->prefix_len) <= 0;
	return strcmp(entry + NAME_AT, key->name) < 0;
}

/* The last chunk that begins before the key, or else the first one. */
static size_t find_chunk(const struct name_set *set, const struct key *key)
{
	size_t low = 0, high = set->chunk_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (is_before(set->chunks[middle]->bytes, key))
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? low - 1 : 0;
}

/* The first entry in the chunk that is not before the key; its end if none is. */
static size_t find_entry(const struct name_chunk *chunk, const struct key *key)
{
	size_t at = 0;

	while (at < chunk->used && is_before(chunk->bytes + at, key))
		at += entry_size(chunk->bytes + at);
	return at;
}

static void cursor_read(struct name_cursor *cursor)
{
	const struct name_set *set = cursor->set;

	if (cursor->chunk < set->chunk_count && cursor->at == set->chunks[cursor->chunk]->used) {
		cursor->chunk++;
		cursor->at = 0;
	}
	cursor->name = NULL;
	if (cursor->chunk == set->chunk_count)
		return;
	const char *entry = set->chunks[cursor->chunk]->bytes + cursor->at;

	cursor->name = entry + NAME_AT;
	memcpy(&cursor->number, entry, NUMBER_SIZE);
}

static struct name_cursor find(const struct name_set *set, const struct key *key)
{
	struct name_cursor cursor = { .set = set };

	cursor.chunk = find_chunk(set, key);
	if (cursor.chunk < set->chunk_count)
		cursor.at = find_entry(set->chunks[cursor.chunk], key);
	return cursor;
}

struct name_cursor name_set_from(const struct name_set *set, const char *name)
{
	struct name_cursor cursor = find(set, &(struct key){ name, 0 });

	cursor_read(&cursor);
	return cursor;
}

struct name_cursor name_set_behind(const struct name_set *set, const char *prefix)
{
	struct name_cursor cursor = { .set = set, .chunk = set->chunk_count };

	if (prefix[0] == '\0')
		return cursor;
	cursor = find(set, &(struct key){ prefix, strlen(prefix) });
	cursor_read(&cursor);
	return cursor;
}

void name_cursor_next(struct name_cursor *cursor)
{
	cursor->at += entry_size(cursor->set->chunks[cursor->chunk]->bytes + cursor->at);
	cursor_read(cursor);
}

bool name_set_has(const struct name_set *set, const char *name)
{
	const struct name_cursor cursor = name_set_from(set, name);

	return cursor.name != NULL && strcmp(cursor.name, name) == 0;
}

/* ---- changes ---- */

static bool add_chunk(struct name_set *set, size_t at)
{
	if (set->chunk_count == set->chunk_capacity) {
		const size_t capacity = set->chunk_capacity == 0 ? 4 : set->chunk_capacity * 2;
		struct name_chunk **chunks = realloc(set->chunks, capacity * sizeof(*chunks));

		if (chunks == NULL)
			return false;
		set->chunks = chunks;
		set->chunk_capacity = capacity;
	}
	struct name_chunk *chunk = malloc(sizeof(*chunk));

	if (chunk == NULL)
		return false;
	chunk->used = 0;
	memmove(set->chunks + at + 1, set->chunks + at,
		(set->chunk_count - at) * sizeof(*set->chunks));
	set->chunks[at] = chunk;
	set->chunk_count++;
	return true;
}

static void drop_chunk(struct name_set *set, size_t at)
{
	free(set->chunks[at]);
	set->chunk_count--;
	memmove(set->chunks + at, set->chunks + at + 1,
		(set->chunk_count - at) * sizeof(*set->chunks));
}

/* Makes two chunks of a full one, of which the cursor's gets room. Names that
 * come in order, up or down, leave full chunks behind. */
static bool split(struct name_set *set, struct name_cursor *cursor)
{
	struct name_chunk *lower = set->chunks[cursor->chunk], *upper;
	size_t half = 0;

	if (cursor->at == 0)
		return add_chunk(set, cursor->chunk);
	if (!add_chunk(set, cursor->chunk + 1))
		return false;
	if (cursor->at == lower->used)
		half = lower->used;
	while (half < lower->used / 2u)
		half += entry_size(lower->bytes + half);

	upper = set->chunks[cursor->chunk + 1];
	upper->used = (uint16_t)(lower->used - half);
	memcpy(upper->bytes, lower->bytes + half, upper->used);
	lower->used = (uint16_t)half;
	if (cursor->at >= half) {
		cursor->chunk++;
		cursor->at -= half;
	}
	return true;
}

/* Room for so many bytes at the cursor. */
static bool make_room(struct name_set *set, struct name_cursor *cursor, size_t size)
{
	struct name_chunk *chunk;

	if (set->chunk_count == 0 && !add_chunk(set, 0))
		return false;
	if (set->chunks[cursor->chunk]->used + size > sizeof(chunk->bytes) && !split(set, cursor))
		return false;
	chunk = set->chunks[cursor->chunk];
	memmove(chunk->bytes + cursor->at + size, chunk->bytes + cursor->at,
		chunk->used - cursor->at);
	chunk->used = (uint16_t)(chunk->used + size);
	return true;
}

/* The entry at a place that find() gave, if it is the name's. */
static char *entry_of(const struct name_set *set, const struct name_cursor *found, const char *name)
{
	struct name_cursor cursor = *found;

	cursor_read(&cursor);
	if (cursor.name == NULL || strcmp(cursor.name, name) != 0)
		return NULL;
	return set->chunks[cursor.chunk]->bytes + cursor.at;
}

bool name_set_put(struct name_set *set, const char *name, uint64_t number)
{
	const size_t len = strlen(name);
	struct name_cursor cursor = find(set, &(struct key){ name, 0 });
	char *entry = entry_of(set, &cursor, name);

	if (entry != NULL) {
		memcpy(entry, &number, NUMBER_SIZE);
		return true;
	}
	if (!make_room(set, &cursor, SPARE + len))
		return false;
	entry_write(set->chunks[cursor.chunk]->bytes + cursor.at, name, len, number);
	set->count++;
	return true;
}

/* Two chunks that would fill half of one become one. */
static bool join(struct name_set *set, size_t at)
{
	struct name_chunk *lower, *upper;

	if (at + 1 >= set->chunk_count)
		return false;
	lower = set->chunks[at];
	upper = set->chunks[at + 1];
	if (lower->used + upper->used > CHUNK_SIZE / 2)
		return false;
	memcpy(lower->bytes + lower->used, upper->bytes, upper->used);
	lower->used = (uint16_t)(lower->used + upper->used);
	drop_chunk(set, at + 1);
	return true;
}

void name_set_remove(struct name_set *set, const char *name)
{
	struct name_cursor cursor = name_set_from(set, name);
	struct name_chunk *chunk;
	size_t size;

	if (cursor.name == NULL || strcmp(cursor.name, name) != 0)
		return;
	chunk = set->chunks[cursor.chunk];
	size = entry_size(chunk->bytes + cursor.at);
	chunk->used = (uint16_t)(chunk->used - size);
	memmove(chunk->bytes + cursor.at, chunk->bytes + cursor.at + size, chunk->used - cursor.at);
	set->count--;
	if (chunk->used == 0)
		drop_chunk(set, cursor.chunk);
	else if (!join(set, cursor.chunk) && cursor.chunk > 0)
		join(set, cursor.chunk - 1);
}
