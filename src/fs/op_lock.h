/* SPDX-License-Identifier: MIT */
/* Operations on locks. */
#pragma once

#include "fs.h"

void fs_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock);
void fs_setlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock,
	      int sleep);
void fs_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int op);
void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
