/* SPDX-License-Identifier: MIT */
/*
 * The table of operations: for each its name, how often it comes, which fields of struct call it
 * uses (for choosing and for printing) and the function that carries it out.
 */
#pragma once

#include "call.h"
#include "worker.h"

/* Fields that an operation uses. */
enum {
	PATH = 1 << 0,
	PATH2 = 1 << 1,
	SLOT = 1 << 2,
	SLOT2 = 1 << 3,
	NEW_SLOT = 1 << 4,
	MAP = 1 << 5,
	MODE = 1 << 6,
	OFF = 1 << 7,
	OFF2 = 1 << 8,
	LEN = 1 << 9,
	OWNER = 1 << 10,
	TIMES = 1 << 11,
	NAME = 1 << 12,
	OFLAGS = 1 << 13,
	WANT_DIR = 1 << 14, /* rather the name of a directory */
	NATIVE = 1 << 15,   /* not by a worker, but past the mount: see native.c */
	LOCKING = 1 << 16,
	BITS = 1 << 18,	     /* `mode` holds a few bits with a meaning of the operation's own */
	TARGET = 1 << 19,    /* the path is rather one that does not exist yet */
	WRITES = 1 << 20,    /* to the slot */
	WRITES2 = 1 << 21,   /* to the second slot */
	TRUNCATES = 1 << 22, /* or changes the owner */
	NO_DIRFD = 1 << 17,  /* the call takes no directory besides the working directory */
};

/* One of the values that `flags` may take. */
struct choice {
	unsigned weight;
	uint32_t value;
	const char *name; /* NULL ends the list */
};

struct operation {
	const char *name;
	unsigned weight;
	unsigned fields;
	const struct choice *choices;
	void (*run)(struct worker *worker, const struct call *call, struct outcome *outcome);
};

extern const struct operation operations[];
extern const unsigned n_operations;
extern const struct choice open_flags[]; /* single bits, for printing */

const struct operation *operation_of(const struct call *call);

/* Shared by the operations. */
int slot_fd(const struct worker *worker, int slot);
int place_fd(const struct worker *worker, const struct place *place);
int64_t position(int fd);
void outcome_clear(struct outcome *outcome);
void finish(struct outcome *outcome, int64_t ret);
void keep_descriptor(struct worker *worker, const struct call *call, struct outcome *outcome,
		     int fd);
uint64_t hash_bytes(uint64_t hash, const void *data, size_t len);
void fill_bytes(uint8_t *data, size_t len, uint64_t seed);

#define OPERATION(name) \
	void run_##name(struct worker *worker, const struct call *call, struct outcome *outcome)

/* op_open.c */
OPERATION(open);
OPERATION(close);
OPERATION(dup);
OPERATION(reopen);
OPERATION(setfl);
OPERATION(chdir);
OPERATION(fchdir);
OPERATION(umask);
OPERATION(limit_size);

/* op_data.c */
OPERATION(read);
OPERATION(write);
OPERATION(pread);
OPERATION(pwrite);
OPERATION(readv);
OPERATION(writev);
OPERATION(pwritev2);
OPERATION(lseek);
OPERATION(truncate);
OPERATION(ftruncate);
OPERATION(fallocate);
OPERATION(fsync);

/* op_copy.c */
OPERATION(copy_file_range);
OPERATION(sendfile);
OPERATION(splice);

/* op_map.c */
OPERATION(map_once);
OPERATION(mmap);
OPERATION(store);
OPERATION(load);
OPERATION(msync);
OPERATION(munmap);

/* op_name.c */
OPERATION(unlink);
OPERATION(rmdir);
OPERATION(mkdir);
OPERATION(rename);
OPERATION(link);
OPERATION(link_fd);
OPERATION(symlink);
OPERATION(mknod);
OPERATION(readdir);
OPERATION(getdents);

/* op_attr.c */
OPERATION(stat);
OPERATION(fstat);
OPERATION(access);
OPERATION(chmod);
OPERATION(fchmod);
OPERATION(chown);
OPERATION(fchown);
OPERATION(utimens);
OPERATION(futimens);
OPERATION(statfs);

/* op_xattr.c */
OPERATION(setxattr);
OPERATION(getxattr);
OPERATION(listxattr);
OPERATION(removexattr);
OPERATION(fsetxattr);
OPERATION(fgetxattr);

/* op_lock.c */
OPERATION(flock);
OPERATION(setlk);
OPERATION(getlk);
