/* SPDX-License-Identifier: MIT */
#include "audit.h"
#include "caller.h"
#include "entry.h"
#include "listing.h"
#include "move.h"
#include "op_name.h"
#include "replay.h"
#include "rights.h"
#include "tree.h"

#include "shm/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One end of a rename: a name in a directory, and what has it. */
struct end {
	struct node *parent;
	const char *name;
	object_name prefix;
	struct found found;
	bool exists;
	struct removal removal; /* of what has the name */
};

static int look(struct fs *fs, struct end *end, fuse_req_t req)
{
	int error = tree_prefix(end->parent, end->prefix);

	end->exists = false;
	if (error < 0)
		return error;
	error = tree_find(fs, end->prefix, end->name, &end->found);
	end->exists = error == 0;
	if (end->exists)
		return rights_to_remove(req, end->prefix, &end->found, &end->removal);
	return error == -ENOENT ? 0 : error;
}

static bool is_noted(const struct end *end)
{
	return end->exists && end->found.st.st_ino == replay_noted();
}

static bool is_directory(const struct end *end)
{
	return end->exists && end->found.directory;
}

/* Two names change places, of which at least one is a directory's. */
static bool swaps_directories(const struct end *from, const struct end *to, unsigned flags)
{
	return flags == RENAME_EXCHANGE && (is_directory(from) || is_directory(to));
}

/* Both by a process that died before it could say so, and where there is a note. What
 * has the new name may have been removed or replaced since. */

static bool was_renamed(const struct end *from, const struct end *to, unsigned flags)
{
	return !is_noted(from) && !swaps_directories(from, to, flags);
}

static bool was_begun(const struct end *from, const struct end *to)
{
	return is_noted(to) && is_noted(from) && from->found.directory && to->found.directory;
}

/* Is the other end in the directory, or below it? */
static bool is_within(const struct end *end, const struct end *directory)
{
	const char *marker = directory->found.name;

	return directory->exists && directory->found.directory &&
	       strncmp(end->prefix, marker, strlen(marker)) == 0;
}

static int check(struct fs *fs, const struct end *from, const struct end *to, unsigned flags)
{
	if (flags != 0 && flags != RENAME_NOREPLACE && flags != RENAME_EXCHANGE)
		return -EINVAL;
	if (!from->exists)
		return -ENOENT;
	/* The kernel sees to it too. A node that is its own parent would never go. */
	if (is_within(to, from) || (flags == RENAME_EXCHANGE && is_within(from, to)))
		return -EINVAL;
	if (view_is_read_only(&fs->view, from->prefix, from->name))
		return -EROFS;
	if (flags == RENAME_EXCHANGE)
		return to->exists ? 0 : -ENOENT;
	if (!to->exists || was_begun(from, to))
		return 0;
	if (flags == RENAME_NOREPLACE)
		return -EEXIST;
	if (from->found.directory && !to->found.directory)
		return -ENOTDIR;
	if (!from->found.directory && to->found.directory)
		return -EISDIR;
	return 0;
}

/* What the object at from is called when it is at to. */
static int name_at(struct fs *fs, const struct end *from, const struct end *to, object_name name)
{
	return from->found.directory ? tree_marker_name(fs, to->prefix, to->name, name)
				     : tree_file_name(fs, to->prefix, to->name, name);
}

static int rename_object(struct fs *fs, const char *from, const char *to, unsigned flags)
{
	return pshm_space_rename(fs->space, from, to, flags) < 0 ? -errno : 0;
}

static int link_marker(struct fs *fs, const char *marker, const char *newmarker)
{
	const int fd = pshm_space_open_object(fs->space, marker, O_PATH);
	const int error = fd < 0 || pshm_space_link(fs->space, fd, newmarker) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return error;
}

/* The directory's marker has both names while the content moves, so that none
 * of it is outside of a directory should the daemon end here. */
