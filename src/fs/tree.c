/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include "log.h"

#include "posix_shm.h"
#include "shm/platform.h"
#include "text/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Births may fall into one tick of the kernel's clock; inodes are numbered in
 * the order of their making. */
static bool is_older(const struct pshm_info *a, const struct pshm_info *b)
{
	if (a->birth.tv_sec != b->birth.tv_sec)
		return a->birth.tv_sec < b->birth.tv_sec;
	if (a->birth.tv_nsec != b->birth.tv_nsec)
		return a->birth.tv_nsec < b->birth.tv_nsec;
	return a->st.st_ino < b->st.st_ino;
}

static bool stat_marker(int space, const char *marker, struct pshm_info *info)
{
	return pshm_space_stat(space, marker, info) == 0 && info->st.st_size == 0;
}

static bool is_directory_now(const char *marker, const char *rival, void *arg)
{
	const struct fs *fs = arg;
	struct pshm_info directory, file;

	return stat_marker(fs->space, marker, &directory) &&
	       (pshm_space_stat(fs->space, rival, &file) < 0 || is_older(&directory, &file));
}

struct markers tree_markers(struct fs *fs)
{
	return (struct markers){ .is_directory = is_directory_now, .arg = fs };
}

static bool reaches(struct fs *fs, const char *prefix, const char *component, const char *name,
		    bool directory)
{
	const struct markers markers = tree_markers(fs);

	return view_reaches(&fs->view, &markers, prefix, component, name, directory);
}

/* Is name, which a file called component would have, a directory's here? */
static bool is_marker(struct fs *fs, const char *prefix, const char *component, const char *name)
{
	return view_is_marker(&fs->view, prefix, component) &&
	       reaches(fs, prefix, component, name, true);
}

void tree_show_status(struct stat *st, bool directory)
{
	if (!directory)
		return;
	st->st_mode = S_IFDIR | (st->st_mode & 07777);
	st->st_nlink = 2; /* and one for each directory in it, see tree_stat() */
	st->st_size = 0;
	st->st_blocks = 0;
}

/* An object and a marker claim one path: the later one is not reachable, which
 * its owner should learn. Once for a name, and for so many names at the most. */
static void tell_rivals(struct fs *fs, const char *file, const char *marker, bool directory)
{
	unsigned hash = 5381;
	char file_text[PRINTABLE_SIZE(NAME_MAX)], marker_text[PRINTABLE_SIZE(NAME_MAX)];

	for (const char *c = file; *c != '\0'; c++)
		hash = hash * 33 + (unsigned char)*c;
	if (atomic_exchange(&fs->rivals_told[hash % RIVALS_TOLD], true))
		return;
	printable(file, file_text, sizeof(file_text));
	printable(marker, marker_text, sizeof(marker_text));
	if (directory)
		log_warning("object /%s is not in the tree: the directory of marker /%s is older "
			    "and has the path; rename one of them",
			    file_text, marker_text);
	else
		log_warning("marker /%s makes no directory: object /%s is older and has the path; "
			    "rename one of them",
			    marker_text, file_text);
}

int tree_describe(int fd, bool directory, struct found *found)
{
	if (pshm_fstat(fd, &found->st) < 0)
		return -errno;
	found->directory = directory;
	tree_show_status(&found->st, directory);
	return 0;
}

int tree_open_found(struct fs *fs, const struct found *found, int oflag)
{
	const int fd = pshm_space_open_object(fs->space, found->name, oflag);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (pshm_fstat(fd, &st) == 0 && st.st_ino == found->st.st_ino)
		return fd;
	pshm_close(fd);
	return -ESTALE;
}

int tree_find(struct fs *fs, const char *prefix, const char *component, struct found *found)
{
	struct pshm_info file, marker;
	object_name marker_name;
	bool have_file, have_marker;
	int error;

	error = view_file(&fs->view, prefix, component, found->name);
	if (error < 0)
		return error;
	have_file = pshm_space_stat(fs->space, found->name, &file) == 0;
	if (!have_file && errno != ENOENT)
		return -errno;
	have_file = have_file && reaches(fs, prefix, component, found->name, false);
	/* A marker is a directory's, or lost its path to an older object. */
	if (have_file && file.st.st_size == 0 && is_marker(fs, prefix, component, found->name))
		return -ENOENT;
	have_marker = view_marker(&fs->view, prefix, component, marker_name) == 0 &&
		      stat_marker(fs->space, marker_name, &marker) &&
		      reaches(fs, prefix, component, marker_name, true);
	if (!have_file && !have_marker)
		return -ENOENT;

	found->directory = have_marker && (!have_file || is_older(&marker, &file));
	if (have_file && have_marker)
		tell_rivals(fs, found->name, marker_name, found->directory);
	if (found->directory)
		memcpy(found->name, marker_name, sizeof(object_name));
	found->st = found->directory ? marker.st : file.st;
	tree_show_status(&found->st, found->directory);
	return 0;
}

