/* SPDX-License-Identifier: MIT */
/* Operations on open directories. */
#pragma once

#include "fs.h"

void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);

/* A directory that was open when an earlier process died. -ENOMEM */
int op_dir_restore(struct fs *fs, struct handle *handle);
/* What a release does. */
void dir_close(struct fs *fs, uint64_t fh);
/* Closes what is open still: the kernel sends no release after an unmount. */
void op_dir_end(struct fs *fs);
