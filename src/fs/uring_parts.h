/* SPDX-License-Identifier: MIT */
/*
 * What the transport by io_uring is made of, for the files whose names begin
 * with uring alone. An entry is a place for a request, a queue is the kernel's,
 * for one CPU, and a server is the thread that serves queues.
 */
#pragma once

#include "ring.h"

#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

enum { COMMAND_REGISTER = 1, COMMAND_ANSWER = 2 };

struct header {
	union {
		struct fuse_in_header in;
		struct fuse_out_header out;
		char in_out[128];
	};
	char op[128];
	struct {
		uint64_t flags;
		uint64_t id;
		uint32_t payload_size;
		uint32_t padding;
		uint64_t reserved;
	} entry;
};

/* A place for one request and its answer: with the kernel, until it has a
 * request, or with whoever is to answer that. The head of the request is copied
 * before the payload, where libfuse expects it. */
struct entry {
	struct queue *queue;
	struct header *header; /* the first page of a mapping; the payload is the rest */
	struct iovec parts[2];
	uint32_t operation;	 /* how it last came to the kernel */
	_Atomic uint64_t unique; /* of the request; 0 while the kernel has it */
	struct entry *next;	 /* all entries */
	struct entry *next_answered;
};

/* One of the kernel's queues; belongs to its server's thread. */
struct queue {
	struct server *server;
	uint16_t number;
	struct entry *first;
	unsigned with_kernel; /* entries */
	bool never_kick;      /* the kernel refused */
	uint64_t kicks;	      /* all there were, times two */
};

/* A thread, its ring, and who else has something for it. */
struct server {
	struct uring *uring;
	pthread_t thread;
	bool started;
	int cpu; /* to stay on; -1 for any */
	struct ring ring;
	uint64_t kick_with; /* a file that somebody waits for, to kick the queue of its CPU; or 0 */
	int waker;	    /* eventfd(2) */
	uint64_t woken;

	pthread_mutex_t lock;
	struct entry *answered; /* by other threads; guarded by lock */
};

enum stage { PREPARING, SERVING, STOPPING };

struct uring {
	struct fuse_session *session;
	struct counters *counters;
	int device;
	const char *fault;
	bool greeted, offered; /* INIT has come; the kernel allows this */
	uint64_t greeting;     /* its number */
	size_t payload_size;
	struct server *servers;
	size_t n_servers;
	struct queue *queues;
	size_t n_queues;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	struct entry *entries;
	size_t prepared;
	int error; /* of a server that could not prepare */
	_Atomic enum stage stage;
	atomic_bool lacked_memory; /* and told so */
};

/* ---- uring_entry.c: entries, and the answers in them ---- */

size_t uring_page_size(void);

/* The request or the answer behind its head. */
char *entry_payload(const struct entry *entry);
struct entry *entry_new(struct queue *queue);
void entries_free(struct uring *uring);

/* The entry of a request that is to be answered; NULL if it came by /dev/fuse. */
struct entry *entry_of(struct uring *uring, uint64_t unique);
/* To the kernel, by the server's thread alone. */
void entry_give(struct entry *entry, uint32_t operation);
/* From any thread. The bytes of the answer, or -1 and errno. */
ssize_t entry_answer(struct entry *entry, const struct iovec *iov, int count);
/* Serves the request in it with libfuse. */
void entry_serve(struct entry *entry);
/* So that the kernel has an entry for the next request, and takes up one that it
 * has kept meanwhile: to be kicked once the new entry is submitted. */
void queue_fill(struct queue *queue);
bool queue_can_kick(const struct queue *queue);
void queue_kick(struct queue *queue, uint64_t nodeid);

/* ---- uring_server.c: threads ---- */

void server_wake(struct server *server);
/* 0 or a negative errno. */
int server_start(struct server *server);