int tree_file_name(struct fs *fs, const char *prefix, const char *component, object_name name)
{
	int error = view_file(&fs->view, prefix, component, name);

	if (error < 0)
		return error;
	if (view_is_read_only(&fs->view, prefix, component))
		return -EROFS;
	/* An object that is made with a marker's name is made a directory. */
	if (is_marker(fs, prefix, component, name))
		return -EINVAL;
	return reaches(fs, prefix, component, name, false) ? 0 : -EINVAL;
}

int tree_marker_name(struct fs *fs, const char *prefix, const char *component, object_name name)
{
	int error = view_marker(&fs->view, prefix, component, name);

	if (error < 0)
		return error;
	return reaches(fs, prefix, component, name, true) ? 0 : -EINVAL;
}

int tree_free_name(struct fs *fs, const char *prefix, const char *component, bool directory,
		   object_name name)
{
	int error = directory ? tree_marker_name(fs, prefix, component, name)
			      : tree_file_name(fs, prefix, component, name);
	struct found found;

	if (error < 0)
		return error;
	return tree_find(fs, prefix, component, &found) == 0 ? -EEXIST : 0;
}

int tree_check_writable(const struct node *node)
{
	return node != NULL && node->read_only ? -EROFS : 0;
}

int tree_prefix(struct node *directory, object_name prefix)
{
	if (directory == NULL)
		return -ESTALE;
	/* Without a name it was removed, and nothing is in it. */
	return node_prefix(directory, prefix) ? 0 : -ENOENT;
}

static bool is_root(const struct fs *fs, const struct node *node)
{
	return node == fs->nodes.root;
}

bool tree_is_space(const struct fs *fs, const struct node *node)
{
	return is_root(fs, node) && !view_is_part(&fs->view);
}

/* A directory's name, its ".", and a ".." for each directory in it. One link is
 * what tells tree walkers that the number is not known. */
static void count_links(struct fs *fs, struct node *node, const char *prefix, struct stat *st)
{
	unsigned count;

	st->st_nlink = marks_count_in(&fs->marks, node, prefix, &count) ? 2 + count : 1;
}

int tree_stat_directory(struct fs *fs, const char *prefix, struct stat *st)
{
	struct pshm_info info;

	if (prefix[0] == '\0')
		return pshm_fstat(fs->space, st) < 0 ? -errno : 0;
	if (pshm_space_stat(fs->space, prefix, &info) < 0)
		return -errno;
	*st = info.st;
	return 0;
}

static int stat_root(struct fs *fs, struct stat *st)
{
	int error = tree_stat_directory(fs, fs->view.root, st);

	if (error < 0)
		return error;
	tree_show_status(st, view_is_part(&fs->view));
	count_links(fs, fs->nodes.root, fs->view.root, st);
	return 0;
}

/* Nothing is left of the node's object: the kernel shall look again. */
static int stale(struct fs *fs)
{
	holds_begin(&fs->holds);
	return -ESTALE;
}

/* A node whose object has no name any more: as one of its handles shows it. Who
 * works in a directory that was removed need not have it open. */
static int stat_nameless(struct fs *fs, struct node *node, struct stat *st)
{
	struct handle *handle = handle_of(node);
	int error = 0;

	if (handle == NULL && !node->directory)
		return stale(fs);
	if (handle == NULL)
		node_last_status(node, st);
	else if (pshm_fstat(handle->fd, st) < 0)
		error = -errno;
	if (handle != NULL)
		handle_put(handle);
	if (node->directory) {
		tree_show_status(st, true);
		st->st_nlink = 0;
	}
	return error;
}

/* The node's object by one of its names; ENOENT where none means it any more. */
static int find_known_place(struct fs *fs, struct node *node, struct found *found)
{
	object_name prefix, component;

	while (node_place(node, prefix, component)) {
		int error = tree_find(fs, prefix, component, found);

		if (error < 0 && error != -ENOENT)
			return error;
		if (error == 0 && found->st.st_ino == node->ino &&
		    found->directory == node->directory)
			return 0;
		node_break(node, component);
	}
	return -ENOENT;
}

