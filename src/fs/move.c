/* SPDX-License-Identifier: MIT */
#include "move.h"

#include "listing.h"
#include "replay.h"

#include "shm/platform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int make_room(struct moves *moves)
{
	const size_t room = moves->room > 0 ? 2 * moves->room : 16;
	struct move *list;

	if (moves->count < moves->room)
		return 0;
	list = realloc(moves->list, room * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	moves->list = list;
	moves->room = room;
	return 0;
}

int moves_add(struct moves *moves, const char *from, const char *to, unsigned flags)
{
	struct move *move;

	if (make_room(moves) < 0)
		return -ENOMEM;
	move = &moves->list[moves->count++];
	*move = (struct move){ .flags = flags };
	strcpy(move->from, from);
	strcpy(move->to, to);
	return 0;
}

/* 0: there is none. */
static ino_t number_of(struct fs *fs, const char *name)
{
	struct pshm_info info;

	return pshm_space_stat(fs->space, name, &info) == 0 ? info.st.st_ino : 0;
}

static int add_object(struct moves *moves, struct fs *fs, const char *name, const char *prefix,
		      const char *newprefix, bool exchange, bool back)
{
	object_name to;
	bool swap;

	if (!view_moved(name, prefix, newprefix, to))
		return 0;
	if (to[0] == '\0')
		return -ENAMETOOLONG;
	swap = exchange && number_of(fs, to) != 0;
	if (swap && back)
		return 0;
	if (moves_add(moves, name, to, swap ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0)
		return -ENOMEM;
	moves->list[moves->count - 1].back = back;
	return 0;
}

int moves_add_content(struct moves *moves, struct fs *fs, const char *prefix, const char *newprefix,
		      bool exchange, bool back)
{
	struct listing listing;
	int error = listing_read(&listing, fs, prefix, LISTING_ALL);

	for (size_t i = 0; error == 0 && i < listing.objects.count; i++)
		if (listing_is_below(&listing, i))
			error = add_object(moves, fs, name_list_name(&listing.objects, i), prefix,
					   newprefix, exchange, back);
	listing_free(&listing);
	return error;
}

/* ---- notes ---- */

static const char *name_in_first(const struct move *move)
{
	return move->back ? move->to : move->from;
}

static int compare(const void *a, const void *b)
{
	return strcmp(name_in_first(a), name_in_first(b));
}

void moves_order(struct moves *moves)
{
	if (moves->count > 0)
		qsort(moves->list, moves->count, sizeof(*moves->list), compare);
}

/* Of the object that has the name: a hash of both (FNV-1a), as a note may be. */
static uint64_t note_of(const char *name, ino_t ino)
{
	const uint64_t prime = 1099511628211U;
	uint64_t hash = (UINT64_C(14695981039346656037) ^ ino) * prime;

	while (*name != '\0')
		hash = (hash ^ (unsigned char)*name++) * prime;
	return hash >> 1 | 1;
}

/* What is moved alone has the other name if it was moved before. Of two that change
 * places it is the first directory's that is noted. */
static void note(struct move *move, struct fs *fs)
{
	const ino_t ino = number_of(fs, move->from);

	move->note = note_of(move->from, ino);
	move->undoing = move->flags == RENAME_EXCHANGE
				? note_of(move->from, number_of(fs, move->to))
				: note_of(move->to, ino);
}

void moves_note(struct moves *moves, struct fs *fs)
{
	/* Without a keeper nobody goes on. */
	for (size_t i = 0; replay_request() != 0 && i < moves->count; i++)
		note(&moves->list[i], fs);
}

void moves_go_on(struct moves *moves, uint64_t noted)
{
	for (size_t i = 0; noted != 0 && i < moves->count; i++) {
		const struct move *move = &moves->list[i];
		const size_t done = i + (move->undoing == noted);

		if (move->note != noted && move->undoing != noted)
			continue;
		moves->count -= done;
		memmove(moves->list, moves->list + done, moves->count * sizeof(*moves->list));
		return;
	}
}

/* ---- deeds ---- */

/* Of two that were to change places, one was unlinked natively: the other goes
 * to its place alone. */
static bool apply_half(struct move *move, struct fs *fs)
{
	const struct move other = *move;

	move->flags = RENAME_NOREPLACE;
	if (pshm_space_rename(fs->space, move->from, move->to, move->flags) == 0)
		return true;
	if (errno != ENOENT)
		return false;
	strcpy(move->from, other.to);
	strcpy(move->to, other.from);
	return pshm_space_rename(fs->space, move->from, move->to, move->flags) == 0;
}

static bool apply(struct move *move, struct fs *fs)
{
	if (pshm_space_rename(fs->space, move->from, move->to, move->flags) == 0)
		return true;
	return errno == ENOENT && move->flags == RENAME_EXCHANGE && apply_half(move, fs);
}

int moves_apply(struct moves *moves, struct fs *fs)
{
	for (size_t i = 0; i < moves->count; i++) {
		struct move *move = &moves->list[i];

		if (move->note != 0)
			replay_note(move->note);
		move->done = apply(move, fs);
		/* Gone natively since it was listed: nothing is left to move. */
		if (move->done || errno == ENOENT)
			continue;
		int error = errno == EEXIST ? -ENOTEMPTY : -errno;

		moves_undo(moves, fs);
		return error;
	}
	return 0;
}

void moves_undo(struct moves *moves, struct fs *fs)
{
	for (size_t i = moves->count; i-- > 0;) {
		struct move *move = &moves->list[i];

		if (move->done)
			pshm_space_rename(fs->space, move->to, move->from, move->flags);
		move->done = false;
	}
}

void moves_free(struct moves *moves)
{
	free(moves->list);
	*moves = (struct moves){ 0 };
}
