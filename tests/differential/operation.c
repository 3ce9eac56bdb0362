/* SPDX-License-Identifier: MIT */
/* See operation.h. */
#include "operation.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CHOICE(weight, value)         \
	{                             \
		weight, value, #value \
	}
#define END                \
	{                  \
		0, 0, NULL \
	}

/* The chance in percent that open has the flag, besides the access mode. */
const struct choice open_flags[] = {
	CHOICE(40, O_CREAT),
	CHOICE(12, O_EXCL),
	CHOICE(15, O_TRUNC),
	CHOICE(12, O_APPEND),
	CHOICE(5, O_DIRECT),
	CHOICE(3, O_NOFOLLOW),
	CHOICE(3, O_NONBLOCK),
	CHOICE(3, O_SYNC),
	CHOICE(2, O_NOATIME),
	CHOICE(5, O_TMPFILE),
	CHOICE(4, O_DIRECTORY),
	CHOICE(4, O_PATH),
	END,
};

static const struct choice setfl_flags[] = {
	CHOICE(3, O_APPEND),
	CHOICE(1, O_NONBLOCK),
	CHOICE(1, O_DIRECT),
	END,
};
static const struct choice size_limits[] = {
	{ 12, 0, "unlimited" }, CHOICE(1, 1),	  CHOICE(1, 4096),
	CHOICE(1, 20000),	CHOICE(1, 65536), END,
};
static const struct choice rwf_flags[] = {
	{ 2, 0, "0" }, CHOICE(3, RWF_APPEND), CHOICE(1, RWF_DSYNC), CHOICE(1, RWF_HIPRI), END,
};
static const struct choice whences[] = {
	CHOICE(3, SEEK_SET),  CHOICE(2, SEEK_CUR),  CHOICE(2, SEEK_END),
	CHOICE(4, SEEK_DATA), CHOICE(4, SEEK_HOLE), END,
};
static const struct choice fallocate_modes[] = {
	{ 6, 0, "0" },
	CHOICE(6, FALLOC_FL_KEEP_SIZE),
	CHOICE(8, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE),
	CHOICE(1, FALLOC_FL_PUNCH_HOLE),
	CHOICE(2, FALLOC_FL_ZERO_RANGE),
	CHOICE(1, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE),
	CHOICE(1, FALLOC_FL_COLLAPSE_RANGE),
	CHOICE(1, FALLOC_FL_INSERT_RANGE),
	CHOICE(1, FALLOC_FL_UNSHARE_RANGE),
	END,
};
static const struct choice syncs[] = { { 1, 0, "fsync" }, { 1, 1, "fdatasync" }, END };
static const struct choice no_flags[] = { { 50, 0, "0" }, { 1, 1, "1 (invalid)" }, END };
static const struct choice map_kinds[] = {
	CHOICE(3, MAP_SHARED),
	CHOICE(1, MAP_SHARED_VALIDATE),
	END,
};
static const struct choice msyncs[] = { CHOICE(1, MS_SYNC), CHOICE(1, MS_ASYNC), END };
static const struct choice renames[] = {
	{ 12, 0, "0" },
	CHOICE(3, RENAME_NOREPLACE),
	CHOICE(5, RENAME_EXCHANGE),
	CHOICE(1, RENAME_NOREPLACE | RENAME_EXCHANGE),
	END,
};
static const struct choice links[] = {
	{ 8, 0, "0" },
	CHOICE(1, AT_SYMLINK_FOLLOW),
	END,
};
static const struct choice fd_links[] = {
	{ 3, 0, "/proc/self/fd" },
	CHOICE(1, AT_EMPTY_PATH),
	END,
};
static const struct choice nodes[] = {
	CHOICE(4, S_IFREG), CHOICE(2, S_IFIFO), CHOICE(1, S_IFCHR), CHOICE(1, S_IFSOCK), END,
};
static const struct choice follows[] = {
	{ 3, 0, "0" },
	CHOICE(2, AT_SYMLINK_NOFOLLOW),
	END,
};
static const struct choice accesses[] = {
	{ 2, 0, "0" },
	CHOICE(1, AT_EACCESS),
	END,
};
static const struct choice xattr_sets[] = {
	{ 4, 0, "0" },
	CHOICE(1, XATTR_CREATE),
	CHOICE(1, XATTR_REPLACE),
	END,
};
static const struct choice xattr_sizes[] = {
	CHOICE(5, 4096), CHOICE(1, 0), CHOICE(1, 3), CHOICE(1, 65536), END,
};
static const struct choice flocks[] = {
	CHOICE(3, LOCK_SH),
	CHOICE(3, LOCK_EX),
	CHOICE(3, LOCK_UN),
	END,
};
static const struct choice setlks[] = { CHOICE(3, F_SETLK), CHOICE(1, F_OFD_SETLK), END };
static const struct choice getlks[] = { CHOICE(3, F_GETLK), CHOICE(1, F_OFD_GETLK), END };

