/* SPDX-License-Identifier: MIT */
/*
 * A worker is a process that lives in one of the two directories (as its root directory) under one
 * identity, and carries out the calls that come over its socket. Its descriptors, mappings, locks,
 * working directory and umask are its own, as with any program. The test has a pair of workers, one
 * on each side, for each identity.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "call.h"

struct mapping {
	uint8_t *addr; /* NULL: none */
	size_t len;
};

/* The worker's own state: what an operation works with. */
struct worker {
	int fd[SLOTS]; /* -1: closed */
	struct mapping map[MAPS];
	ino_t root;	 /* inode number of its root directory */
	int proc_fd;	 /* /proc/self/fd, opened before the root directory was changed */
	uint8_t *buffer; /* BUFFER_BYTES, page aligned */
};

/* What the test keeps of it. */
struct worker_process {
	pid_t pid;
	int socket;
};

const char *worker_identity(unsigned worker);

/* Starts the worker with that identity in the directory; 0 or -1 with a message on standard error.
 */
int worker_start(struct worker_process *process, const char *directory, unsigned identity);
int worker_send(const struct worker_process *process, const struct call *call);
/* Waits for the outcome; -1 when the worker died or did not answer within the time. */
int worker_receive(const struct worker_process *process, struct outcome *outcome, int seconds);
/* Lets the worker end. 0 when it exited as it should. */
int worker_stop(struct worker_process *process);

/* snapshot.c: stats everything that the call names. */
struct stat;
void snapshots_take(struct worker *worker, const struct call *call, struct snapshot *snapshots,
		    struct stat *inodes);
void snapshots_number(struct outcome *outcome, const struct stat *before, const struct stat *after);
uint32_t dead_directories(struct worker *worker, const struct call *call);

/* set_id.c */
bool meets_set_id_quirk(const struct worker *worker, const struct call *call);
