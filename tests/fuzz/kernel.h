/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of a FUSE session without a mount: it sends requests to
 * libfuse, takes the replies, and traps where one is not as the protocol, or a
 * promise of ours, wants it. It remembers what a kernel would: which nodes it
 * holds how often, and which files are open.
 *
 * What a kernel never does it does not do either, since the daemon relies on
 * it: a file handle is one from a reply, of its node, and is not used after its
 * RELEASE; a node is not forgotten while it is open, nor oftener than it was
 * told; what was told as a file is no directory in a request. Numbers of nodes
 * that are forgotten, or never were, the daemon has to recognise.
 */
#pragma once

#include "fs.h"

#include <linux/fuse.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_NODES   512
#define KERNEL_HANDLES 32
#define KERNEL_WAITS   4
#define KERNEL_REPLY   16384 /* the most bytes that a request may ask for */

struct kernel_node {
	uint64_t id; /* 0: none */
	uint64_t lookups;
	bool directory;
	unsigned open;
};

struct kernel_handle {
	uint64_t fh, node;
	bool used, directory;
	uint32_t flags;
	unsigned waits; /* for locks by it */
};

/* linux/fuse.h has it since 6.1. */
#define KERNEL_TMPFILE 51

/* Who calls, and what with. */
struct kernel_request {
	uint32_t opcode;
	uint64_t node;
	uint32_t uid, gid;
	const void *arg; /* what follows the header */
	size_t arg_len;
	const char *names[2]; /* and follows that, with its null byte; or NULL */
	const void *data;
	size_t data_len;
	size_t size; /* the most bytes of the reply, where the request says so */
	bool lost;   /* the reply is refused with ENOENT: the connection was aborted, or handed over
		      */
	struct kernel_handle *handle;
};

struct kernel_reply {
	const struct kernel_request *request;
	bool arrived;
	int error;
	size_t len;
	uint8_t body[KERNEL_REPLY];
};

struct kernel_wait {
	uint64_t unique; /* 0: none; guarded by lock */
	bool arrived;	 /* guarded by lock */
	bool lost;
	struct kernel_handle *handle;
};

struct kernel {
	struct fs fs; /* first: it is what libfuse hands to its functions for reading and writing */
	uint64_t unique; /* of the last request */
	struct kernel_reply reply;
	struct kernel_node nodes[KERNEL_NODES];
	struct kernel_handle handles[KERNEL_HANDLES];
	unsigned interrupts; /* that libfuse may answer yet */

	pthread_mutex_t lock; /* guards the rest: waits reply by threads of their own */
	pthread_cond_t changed;
	bool is_sending;
	struct kernel_wait waits[KERNEL_WAITS];
};

/* False, with a reason on stderr: this libfuse can have the device only. */
bool kernel_is_possible(void);

/* Makes a session, takes the device's place and sends INIT. */
void kernel_begin(struct kernel *kernel, const struct options *options);

/* Sends the request, checks the reply and learns from it. NULL: a wait for a
 * lock has begun. The reply is good until the next request. */
const struct kernel_reply *kernel_send(struct kernel *kernel, const struct kernel_request *request);

void kernel_forget(struct kernel *kernel, struct kernel_node *node, uint64_t lookups);
void kernel_release(struct kernel *kernel, struct kernel_handle *handle);
/* Ends the wait, and returns when its reply has come. */
void kernel_interrupt(struct kernel *kernel, struct kernel_wait *wait);
/* Of a request that was answered long ago, as the race of both would have it. */
void kernel_interrupt_late(struct kernel *kernel);

/* Ends all waits, releases all files and forgets all nodes. What is left of the
 * session is session_stop()'s. */
void kernel_end(struct kernel *kernel);
