/* SPDX-License-Identifier: MIT */
#include "move.h"

#include "listing.h"

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

static bool exists(struct fs *fs, const char *name)
{
	struct pshm_info info;

	return pshm_space_stat(fs->space, name, &info) == 0;
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
	swap = exchange && exists(fs, to);
	if (swap && back)
		return 0;
	return moves_add(moves, name, to, swap ? RENAME_EXCHANGE : RENAME_NOREPLACE);
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
