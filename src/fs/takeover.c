/* SPDX-License-Identifier: MIT */
#include "takeover.h"

#include "data.h"
#include "locks.h"
#include "op_dir.h"
#include "replay.h"
#include "tree.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* linux/fuse.h since 6.9. */
#define NOTIFY_RESEND 7

/* ---- nodes: from an id to the object's names ---- */

static int keep_name(const char *name, ino_t ino, void *left)
{
	return name_list_add(left, name, ino, false);
}

static int compare_inos(const void *a, const void *b)
{
	const struct listed *first = a, *second = b;

	return (first->ino > second->ino) - (first->ino < second->ino);
}

static int read_names(struct fs *fs)
{
	struct name_list *left = &fs->left;
	const int error = pshm_space_list(fs->space, keep_name, left);

	if (error == 0 && left->count > 0)
		qsort(left->entries, left->count, sizeof(*left->entries), compare_inos);
	return error == -1 ? -errno : error;
}

static size_t first_of(const struct name_list *left, ino_t ino)
{
	size_t from = 0, to = left->count;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (left->entries[middle].ino < ino)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Where the view shows the object, if it does. */
static bool place(struct fs *fs, const char *name, struct location *location)
{
	const struct markers markers = tree_markers(fs);
	const struct view *view = &fs->view;
	object_name prefix;

	view_locate(view, &markers, name, location);
	strcpy(prefix, location->prefix);
	if (strncmp(prefix, view->root, strlen(view->root)) != 0)
		strcpy(prefix, view->root);
	return view_shows(view, prefix, location);
}

/* The node of the directory of prefix, with those above it; NULL where there is none. */
static struct node *restore_directory(struct fs *fs, const char *prefix)
{
	struct nodes *nodes = &fs->nodes;
	struct location location;
	struct pshm_info info;
	struct node *node;

	if (strcmp(prefix, fs->view.root) == 0)
		return node_get(nodes, nodes->root->id);
	if (pshm_space_stat(fs->space, prefix, &info) < 0 || !place(fs, prefix, &location) ||
	    !location.directory)
		return NULL;

	NODE parent = restore_directory(fs, location.prefix);

	if (parent == NULL)
		return NULL;
	node = node_find(parent, location.component, info.st.st_ino, true);
	if (node != NULL)
		return node;
	node = node_restore(nodes, node_directory_id(info.st.st_ino), info.st.st_ino);
	if (node != NULL)
		node_give_name(node, parent, location.component);
	return node;
}

static bool is_called(struct fs *fs, const char *name, ino_t ino)
{
	struct pshm_info info;

	return pshm_space_stat(fs->space, name, &info) == 0 && info.st.st_ino == ino;
}

/* Gives the node the name if the view has the object there, and as such. */
static bool restore_name(struct fs *fs, struct node *node, const char *name)
{
	struct location location;

	if (!is_called(fs, name, node->ino) || !place(fs, name, &location) ||
	    location.directory != node->directory ||
	    view_is_read_only(&fs->view, location.prefix, location.component) != node->read_only)
		return false;

	NODE parent = restore_directory(fs, location.prefix);

	if (parent != NULL)
		node_give_name(node, parent, location.component);
	return parent != NULL;
}

/* Names of the node's object, from the first on. */
static bool restore_from(struct fs *fs, struct node *node, const struct name_list *names, size_t i)
{
	bool found = false;

	for (; i < names->count && names->entries[i].ino == node->ino; i++)
		found |= restore_name(fs, node, name_list_name(names, i));
	return found;
}

struct search {
	ino_t ino;
	struct name_list found;
};

static int keep_own_name(const char *name, ino_t ino, void *arg)
{
	struct search *search = arg;

	return ino == search->ino ? name_list_add(&search->found, name, ino, false) : 0;
}

/* That takes a look at all objects. Who asks once more meanwhile waits. */
static void locked_look_anew(struct fs *fs, struct node *node)
{
	struct search search = { .ino = node->ino };

	node->searched = pshm_space_list(fs->space, keep_own_name, &search) == 0;
	restore_from(fs, node, &search.found, 0);
	name_list_clear(&search.found);
}

/* For an id that the kernel was told by an earlier process, or a node that lost all
 * the names that this one knew. Only what was there at the takeover can have others.
 * Directories may have been renamed since, which is worth one look; what this
 * process knows moves with them. */
static void restore_names(void *arg, struct node *node)
{
	struct fs *fs = arg;
	const size_t first = first_of(&fs->left, node->ino);

	if (first == fs->left.count || fs->left.entries[first].ino != node->ino)
		return;
	pthread_mutex_lock(&fs->left_lock);
	if (!node->searched && !restore_from(fs, node, &fs->left, first))
		locked_look_anew(fs, node);
	pthread_mutex_unlock(&fs->left_lock);
}

/* ---- open files and locks ---- */

/* The node of an object that may have no name any more. */
static struct node *node_of(struct fs *fs, const struct record *record, int fd)
{
	struct node *node = node_get(&fs->nodes, record->node);
	struct stat st;

	if (node == NULL && fstat(fd, &st) == 0)
		node = node_restore(&fs->nodes, record->node, st.st_ino);
	return node;
}

static int restore_open(struct fs *fs, const struct record *record, int fd)
{
	NODE node = node_of(fs, record, fd);
	struct handle *handle = node != NULL ? handle_new(node, fd) : NULL;

	if (handle == NULL)
		return -ENOMEM;
	if (record->kind == RECORD_DIRECTORY)
		return op_dir_restore(fs, handle);
	data_restore(fs, handle);
	return 0;
}

static void drop(struct record *record, int fd)
{
	atomic_store(&record->kind, RECORD_NONE);
	close(fd);
}

static void drop_open(struct fs *fs, struct record *record, int fd)
{
	atomic_store(&record->kind, RECORD_CLOSING);
	if (fs->passthrough)
		passthrough_drop(fs, record->backing_id);
	drop(record, fd);
}

static int restore_locks(struct fs *fs, struct record *record, int fd)
{
	struct handle *handle = opened_get(&fs->opened, record->through);

	if (handle != NULL)
		return locks_restore(fs->locks, handle, fd);
	/* Its file was being closed. */
	drop(record, fd);
	return 0;
}

static bool is_open_file(const struct record *record)
{
	return record->kind == RECORD_FILE || record->kind == RECORD_DIRECTORY;
}

/* It was being closed, or was opened for a request that is still to be answered: that
 * opens it anew. */
static bool is_not_open(const struct handover *handover, const struct record *record)
{
	return record->kind == RECORD_CLOSING ||
	       (is_open_file(record) && replay_is_open(handover, record->request));
}

static int restore_records(struct fs *fs)
{
	struct handover *handover = fs->handover;
	int error = 0;

	for (uint32_t fd = 0; error == 0 && fd < handover->top; fd++) {
		struct record *record = &handover->records[fd];

		if (is_not_open(handover, record))
			drop_open(fs, record, (int)fd);
		else if (is_open_file(record))
			error = restore_open(fs, record, (int)fd);
	}
	for (uint32_t fd = 0; error == 0 && fd < handover->top; fd++)
		if (handover->records[fd].kind == RECORD_LOCKS)
			error = restore_locks(fs, &handover->records[fd], (int)fd);
	return error;
}

/* What the kernel keeps of attributes for a moment (kept.h) nobody remembers. */
static void outlast_kept(const struct fs *fs)
{
	if (fs->options->ac)
		usleep(3 * 1000000 / (useconds_t)sysconf(_SC_CLK_TCK));
}

int takeover_restore(struct fs *fs)
{
	int error = read_names(fs);

	fs->nodes.restore = restore_names;
	fs->nodes.arg = fs;
	if (fs->passthrough)
		passthrough_sweep(fs);
	if (error == 0)
		error = restore_records(fs);
	outlast_kept(fs);
	return error;
}

int takeover_resend(struct fs *fs)
{
	const struct fuse_out_header out = { .len = sizeof(out), .error = NOTIFY_RESEND };

	return write(fuse_session_fd(fs->session), &out, sizeof(out)) < 0 ? -errno : 0;
}
