/* SPDX-License-Identifier: MIT */
/*
 * statx(2) for a C library that does not declare it (musl before 1.2.5). The
 * structure and the numbers are the kernel's, as `man 2 statx` has them.
 */
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef STATX_BTIME
#define STATX_BASIC_STATS 0x7ffU
#define STATX_BTIME 0x800U

struct statx_timestamp {
	int64_t tv_sec;
	uint32_t tv_nsec;
	int32_t reserved;
};

struct statx {
	uint32_t stx_mask;
	uint32_t stx_blksize;
	uint64_t stx_attributes;
	uint32_t stx_nlink;
	uint32_t stx_uid;
	uint32_t stx_gid;
	uint16_t stx_mode;
	uint16_t reserved;
	uint64_t stx_ino;
	uint64_t stx_size;
	uint64_t stx_blocks;
	uint64_t stx_attributes_mask;
	struct statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
	uint32_t stx_rdev_major, stx_rdev_minor;
	uint32_t stx_dev_major, stx_dev_minor;
	uint64_t later[14];
};
_Static_assert(sizeof(struct statx) == 256, "the kernel writes 256 bytes");

static inline int statx(int dir, const char *path, int flags, unsigned mask, struct statx *stx)
{
	return (int)syscall(SYS_statx, dir, path, flags, mask, stx);
}
#endif