static int find_place(struct fs *fs, struct node *node, struct found *found)
{
	const int error = find_known_place(fs, node, found);

	return error == -ENOENT && node_restore_names(node) ? find_known_place(fs, node, found)
							    : error;
}

int tree_stat(struct fs *fs, struct node *node, struct stat *st)
{
	struct found found;
	int error;

	if (node == NULL)
		return -ESTALE;
	if (is_root(fs, node))
		return stat_root(fs, st);
	error = find_place(fs, node, &found);
	if (error == -ENOENT)
		return stat_nameless(fs, node, st);
	if (error < 0)
		return error;
	*st = found.st;
	if (found.directory)
		count_links(fs, node, found.name, st);
	return 0;
}

const char *tree_self(int fd, self_path path)
{
	snprintf(path, sizeof(self_path), "/proc/self/fd/%d", fd);
	return path;
}

/* Not waiting for those who have leases: O_NONBLOCK means nothing else here. */
int tree_reopen(int fd, int oflag)
{
	self_path path;
	int result = open(tree_self(fd, path), oflag | O_CLOEXEC | O_NONBLOCK);

	return result < 0 ? -errno : result;
}

/* EBADF: the descriptor is O_PATH, see tree_open_to_change(). */

int tree_chmod(int fd, mode_t mode)
{
	self_path path;
	int result = fchmod(fd, mode & 07777);

	if (result < 0 && errno == EBADF)
		result = chmod(tree_self(fd, path), mode & 07777);
	return result < 0 ? -errno : 0;
}

int tree_chown(int fd, uid_t uid, gid_t gid)
{
	int result = fchown(fd, uid, gid);

	if (result < 0 && errno == EBADF)
		result = fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
	return result < 0 ? -errno : 0;
}

int tree_set_times(int fd, const struct timespec times[2])
{
	int result = futimens(fd, times);

	if (result < 0 && errno == EBADF)
		result = utimensat(fd, "", times, AT_EMPTY_PATH);
	return result < 0 ? -errno : 0;
}

static int reopen_handle(struct fs *fs, struct node *node, int oflag)
{
	struct handle *handle = handle_of(node);
	int fd;

	if (handle == NULL)
		return stale(fs);
	fd = tree_reopen(handle->fd, oflag);
	handle_put(handle);
	return fd;
}

/* A descriptor by one of its names; ESTALE where none means it any more. */
static int open_known_place(struct fs *fs, struct node *node, int oflag)
{
	object_name prefix, component;
	struct found found = { .st.st_ino = node->ino };

	while (node_place(node, prefix, component)) {
		int error = node->directory ? view_marker(&fs->view, prefix, component, found.name)
					    : view_file(&fs->view, prefix, component, found.name);
		int fd = error < 0 ? -ESTALE : tree_open_found(fs, &found, oflag);

		if (fd != -ESTALE)
			return fd;
		node_break(node, component);
	}
	return -ESTALE;
}

static int open_place(struct fs *fs, struct node *node, int oflag)
{
	const int fd = open_known_place(fs, node, oflag);

	return fd == -ESTALE && node_restore_names(node) ? open_known_place(fs, node, oflag) : fd;
}

static int open_root(struct fs *fs, int oflag)
{
	const char *marker = fs->view.root;
	int fd = marker[0] == '\0' ? openat(fs->space, ".", oflag | O_DIRECTORY | O_CLOEXEC)
				   : pshm_space_open_object(fs->space, marker, oflag);

	return fd < 0 ? -errno : fd;
}

int tree_open(struct fs *fs, struct node *node, int oflag)
{
	int fd;

	if (node == NULL)
		return -ESTALE;
	if (is_root(fs, node))
		return open_root(fs, oflag);
	fd = open_place(fs, node, oflag);
	if (fd != -ESTALE)
		return fd;
	return reopen_handle(fs, node, oflag);
}

/* The filter of system calls leaves root's daemon only the calls that take a
 * descriptor, and no O_PATH one. */
static int flag_to_change(void)
{
	return geteuid() == 0 ? O_RDONLY : O_PATH;
}

int tree_open_to_change(struct fs *fs, struct node *node)
{
	const int fd = tree_open(fs, node, flag_to_change());

	/* Root of a user namespace, and an object of somebody outside. */
	return fd == -EACCES ? tree_open(fs, node, O_PATH) : fd;
}

void tree_touch(struct fs *fs, const char *prefix)
{
	const struct timespec now[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	int fd;

	if (prefix[0] == '\0')
		return;
	fd = pshm_space_open_object(fs->space, prefix, flag_to_change());
	if (fd < 0)
		return;
	tree_set_times(fd, now);
	pshm_close(fd);
}
