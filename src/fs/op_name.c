/* SPDX-License-Identifier: MIT */
#include "op_name.h"

#include "audit.h"
#include "caller.h"
#include "descriptor.h"
#include "entry.h"
#include "kept.h"
#include "listing.h"
#include "replay.h"
#include "rights.h"
#include "tree.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <fcntl.h>

/* ---- lookup, forget ---- */

/* Holds what was found by a descriptor, so that the kernel's next question about
 * it can be answered in any case (see hold.h). ESTALE: it is not there any more. */
static int fill_held(struct fs *fs, struct node *parent, const char *name,
		     const struct found *found, struct fuse_entry_param *entry)
{
	int fd = tree_open_found(fs, found, O_PATH);
	int error = fd < 0 ? fd : entry_fill(fs, parent, name, found, entry);

	if (error == 0 && descriptor_check(fd, FOR_OPEN_FILE) == 0) {
		NODE node = node_get(&fs->nodes, entry->ino);

		holds_add(&fs->holds, node, fd);
	} else if (fd >= 0) {
		pshm_close(fd);
	}
	return error;
}

/* A name that native programs replace all the time is found in a few attempts. */
#define LOOKUP_ATTEMPTS 100

static int name_lookup(struct fs *fs, struct node *parent, const char *name,
		       struct fuse_entry_param *entry)
{
	NAMES held = names_hold(fs);
	object_name prefix;
	struct found found;
	int error;

	error = tree_prefix(parent, prefix);
	if (error == 0)
		error = kept_check(fs, parent, prefix);
	if (error < 0)
		return error;
	for (int i = 0; i < LOOKUP_ATTEMPTS; i++) {
		error = tree_find(fs, prefix, name, &found);
		if (error < 0)
			return error;
		if (!holds_wanted(&fs->holds))
			return entry_fill(fs, parent, name, &found, entry);
		error = fill_held(fs, parent, name, &found, entry);
		if (error != -ESTALE)
			return error;
	}
	return error;
}

void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	struct fuse_entry_param entry;

	entry_reply(req, name_lookup(fs, directory, name, &entry), &entry);
}

void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	node_forget(&fs_of(req)->nodes, ino, nlookup);
	fuse_reply_none(req);
}

void fs_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		node_forget(&fs_of(req)->nodes, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

/* ---- unlink, rmdir, link ---- */

/* What is to be removed, a file or a directory. */
struct victim {
	object_name prefix;
	struct found found;
	struct removal removal;
};

/* Was it removed by a process that died before it could say so? */
static bool was_removed(int error, const struct found *found)
{
	const ino_t ino = replay_noted();

	return ino != 0 && (error == -ENOENT || (error == 0 && found->st.st_ino != ino));
}

#define REMOVED 1

/* Looks for what is to be removed, a file or a directory; or REMOVED, and all is done. */
static int find_victim(struct fs *fs, struct node *parent, const char *name, bool directory,
		       fuse_req_t req, struct victim *victim)
{
	int error = tree_prefix(parent, victim->prefix);

	if (error == 0)
		error = tree_find(fs, victim->prefix, name, &victim->found);
	if (was_removed(error, &victim->found)) {
		tree_touch(fs, victim->prefix);
		return REMOVED;
	}
	if (error < 0)
		return error;
	if (victim->found.directory != directory)
		return directory ? -ENOTDIR : -EISDIR;
	if (view_is_read_only(&fs->view, victim->prefix, name))
		return -EROFS;
	error = rights_to_remove(req, victim->prefix, &victim->found, &victim->removal);
	if (view_is_elsewhere(&fs->view, victim->prefix, name))
		victim->removal.right = BY_CALLER;
	return error;
}

static int remove_victim(struct fs *fs, struct node *parent, const char *name,
			 struct victim *victim, fuse_req_t req)
{
	const struct found *found = &victim->found;
	int error = removal_begin(&victim->removal, req);

	if (error < 0)
		return error;
	replay_note(found->st.st_ino);
	error = (int)replay_done(pshm_space_unlink(fs->space, found->name) < 0 ? -errno : 0);
	removal_end(&victim->removal);
	if (error < 0)
		return error;
	node_unbind(parent, name, found->st.st_ino, found->directory);
	tree_touch(fs, victim->prefix);
	return 0;
}

static int name_unlink(struct fs *fs, struct node *parent, const char *name, fuse_req_t req)
{
	NAMES held = names_hold(fs);
	struct victim victim;
	int error = find_victim(fs, parent, name, false, req, &victim);

	if (error == REMOVED)
		return 0;
	return error < 0 ? error : remove_victim(fs, parent, name, &victim, req);
}

void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	int error = rights_to_write(req, directory);

	if (error == 0)
		error = name_unlink(fs, directory, name, req);
	reply_error(req, audit_name(req, AUDIT_UNLINK, directory, name, error));
}

