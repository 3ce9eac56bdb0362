/* SPDX-License-Identifier: MIT */
#include "op_dir.h"

#include "entry.h"
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
	pthread_mutex_t lock; /* guards all below */
	struct handle *handle;
	struct dir_entry *entries;
	size_t count;
	bool is_read;
};

struct dir_entry {
	char *name;
	ino_t ino;
	bool directory;
};

static struct directory *directory_in(const struct fuse_file_info *fi)
{
	return (struct directory *)(uintptr_t)fi->fh;
}

static void clear(struct directory *directory)
{
	for (size_t i = 0; i < directory->count; i++)
		free(directory->entries[i].name);
	free(directory->entries);
	directory->entries = NULL;
	directory->count = 0;
	directory->is_read = false;
}

static void directory_free(struct directory *directory)
{
	clear(directory);
	handle_release(directory->handle);
	pthread_mutex_destroy(&directory->lock);
	free(directory);
}

/* ---- opendir, releasedir ---- */

static int dir_open(struct fs *fs, struct node *node, struct fuse_file_info *fi)
{
	NAMES held = names_hold(fs);
	struct directory *directory;
	int fd;

	if (node == NULL)
		return -ESTALE;
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
		directory_free(directory_in(fi));
}

void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	directory_free(directory_in(fi));
	reply_error(req, 0);
}

void fs_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino, (void)datasync, (void)fi;
	reply_error(req, 0);
}

/* ---- readdir ---- */

static int add(struct directory *directory, const char *name, ino_t ino, bool is_directory)
{
	struct dir_entry *entry = &directory->entries[directory->count];

	*entry = (struct dir_entry){strdup(name), ino, is_directory};
	if (entry->name == NULL)
		return -ENOMEM;
	directory->count++;
	return 0;
}

static int add_listed(struct directory *directory, struct listing *listing, const char *prefix)
{
	struct location location;
	int error = 0;

	for (size_t i = 0; error == 0 && i < listing->count; i++)
		if (listing_is_in(listing, &listing->objects[i], prefix, &location))
			error = add(directory, location.component, listing->objects[i].ino,
				    location.directory);
	return error;
}

static int read_entries(struct fs *fs, struct directory *directory)
{
	struct node *node = directory->handle->node;
	struct listing listing;
	object_name prefix;
	int error = listing_read(&listing, fs);

	clear(directory);
	directory->entries = calloc(listing.count + 2, sizeof(struct dir_entry));
	if (error == 0 && directory->entries == NULL)
		error = -ENOMEM;
	if (error == 0)
		error = add(directory, ".", node->ino, true);
	if (error == 0)
		error = add(directory, "..", node_parent_ino(node), true);
	/* A directory without a name was removed, and is empty. */
	if (error == 0 && tree_prefix(node, prefix) == 0)
		error = add_listed(directory, &listing, prefix);
	listing_free(&listing);
	directory->is_read = error == 0;
	return error;
}

/* One request for entries, and how far its reply has got. */
struct reading {
	fuse_req_t req;
	struct directory *directory;
	char *buf;
	size_t size, used;
	size_t count;      /* entries in buf */
	uint64_t *entered; /* with attributes: each entry's node, or 0 */
};

/* No entry with attributes takes less. */
#define PLUS_SIZE_MIN 128

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The bytes that the entry takes; more than there are: it did not fit. */
static size_t put_plain(struct reading *reading, const struct dir_entry *entry, off_t next)
{
	const struct stat st = {.st_ino = entry->ino,
				.st_mode = entry->directory ? S_IFDIR : S_IFREG};

	return fuse_add_direntry(reading->req, reading->buf + reading->used,
				 reading->size - reading->used, entry->name, &st, next);
}

/* With attributes, as a lookup gives them, which the kernel then need not make. */
static size_t put_plus(struct reading *reading, const struct dir_entry *entry, off_t next)
{
	struct fs *fs = fs_of(reading->req);
	struct node *parent = reading->directory->handle->node;
	struct fuse_entry_param param = {
		.attr.st_ino = entry->ino,
		.attr.st_mode = entry->directory ? S_IFDIR : S_IFREG,
	};
	object_name prefix;
	struct found found;
	size_t size;

	if (!is_dot(entry->name) && tree_prefix(parent, prefix) == 0 &&
	    tree_find(fs, prefix, entry->name, &found) == 0)
		entry_fill(parent, entry->name, &found, &param);
	size = fuse_add_direntry_plus(reading->req, reading->buf + reading->used,
				      reading->size - reading->used, entry->name, &param, next);
	if (size > reading->size - reading->used)
		node_forget(&fs->nodes, param.ino, 1);
	else
		reading->entered[reading->count] = param.ino;
	return size;
}

static int dir_read(struct fs *fs, struct reading *reading, off_t off, bool plus)
{
	NAMES held = names_hold(fs);
	struct directory *directory = reading->directory;

	if (off == 0 || !directory->is_read) {
		int error = read_entries(fs, directory);

		if (error < 0)
			return error;
	}
	for (size_t i = (size_t)off; i < directory->count; i++) {
		const struct dir_entry *entry = &directory->entries[i];
		const off_t next = (off_t)i + 1;
		const size_t size = plus ? put_plus(reading, entry, next)
					 : put_plain(reading, entry, next);

		if (size > reading->size - reading->used)
			break;
		reading->used += size;
		reading->count++;
	}
	return 0;
}

/* The caller was interrupted: the kernel has not heard of the nodes. */
static void take_back(struct fs *fs, const struct reading *reading)
{
	for (size_t i = 0; reading->entered != NULL && i < reading->count; i++)
		node_forget(&fs->nodes, reading->entered[i], 1);
}

static void readdir_reply(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi,
			  bool plus)
{
	struct fs *fs = fs_of(req);
	struct reading reading = {
		.req = req, .directory = directory_in(fi), .buf = malloc(size), .size = size};
	int error = -ENOMEM;

	if (plus)
		reading.entered = calloc(size / PLUS_SIZE_MIN + 1, sizeof(*reading.entered));
	pthread_mutex_lock(&reading.directory->lock);
	if (reading.buf != NULL && (reading.entered != NULL || !plus))
		error = dir_read(fs, &reading, off, plus);
	pthread_mutex_unlock(&reading.directory->lock);
	if (error < 0)
		reply_error(req, error);
	else if (fuse_reply_buf(req, reading.buf, reading.used) < 0)
		take_back(fs, &reading);
	free(reading.entered);
	free(reading.buf);
}

void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)ino;
	readdir_reply(req, size, off, fi, false);
}

void fs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	(void)ino;
	readdir_reply(req, size, off, fi, true);
}