#define DATA SLOT | LEN

const struct operation operations[] = {
	{ "open", 45, PATH | NEW_SLOT | OFLAGS | MODE, NULL, run_open },
	{ "close", 14, SLOT, NULL, run_close },
	{ "dup", 3, SLOT | NEW_SLOT, NULL, run_dup },
	{ "reopen", 4, SLOT | NEW_SLOT | OFLAGS | MODE, NULL, run_reopen },
	{ "setfl", 2, SLOT, setfl_flags, run_setfl },
	{ "chdir", 4, PATH | WANT_DIR | NO_DIRFD, NULL, run_chdir },
	{ "fchdir", 2, SLOT, NULL, run_fchdir },
	{ "umask", 2, MODE, NULL, run_umask },
	{ "limit_size", 1, 0, size_limits, run_limit_size },

	{ "read", 10, DATA, NULL, run_read },
	{ "write", 16, WRITES | DATA, NULL, run_write },
	{ "pread", 6, DATA | OFF, NULL, run_pread },
	{ "pwrite", 12, WRITES | DATA | OFF, NULL, run_pwrite },
	{ "readv", 3, DATA, NULL, run_readv },
	{ "writev", 4, WRITES | DATA, NULL, run_writev },
	{ "pwritev2", 3, WRITES | DATA | OFF, rwf_flags, run_pwritev2 },
	{ "lseek", 9, SLOT | OFF, whences, run_lseek },
	{ "truncate", 5, TRUNCATES | PATH | LEN | NO_DIRFD, NULL, run_truncate },
	{ "ftruncate", 6, TRUNCATES | SLOT | LEN, NULL, run_ftruncate },
	{ "fallocate", 9, WRITES | SLOT | OFF | LEN, fallocate_modes, run_fallocate },
	{ "fsync", 2, SLOT, syncs, run_fsync },

	{ "copy_file_range", 5, WRITES2 | SLOT | SLOT2 | OFF | OFF2 | LEN | BITS, no_flags,
	  run_copy_file_range },
	{ "sendfile", 3, WRITES2 | SLOT | SLOT2 | OFF | LEN | BITS, NULL, run_sendfile },
	{ "splice", 3, WRITES2 | SLOT | SLOT2 | OFF | OFF2 | LEN | BITS, NULL, run_splice },

	{ "map_once", 4, SLOT | OFF | LEN | BITS, NULL, run_map_once },
	{ "mmap", 5, SLOT | MAP | OFF | LEN | BITS, map_kinds, run_mmap },
	{ "store", 4, MAP | OFF | LEN, NULL, run_store },
	{ "load", 4, MAP | OFF | LEN, NULL, run_load },
	{ "msync", 1, MAP, msyncs, run_msync },
	{ "munmap", 2, MAP, NULL, run_munmap },

	{ "unlink", 12, PATH, NULL, run_unlink },
	{ "rmdir", 5, PATH | WANT_DIR, NULL, run_rmdir },
	{ "mkdir", 12, PATH | TARGET | MODE | WANT_DIR, NULL, run_mkdir },
	{ "rename", 16, PATH | PATH2, renames, run_rename },
	{ "link", 8, PATH | PATH2, links, run_link },
	{ "link_fd", 4, SLOT | PATH | TARGET, fd_links, run_link_fd },
	{ "symlink", 1, PATH | TARGET, NULL, run_symlink },
	{ "mknod", 2, PATH | TARGET | MODE, nodes, run_mknod },
	{ "readdir", 5, PATH | WANT_DIR, NULL, run_readdir },
	{ "getdents", 3, SLOT, NULL, run_getdents },

	{ "stat", 5, PATH, follows, run_stat },
	{ "fstat", 4, SLOT, NULL, run_fstat },
	{ "access", 5, PATH | BITS, accesses, run_access },
	{ "chmod", 7, PATH | MODE, NULL, run_chmod },
	{ "fchmod", 4, SLOT | MODE, NULL, run_fchmod },
	{ "chown", 6, TRUNCATES | PATH | OWNER, follows, run_chown },
	{ "fchown", 3, TRUNCATES | SLOT | OWNER, NULL, run_fchown },
	{ "utimens", 5, PATH | TIMES, follows, run_utimens },
	{ "futimens", 3, SLOT | TIMES, NULL, run_futimens },
	{ "statfs", 1, SLOT, NULL, run_statfs },

	{ "setxattr", 4, PATH | NAME | LEN | NO_DIRFD, xattr_sets, run_setxattr },
	{ "getxattr", 3, PATH | NAME | NO_DIRFD, xattr_sizes, run_getxattr },
	{ "listxattr", 2, PATH | NO_DIRFD, xattr_sizes, run_listxattr },
	{ "removexattr", 2, PATH | NAME | NO_DIRFD, NULL, run_removexattr },
	{ "fsetxattr", 2, SLOT | NAME | LEN, xattr_sets, run_fsetxattr },
	{ "fgetxattr", 1, SLOT | NAME, xattr_sizes, run_fgetxattr },

	{ "flock", 6, SLOT | LOCKING, flocks, run_flock },
	{ "setlk", 7, SLOT | OFF | LEN | BITS | LOCKING, setlks, run_setlk },
	{ "getlk", 4, SLOT | OFF | LEN | BITS | LOCKING, getlks, run_getlk },

	/* Past the mount: native.c has these. */
	{ "native_write", 8, NATIVE | PATH | OFF | LEN, NULL, NULL },
	{ "native_truncate", 6, NATIVE | PATH | LEN, NULL, NULL },
	{ "native_chmod", 6, NATIVE | PATH | MODE, NULL, NULL },
	{ "native_chown", 4, NATIVE | PATH | OWNER, NULL, NULL },
	{ "native_utimens", 4, NATIVE | PATH | TIMES, NULL, NULL },
	{ "native_unlink", 5, NATIVE | PATH, NULL, NULL },
	{ "native_create", 10, NATIVE | PATH | MODE | OWNER, NULL, NULL },
	{ "native_replace", 6, NATIVE | PATH | MODE | OWNER, NULL, NULL },
	{ "native_link", 5, NATIVE | PATH | PATH2, NULL, NULL },
	{ "native_rename", 6, NATIVE | PATH | PATH2, NULL, NULL },
	{ "native_mkdir", 6, NATIVE | PATH | MODE | OWNER, NULL, NULL },
	{ "native_rmdir", 6, NATIVE | PATH, NULL, NULL },
};

