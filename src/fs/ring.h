/* SPDX-License-Identifier: MIT */
/*
 * An io_uring that belongs to one thread: it alone opens, fills and empties it.
 * As much of it as commands to one file need; that file is number 0 of its fixed
 * ones. Functions return 0 or a negative errno.
 */
#pragma once

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_COMMAND_SIZE 80 /* bytes that a command may carry */

struct ring {
	int fd;
	void *queues, *sqes; /* shared with the kernel */
	size_t queues_size, sqes_size;
	uint32_t entries, tail; /* of the submission queue */
	uint32_t *sq_head, *sq_tail, *cq_head, *cq_tail;
	uint32_t sq_mask, cq_mask;
	struct io_uring_cqe *cqes;
};

struct ring_event {
	void *data;
	int result;
};

int ring_open(struct ring *ring, int file);
void ring_close(struct ring *ring);

/* A cleared place for what is to be submitted next. The command's bytes begin
 * at ring_command(). */
struct io_uring_sqe *ring_next(struct ring *ring);
void *ring_command(struct io_uring_sqe *sqe);
/* Submits what there is; then waits until something has come. */
int ring_submit(struct ring *ring);
int ring_wait(struct ring *ring);
bool ring_take(struct ring *ring, struct ring_event *event);
