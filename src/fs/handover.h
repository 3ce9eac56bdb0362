/* SPDX-License-Identifier: MIT */
/*
 * What a serving process leaves to the next (option supervise): memory that both
 * see, in which it writes what the kernel was told and no object says. Whatever
 * it was doing when it died, what stands here can be used: each word is written
 * in one step, and in an order that leaves nothing half said.
 *
 * Names and modes are not here: they are read from the objects.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Programs of the same number understand each other's. */
#define HANDOVER_VERSION 2

enum record_kind {
	RECORD_NONE,
	RECORD_FILE,
	RECORD_DIRECTORY,
	RECORD_LOCKS,
	RECORD_CLOSING, /* a file that nobody uses any more, as far as what it had goes */
};

/* A descriptor that the kernel knows of: an open file or directory, or the locks
 * of one owner on an object. */
struct record {
	_Atomic uint32_t kind; /* written last */
	uint32_t serial;       /* tells it from others that have the descriptor's number in turn */
	uint64_t node;	       /* the node's id */
	uint64_t request;      /* that opened it, as the kernel numbers requests */
	int32_t backing_id;    /* passthrough: 0 as long as there is none; see passthrough.c */
	bool is_private;       /* see quota.h */
	uint32_t uid, gid;     /* the owner that the kernel was told last */

	uint64_t owner;	  /* of locks, as the kernel names it */
	uint64_t through; /* the open file that they came through */
	pid_t pid;
};

enum deed_state {
	DEED_FREE,     /* nobody's */
	DEED_IDLE,     /* a thread's */
	DEED_BEGUN,    /* the request is being served */
	DEED_ANSWERED, /* and this was the answer; the kernel may have it or not */
};

/* A request that a thread is serving. */
struct deed {
	_Atomic uint32_t state;	 /* written last */
	uint32_t process;	 /* the number of the serving process */
	_Atomic uint64_t unique; /* as the kernel numbers it */
	_Atomic uint64_t note;	 /* of the operation, see replay.h */
	uint32_t crashes;	 /* how many there had been when it was begun first */
	uint32_t answer_size;
	char answer[176];
};

#define DEED_COUNT 1024

struct handover {
	uint32_t version;
	uint32_t size; /* of the structure, as its maker knew it */
	uint32_t record_count;
	uint32_t process; /* the number of the serving process, from 1 on */
	uint32_t crashes; /* how many ended by their own fault */
	_Atomic uint32_t serial;
	_Atomic uint32_t top; /* behind the last record that was ever used */
	_Atomic int32_t last_backing_id;

	/* What was settled with the kernel when the session began. */
	bool passthrough;
	bool can_resend;
	_Atomic uint32_t init_size; /* 0: it has not begun */
	char init[512];

	/* For a keeper that executes its program anew. */
	int device, root_lock;
	bool background; /* messages go to the system's log */
	bool told;	 /* whoever started it knows that the mount is there */

	struct deed deeds[DEED_COUNT];
	struct record records[]; /* by descriptor */
};

/* Memory for as many descriptors as there may be. With keep it is that of *fd,
 * a new descriptor, which outlives execve(2); without, it is the process's own and
 * its children's. NULL and errno. */
struct handover *handover_new(bool keep, int *fd);
/* The record of a descriptor that is to be used. NULL: there are no more. */
struct record *handover_record(struct handover *handover, int fd);
/* The same memory again. NULL and errno: EINVAL where another version made it. */
struct handover *handover_map(int fd);
void handover_free(struct handover *handover);