static int move_directory(struct fs *fs, const struct end *from, const struct end *to,
			  const char *newmarker)
{
	const char *marker = from->found.name;
	const bool begun = was_begun(from, to), replaces = to->exists && !begun;
	/* Otherwise there is something of others in it, or of an earlier attempt. */
	const bool own = !to->exists;
	struct moves moves = { 0 };
	int error = 0;

	if (replaces && replay_noted() == 0)
		error = listing_check_empty(fs, newmarker);
	if (error == 0)
		error = moves_add_content(&moves, fs, marker, newmarker, false, false);
	if (error == 0) {
		replay_note(from->found.st.st_ino);
		error = own ? link_marker(fs, marker, newmarker) : 0;
	}
	if (error == 0) {
		error = moves_apply(&moves, fs);
		if (error < 0 && own)
			pshm_space_unlink(fs->space, newmarker);
	}
	if (error == 0) {
		error = replaces ? rename_object(fs, marker, newmarker, 0)
				 : (pshm_space_unlink(fs->space, marker) < 0 ? -errno : 0);
		if (error < 0) {
			moves_undo(&moves, fs);
			if (own)
				pshm_space_unlink(fs->space, newmarker);
		}
	}
	moves_free(&moves);
	return error;
}

/* The markers come last. A directory's place that a file takes is free by then. */
static int add_ends(struct moves *moves, const struct end *from, const struct end *to,
		    const char *from_name, const char *to_name)
{
	int error;

	if (from->found.directory && to->found.directory)
		return moves_add(moves, from->found.name, from_name, RENAME_EXCHANGE);
	if (to->found.directory)
		return add_ends(moves, to, from, to_name, from_name);
	error = moves_add(moves, from->found.name, from_name, RENAME_NOREPLACE);
	return error < 0 ? error : moves_add(moves, to->found.name, to_name, RENAME_NOREPLACE);
}

#define EXCHANGED 1

/* EXCHANGED: it was done before, and nodes have the names of now. */
static int exchange_directories(struct fs *fs, const struct end *from, const struct end *to,
				const char *from_name, const char *to_name)
{
	const bool both = from->found.directory && to->found.directory;
	struct moves moves = { 0 };
	int error = 0;

	if (from->found.directory)
		error = moves_add_content(&moves, fs, from->found.name, from_name, both, false);
	if (error == 0 && to->found.directory)
		error = moves_add_content(&moves, fs, to->found.name, to_name, both, true);
	moves_order(&moves);
	if (error == 0)
		error = add_ends(&moves, from, to, from_name, to_name);
	moves_note(&moves, fs);
	moves_go_on(&moves, replay_noted());
	if (error == 0)
		error = moves.count == 0 ? EXCHANGED : moves_apply(&moves, fs);
	moves_free(&moves);
	return error;
}

static bool exists(struct fs *fs, const char *name)
{
	struct pshm_info info;

	return pshm_space_stat(fs->space, name, &info) == 0;
}

/* Of a directory and a file that change places the directory has come to its, and the
 * file is still there: one name has both, the other none. */
static bool finish_exchange(struct fs *fs, const struct end *from, const struct end *to)
{
	const struct end *both = from->exists ? from : to, *none = from->exists ? to : from;
	object_name marker, file, newfile;
	struct moves moves = { 0 };
	bool done;

	if (from->exists == to->exists ||
	    view_marker(&fs->view, both->prefix, both->name, marker) < 0 ||
	    view_file(&fs->view, both->prefix, both->name, file) < 0 ||
	    view_file(&fs->view, none->prefix, none->name, newfile) < 0 || !exists(fs, marker) ||
	    !exists(fs, file))
		return false;
	done = moves_add(&moves, file, newfile, RENAME_NOREPLACE) == 0;
	moves_note(&moves, fs);
	done = done && moves_apply(&moves, fs) == 0;
	moves_free(&moves);
	return done;
}

/* What has the name and is no object, a socket say, is not ours to replace. */
static int rename_file(struct fs *fs, const struct end *from, const struct end *to,
		       const char *newname, unsigned flags, fuse_req_t req)
{
	struct removal removal =
		to->exists ? rights_of_both(&from->removal, &to->removal) : from->removal;
	int error;

	if (view_is_elsewhere(&fs->view, from->prefix, from->name) ||
	    view_is_elsewhere(&fs->view, to->prefix, to->name))
		removal.right = BY_CALLER;
	error = removal_begin(&removal, req);
	if (error < 0)
		return error;
	replay_note(from->found.st.st_ino);
	error = (int)replay_done(rename_object(fs, from->found.name, newname,
					       to->exists ? flags : RENAME_NOREPLACE));
	removal_end(&removal);
	return error;
}