static int name_rmdir(struct fs *fs, struct node *parent, const char *name, fuse_req_t req)
{
	/* Nothing may be made in it between the look and the deed. */
	NAMES held = names_change(fs);
	struct victim victim;
	int error = find_victim(fs, parent, name, true, req, &victim);

	if (error == REMOVED)
		return 0;
	if (error == 0)
		error = listing_check_empty(fs, victim.found.name);
	return error < 0 ? error : remove_victim(fs, parent, name, &victim, req);
}

void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	int error = rights_to_write(req, directory);

	if (error == 0)
		error = name_rmdir(fs, directory, name, req);
	reply_error(req, audit_name(req, AUDIT_RMDIR, directory, name, error));
}

static int give_name(struct fs *fs, int fd, const char *name, bool elsewhere, fuse_req_t req)
{
	struct identity before;
	int error = caller_begin_if(elsewhere, req, &before);

	if (error < 0)
		return error;
	error = (int)replay_done(pshm_space_link(fs->space, fd, name) < 0 ? -errno : 0);
	caller_end_if(elsewhere, before);
	return error;
}

/* By a process that died before it could say so? */
static bool was_linked(struct fs *fs, const struct node *node, const char *prefix, const char *name)
{
	struct found found;

	if (replay_result() >= 0)
		return true;
	return replay_noted() == node->ino && tree_find(fs, prefix, name, &found) == 0 &&
	       found.st.st_ino == node->ino;
}

static int link_object(struct fs *fs, const struct node *node, int fd, const char *prefix,
		       const char *newname, fuse_req_t req)
{
	object_name name;
	int error = tree_free_name(fs, prefix, newname, false, name);

	if (error == 0)
		error = quota_locked_check_link(fs, fd, name);
	if (error < 0)
		return error;
	replay_note(node->ino);
	return give_name(fs, fd, name, view_is_elsewhere(&fs->view, prefix, newname), req);
}

static int name_link(struct fs *fs, struct node *node, struct node *newparent, const char *newname,
		     fuse_req_t req, struct fuse_entry_param *entry)
{
	NAMES held = names_hold(fs);
	QUOTA counted = quota_hold(fs);
	object_name prefix;
	struct found found;
	int error, fd;

	error = tree_check_writable(node);
	if (error == 0)
		error = tree_prefix(newparent, prefix);
	if (error < 0)
		return error;
	fd = tree_open(fs, node, O_PATH);
	if (fd < 0)
		return fd;
	if (!was_linked(fs, node, prefix, newname))
		error = link_object(fs, node, fd, prefix, newname, req);
	if (error == 0)
		error = tree_describe(fd, false, &found);
	pshm_close(fd);
	if (error < 0)
		return error;
	tree_touch(fs, prefix);
	return entry_fill(fs, newparent, newname, &found, entry);
}

void fs_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);
	NODE directory = node_get(&fs->nodes, newparent);
	struct fuse_entry_param entry;
	int error = rights_to_write(req, directory);

	if (error == 0)
		error = rights_to_link(req, node);
	if (error == 0)
		error = name_link(fs, node, directory, newname, req, &entry);
	entry_reply(req, audit_name(req, AUDIT_LINK, directory, newname, error), &entry);
}
