/* SPDX-License-Identifier: MIT */
/*
 * The data of open files, on one of two paths. On the passthrough path the
 * kernel reads, writes and maps the object itself; on the mapped path it asks
 * for each read and write.
 */
#pragma once

#include "fs.h"

#include <sys/types.h>

/* With which flags the object is opened for the caller's open(2). */
int data_oflag(const struct fuse_file_info *fi);
/* Opens the node's object, of which fd is a descriptor, for a file of the
 * mount: fills in fi. fd is taken in any case. 0 or a negative errno. */
int data_open(struct fs *fs, struct node *node, int fd, struct fuse_file_info *fi);
/* Nothing happens if it is closed already: a process that died has done it. */
void data_close(struct fs *fs, const struct fuse_file_info *fi);
/* A file that was open when an earlier process died. */
void data_restore(struct fs *fs, struct handle *handle);

/* The kernel names no file here that it has released. */
static inline struct handle *handle_in(const struct fs *fs, const struct fuse_file_info *fi)
{
	return opened_get(&fs->opened, fi->fh);
}

/* The passthrough path. */

/* 0, or the negative errno for which the kernel refuses to take a descriptor
 * of the shm file system as a backing file. */
int passthrough_probe(struct fs *fs);
int passthrough_open(struct fs *fs, struct handle *handle, struct fuse_file_info *fi);
void passthrough_close(struct fs *fs, struct handle *handle);
void passthrough_restore(struct fs *fs, struct handle *handle);
/* After a death, before anything is restored: gives up the backing ids that the
 * process had no time to record. */
void passthrough_sweep(struct fs *fs);
/* Gives up the backing id of a file that was not opened after all, or was being
 * closed, if it has one that is no other's. */
void passthrough_drop(struct fs *fs, int id);

/* The mapped path. Both give the count of bytes or a negative errno. */

ssize_t mapped_read(const struct handle *handle, void *buf, size_t size, off_t off);
/* With append the offset is the object's end. */
ssize_t mapped_write(const struct handle *handle, const void *buf, size_t size, off_t off,
		     bool append);
