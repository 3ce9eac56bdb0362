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
 * positions stay what they are, whatever comes and goes. */
struct directory {
	struct handle *handle;	      /* constant */
	struct directory *next, **at; /* in fs->directories */

	pthread_mutex_t lock; /* guards all below */
	struct name_list entries;
	bool is_read;
};

static struct directory *directory_in(const struct fuse_file_info *fi)
{
	return (struct directory *)(uintptr_t)fi->fh;
}

static void clear(struct directory *directory)
{
	name_list_clear(&directory->entries);
	directory->is_read = false;
}

static void directory_enlist(struct fs *fs, struct directory *directory)
{
	pthread_mutex_lock(&fs->directories_lock);
	directory->at = &fs->directories;
	directory->next = fs->directories;
	if (directory->next != NULL)
		directory->next->at = &directory->next;
	fs->directories = directory;
	pthread_mutex_unlock(&fs->directories_lock);
}

static void directory_free(struct fs *fs, struct directory *directory)
{
	pthread_mutex_lock(&fs->directories_lock);
	*directory->at = directory->next;
	if (directory->next != NULL)
		directory->next->at = directory->at;
	pthread_mutex_unlock(&fs->directories_lock);

	clear(directory);
	handle_release(directory->handle);
	pthread_mutex_destroy(&directory->lock);
	free(directory);
}

void op_dir_end(struct fs *fs)
{
	while (fs->directories != NULL)
		directory_free(fs, fs->directories);
}

/* ---- opendir, releasedir ---- */

static int dir_open(struct fs *fs, struct node *node, struct fuse_file_info *fi)
{
	NAMES held = names_hold(fs);
	struct directory *directory;
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
	if (fd < 0)
		return fd;
	directory = calloc(1, sizeof(*directory));
	if (directory != NULL)
		directory->handle = handle_new(node, fd);
	if (directory == NULL || directory->handle == NULL) {
		free(directory);
		pshm_close(fd);
		return -ENOMEM;
	}
	pthread_mutex_init(&directory->lock, NULL);
	directory_enlist(fs, directory);
	fi->fh = (uintptr_t)directory;
	return 0;
}

void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	NODE node = node_get(&fs->nodes, ino);
	int error = dir_open(fs, node, fi);

	if (error < 0)
		reply_error(req, error);
	else if (fuse_reply_open(req, fi) < 0)
		directory_free(fs, directory_in(fi));
}

void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	directory_free(fs_of(req), directory_in(fi));
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
static int add_listed(struct directory *directory, struct fs *fs, const char *home,
		      const char *prefix)
{
	struct listing listing;
	struct location location;
	int error = listing_read(&listing, fs, home, LISTING_LEVEL);

	for (size_t i = 0; error == 0 && i < listing.objects.count; i++)
		if (listing_is_in(&listing, i, prefix, &location))
			error = name_list_add(&directory->entries, location.component,
					      listing.objects.entries[i].ino, location.directory);
	listing_free(&listing);
	return error;
}

/* The root has shared names of the top level as well. */
static int add_all(struct directory *directory, struct fs *fs, const char *prefix)
{
	const struct view *view = &fs->view;
	const bool with_shared =
		view->shares.count > 0 && view_is_part(view) && strcmp(prefix, view->root) == 0;
	int error = add_listed(directory, fs, prefix, prefix);

	return error == 0 && with_shared ? add_listed(directory, fs, "", prefix) : error;
}

static int read_entries(struct fs *fs, struct directory *directory)
{
	struct node *node = directory->handle->node;
	object_name prefix;
	int error;

	clear(directory);
	error = name_list_add(&directory->entries, ".", node->ino, true);
	if (error == 0)
		error = name_list_add(&directory->entries, "..", node_parent_ino(node), true);
	/* A directory without a name was removed, and is empty. */
	if (error == 0 && tree_prefix(node, prefix) == 0)
		error = add_all(directory, fs, prefix);
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

/* As many entries from off on as size bytes hold: the bytes that they take. */
static size_t fill(fuse_req_t req, const struct directory *directory, char *buf, size_t size,
		   off_t off)
{
	size_t used = 0;

	for (size_t i = (size_t)off; i < directory->entries.count; i++) {
		const char *name = name_list_name(&directory->entries, i);
		const struct listed *entry = &directory->entries.entries[i];
		const struct stat st = { .st_ino = entry->ino,
					 .st_mode = entry->directory ? S_IFDIR : S_IFREG };
		const size_t len =
			fuse_add_direntry(req, buf + used, size - used, name, &st, (off_t)i + 1);

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
	struct directory *directory = directory_in(fi);
	char *buf = malloc(size);
	int error = -ENOMEM;
	size_t used = 0;

	(void)ino;
	pthread_mutex_lock(&directory->lock);
	if (buf != NULL)
		error = refresh(fs_of(req), directory, off);
	if (error == 0)
		used = fill(req, directory, buf, size, off);
	pthread_mutex_unlock(&directory->lock);
	if (error < 0)
		reply_error(req, error);
	else
		fuse_reply_buf(req, buf, used);
	free(buf);
}