static int rename_found(struct fs *fs, const struct end *from, const struct end *to, unsigned flags,
			fuse_req_t req)
{
	object_name from_name, to_name;
	int error = name_at(fs, from, to, from_name);

	if (error == 0 && flags == RENAME_EXCHANGE)
		error = name_at(fs, to, from, to_name);
	if (error < 0)
		return error;
	if (swaps_directories(from, to, flags))
		return exchange_directories(fs, from, to, from_name, to_name);
	if (from->found.directory)
		return move_directory(fs, from, to, from_name);
	error = quota_locked_check_rename(fs, from->found.name, from_name);
	if (error == 0 && flags == RENAME_EXCHANGE)
		error = quota_locked_check_rename(fs, to->found.name, to_name);
	if (error < 0)
		return error;
	return rename_file(fs, from, to, from_name, flags, req);
}

static void rename_nodes(const struct end *from, const struct end *to, unsigned flags)
{
	const struct found *found = &from->found, *other = &to->found;

	if (to->exists && flags != RENAME_EXCHANGE)
		node_unbind(to->parent, to->name, other->st.st_ino, other->directory);
	node_rebind(from->parent, from->name, found->st.st_ino, found->directory, to->parent,
		    to->name);
	if (flags == RENAME_EXCHANGE)
		node_rebind(to->parent, to->name, other->st.st_ino, other->directory, from->parent,
			    from->name);
}

/* Nothing is left to be done. */
static bool is_done(struct fs *fs, const struct end *from, const struct end *to, unsigned flags)
{
	if (replay_noted() == 0)
		return false;
	return (flags == RENAME_EXCHANGE && finish_exchange(fs, from, to)) ||
	       was_renamed(from, to, flags);
}

static void touch_both(struct fs *fs, const struct end *from, const struct end *to)
{
	tree_touch(fs, from->prefix);
	tree_touch(fs, to->prefix);
}

static int rename_once(struct fs *fs, struct end *from, struct end *to, unsigned flags,
		       fuse_req_t req)
{
	int error = look(fs, from, req);
	const int other = look(fs, to, req);

	if (is_done(fs, from, to, flags)) {
		touch_both(fs, from, to);
		return 0;
	}
	if (error == 0)
		error = other;
	if (error == 0)
		error = check(fs, from, to, flags);
	/* Two names of one object: man 2 rename has nothing to do then. */
	if (error == 0 && to->exists && !was_begun(from, to) &&
	    from->found.st.st_ino == to->found.st.st_ino &&
	    from->found.directory == to->found.directory)
		return 0;
	if (error == 0)
		error = rename_found(fs, from, to, flags, req);
	if (error < 0)
		return error;
	if (error != EXCHANGED)
		rename_nodes(from, to, flags);
	touch_both(fs, from, to);
	return 0;
}

/* Who makes the new name natively over and over cannot keep this from ending. */
#define RENAME_ATTEMPTS 100

static int name_rename(struct fs *fs, struct end *from, struct end *to, unsigned flags,
		       fuse_req_t req)
{
	NAMES held = names_change(fs);
	QUOTA counted = quota_hold(fs);
	int error = -EEXIST;

	for (int i = 0; error == -EEXIST && i < RENAME_ATTEMPTS; i++) {
		error = rename_once(fs, from, to, flags, req);
		if (flags == RENAME_NOREPLACE)
			break;
	}
	return error;
}

void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	       const char *newname, unsigned flags)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	NODE newdirectory = node_get(&fs->nodes, newparent);
	struct end from = { .parent = directory, .name = name };
	struct end to = { .parent = newdirectory, .name = newname };
	int error = rights_to_write(req, directory);

	if (error == 0)
		error = rights_to_write(req, newdirectory);
	if (error == 0)
		error = name_rename(fs, &from, &to, flags, req);
	reply_error(req, audit_rename(req, directory, name, newdirectory, newname, error));
}
