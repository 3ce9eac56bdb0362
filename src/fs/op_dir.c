/* SPDX-License-Identifier: MIT */
#include "op_dir.h"

#include "kept.h"
#include "listing.h"
#include "tree.h"

#include "posix_shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* An open directory has its content as it was when it was read from the start:
 * whatever comes and goes, an entry is told once. */
struct directory {
	struct handle *handle; /* constant */

	pthread_mutex_t lock; /* guards all below */
	struct name_list entries;
	bool is_read;
};

/* It goes with the handle, which knows of it. */
static struct directory *directory_new(struct handle *handle)
{
	struct directory *directory = calloc(1, sizeof(*directory));

	if (directory == NULL)
		return NULL;
	pthread_mutex_init(&directory->lock, NULL);
	directory->handle = handle;
	handle->directory = directory;
	return directory;
}

static void directory_free(struct directory *directory)
{
	name_list_clear(&directory->entries);
	pthread_mutex_destroy(&directory->lock);
	free(directory);
}

static struct directory *directory_in(const struct fs *fs, const struct fuse_file_info *fi)
{
	return opened_get(&fs->opened, fi->fh)->directory;
}

/* ---- opendir, releasedir ---- */

/* Takes fd over in any case. */
static int dir_open_as(struct fs *fs, struct node *node, int fd, uint64_t *fh)
{
	struct handle *handle;
	struct directory *directory;
	int error = handle_keep(node, fd, FOR_LISTING, &handle);

	if (error < 0)
		return error;
	directory = directory_new(handle);
	error = -ENOMEM;
	if (directory != NULL)
		error = opened_add(&fs->opened, handle, RECORD_DIRECTORY, fh);
	if (error < 0) {
		if (directory != NULL)
			directory_free(directory);
		handle_release(handle);
	}
	return error;
}

static int dir_open(struct fs *fs, struct node *node, struct fuse_file_info *fi)
{
	NAMES held = names_hold(fs);
	object_name prefix;
	int error = 0, fd;

	if (node == NULL)
		return -ESTALE;
	/* A directory that was removed can be opened as long as somebody is in it. */
	if (node_prefix(node, prefix))
		error = kept_check(fs, node, prefix);
	if (error < 0)
		return error;
	fd = tree_open(fs, node, O_PATH);
	return fd < 0 ? fd : dir_open_as(fs, node, fd, &fi->fh);
}

void dir_close(struct fs *fs, uint64_t fh)
{
	struct handle *handle = opened_remove(&fs->opened, fh);

	if (handle == NULL)
		return;
	directory_free(handle->directory);
	handle_release(handle);
}

int op_dir_restore(struct fs *fs, struct handle *handle)
{
	if (directory_new(handle) == NULL)
		return -ENOMEM;
	opened_restore(&fs->opened, handle);
	return 0;
}

static void free_if_directory(struct handle *handle)
{
	if (handle->directory != NULL)
		directory_free(handle->directory);
}

void op_dir_end(struct fs *fs)
{
	opened_visit(&fs->opened, free_if_directory);
}

void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);
	int error = dir_open(fs, node, fi);

	if (error < 0)
		reply_error(req, error);
	else if (fuse_reply_open(req, fi) < 0)
		dir_close(fs, fi->fh);
}

void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	dir_close(fs_of(req), fi->fh);
	reply_error(req, 0);
}

void fs_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino, (void)datasync, (void)fi;
	reply_error(req, 0);
}

/* ---- readdir ---- */

/* Of what lies in the directory of home, that which the view shows in the
 * directory of prefix. */
static int add_listed(struct name_list *entries, struct fs *fs, const char *home,
		      const char *prefix)
{
	struct listing listing;
	struct location location;
	int error = listing_read(&listing, fs, home, LISTING_LEVEL);

	for (size_t i = 0; error == 0 && i < listing.objects.count; i++)
		if (listing_is_in(&listing, i, prefix, &location))
			error = name_list_add(entries, location.component,
					      listing.objects.entries[i].ino, location.directory);
	listing_free(&listing);
	return error;
}

/* The root has shared names of the top level as well. */
static int add_all(struct name_list *entries, struct fs *fs, const char *prefix)
{
	const struct view *view = &fs->view;
	const bool with_shared =
		view->shares.count > 0 && view_is_part(view) && strcmp(prefix, view->root) == 0;
	int error = add_listed(entries, fs, prefix, prefix);

	return error == 0 && with_shared ? add_listed(entries, fs, "", prefix) : error;
}

#define DOTS 2 /* come first */

static int read_entries(struct fs *fs, struct directory *directory)
{
	struct name_list *entries = &directory->entries;
	struct node *node = directory->handle->node;
	object_name prefix;
	int error;

	name_list_clear(entries);
	directory->is_read = false;
	error = name_list_add(entries, ".", node->ino, true);
	if (error == 0)
		error = name_list_add(entries, "..", node_parent_ino(node), true);
	/* A directory without a name was removed, and is empty. */
	if (error == 0 && tree_prefix(node, prefix) == 0)
		error = add_all(entries, fs, prefix);
	name_list_order(entries, DOTS);
	directory->is_read = error == 0;
	return error;
}

static int refresh(struct fs *fs, struct directory *directory, off_t off)
{
	NAMES held = names_hold(fs);
	struct stat st;

	/* A directory whose marker was removed has nothing to read, not even dots. */
	if (pshm_fstat(directory->handle->fd, &st) == 0 && st.st_nlink == 0)
		return -ENOENT;
	return off == 0 || !directory->is_read ? read_entries(fs, directory) : 0;
}

/* As many entries behind off as size bytes hold: the bytes that they take. */
static size_t fill(fuse_req_t req, const struct name_list *entries, char *buf, size_t size,
		   off_t off)
{
	size_t used = 0;

	for (size_t i = name_list_behind(entries, (uint64_t)off); i < entries->count; i++) {
		const struct listed *entry = &entries->entries[i];
		const struct stat st = { .st_ino = entry->ino,
					 .st_mode = entry->directory ? S_IFDIR : S_IFREG };
		const size_t len =
			fuse_add_direntry(req, buf + used, size - used, name_list_name(entries, i),
					  &st, entry->position);

		if (len > size - used)
			break;
		used += len;
	}
	return used;
}

/* Without attributes (readdirplus): the kernel would keep neither them nor the
 * names, and ask again. */
void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct directory *directory = directory_in(fs_of(req), fi);
	char *buf = malloc(size);
	int error = -ENOMEM;
	size_t used = 0;

	(void)ino;
	pthread_mutex_lock(&directory->lock);
	if (buf != NULL)
		error = refresh(fs_of(req), directory, off);
	if (error == 0)
		used = fill(req, &directory->entries, buf, size, off);
	pthread_mutex_unlock(&directory->lock);
	if (error < 0)
		reply_error(req, error);
	else
		fuse_reply_buf(req, buf, used);
	free(buf);
}
