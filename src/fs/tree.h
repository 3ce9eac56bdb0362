/* SPDX-License-Identifier: MIT */
/*
 * The tree: from nodes and names to objects. Each question is put to the shm
 * file system anew, so that no answer is older than the question.
 *
 * Errors: 0, a count or a descriptor, or a negative errno. ESTALE says that a
 * name does not mean the node's object any more: the kernel looks it up again
 * and repeats the call by itself (see doc/architecture.md).
 */
#pragma once

#include "fs.h"
#include "view.h"

#include <stdbool.h>
#include <sys/stat.h>

/* What a name in a directory stands for. */
struct found {
	object_name name; /* the object's; a directory's marker */
	struct stat st;	  /* of the file or the directory that users see */
	bool directory;
};

/* ENOENT, ENAMETOOLONG, EINVAL. */
int tree_find(struct fs *fs, const char *prefix, const char *component, struct found *found);

/* Fills in all but the name, for an object that was made or linked just now. */
int tree_describe(int fd, bool directory, struct found *found);

/* A descriptor of what was found. ESTALE: the name means something else now. */
int tree_open_found(struct fs *fs, const struct found *found, int oflag);

/* The object that a new file of this name will be, or EINVAL where an object
 * so called would show up elsewhere; EROFS for a name that is shared read-only;
 * ENAMETOOLONG. */
int tree_file_name(struct fs *fs, const char *prefix, const char *component, object_name name);
/* The same for a new directory's marker. EPERM in a flat view. */
int tree_marker_name(struct fs *fs, const char *prefix, const char *component, object_name name);

/* Either of the two for a path that nothing has: EEXIST. */
int tree_free_name(struct fs *fs, const char *prefix, const char *component, bool directory,
		   object_name name);

/* 0, or EROFS for an object that is shared read-only. */
int tree_check_writable(const struct node *node);

/* Is it the shm directory itself, and no marker? */
bool tree_is_space(const struct fs *fs, const struct node *node);

/* The prefix of a directory's content. ENOENT: the directory is gone. */
int tree_prefix(struct node *directory, object_name prefix);

int tree_stat(struct fs *fs, struct node *node, struct stat *st);

/* Status of what the directory of prefix is natively: the shm directory, or a
 * marker. ENOENT: a native program has removed it. */
int tree_stat_directory(struct fs *fs, const char *prefix, struct stat *st);

/* A new descriptor of the node's object, whatever its name is now.
 * oflag: O_PATH, or one of O_RDONLY, O_WRONLY, O_RDWR. */
int tree_open(struct fs *fs, struct node *node, int oflag);
/* The same, for the functions below that change attributes: O_PATH where the daemon
 * may change more than it may open. */
int tree_open_to_change(struct fs *fs, struct node *node);
/* The way to an object by its descriptor, whatever that may do by itself. */
typedef char self_path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
const char *tree_self(int fd, self_path path);
/* A further descriptor of the object that fd refers to. */
int tree_reopen(int fd, int oflag);

/* Attributes of the object that fd refers to. */
int tree_chmod(int fd, mode_t mode);
int tree_chown(int fd, uid_t uid, gid_t gid);
int tree_set_times(int fd, const struct timespec times[2]);

/* Status of an object as users of the mount see it. */
void tree_show_status(struct stat *st, bool directory);

/* What happens in a directory changes its times: a marker does not get that
 * from the shm file system. */
void tree_touch(struct fs *fs, const char *prefix);

/* The markers as they are at this moment. */
struct markers tree_markers(struct fs *fs);