const unsigned n_operations = sizeof(operations) / sizeof(operations[0]);

const struct operation *operation_of(const struct call *call)
{
	return &operations[call->op];
}

int slot_fd(const struct worker *worker, int slot)
{
	return slot < 0 ? -1 : worker->fd[slot];
}

int place_fd(const struct worker *worker, const struct place *place)
{
	if (place->dir < 0)
		return AT_FDCWD;
	return slot_fd(worker, place->dir);
}

/* Where the descriptor stands; in a directory that has no meaning but to its file system. */
int64_t position(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || S_ISDIR(st.st_mode) ? -1 : lseek(fd, 0, SEEK_CUR);
}

void outcome_clear(struct outcome *outcome)
{
	*outcome = (struct outcome){ 0 };
	for (int i = 0; i < SNAPSHOTS; i++)
		outcome->before[i].err = outcome->after[i].err = NOT_TAKEN;
}

void finish(struct outcome *outcome, int64_t ret)
{
	outcome->err = ret < 0 ? errno : 0;
	outcome->ret = ret;
}

uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	hash ^= 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

void fill_bytes(uint8_t *data, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			seed = seed * 6364136223846793005u + 1442695040888963407u;
		data[i] = (uint8_t)(seed >> (8 * (i % 8)));
	}
}
