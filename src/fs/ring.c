/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRIES = 32, SQE_SIZE = 128 };

static uint32_t load(const uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

static void *map(const struct ring *ring, size_t size, off_t what)
{
	void *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, what);

	return memory != MAP_FAILED ? memory : NULL;
}

static uint32_t *at(const struct ring *ring, uint32_t offset)
{
	return (uint32_t *)(void *)((char *)ring->queues + offset);
}

/* Both queues lie in one mapping since Linux 5.4. */
static int map_queues(struct ring *ring, const struct io_uring_params *params)
{
	const struct io_sqring_offsets *sq = &params->sq_off;
	const struct io_cqring_offsets *cq = &params->cq_off;
	const size_t sq_end = sq->array + params->sq_entries * sizeof(uint32_t);
	const size_t cq_end = cq->cqes + params->cq_entries * sizeof(struct io_uring_cqe);

	ring->queues_size = sq_end > cq_end ? sq_end : cq_end;
	ring->sqes_size = (size_t)params->sq_entries * SQE_SIZE;
	ring->queues = map(ring, ring->queues_size, IORING_OFF_SQ_RING);
	ring->sqes = map(ring, ring->sqes_size, IORING_OFF_SQES);
	if (ring->queues == NULL || ring->sqes == NULL)
		return -errno;
	ring->entries = params->sq_entries;
	ring->sq_head = at(ring, sq->head);
	ring->sq_tail = at(ring, sq->tail);
	ring->sq_mask = *at(ring, sq->ring_mask);
	ring->cq_head = at(ring, cq->head);
	ring->cq_tail = at(ring, cq->tail);
	ring->cq_mask = *at(ring, cq->ring_mask);
	ring->cqes = (void *)at(ring, cq->cqes);
	for (uint32_t i = 0; i < ring->entries; i++)
		at(ring, sq->array)[i] = i;
	return 0;
}

static int configure(const struct ring *ring, unsigned what, const void *argument, unsigned count)
{
	return syscall(SYS_io_uring_register, ring->fd, what, argument, count) < 0 ? -errno : 0;
}

/* No filter of system calls sees what a ring is asked to do: a ring does from now on
 * what ours are for, and nothing else. */
static int restrict_and_enable(const struct ring *ring)
{
	struct io_uring_restriction only[] = {
		{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_URING_CMD },
		{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_READ },
		{ .opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED, .sqe_flags = IOSQE_FIXED_FILE },
	};
	int error =
		configure(ring, IORING_REGISTER_RESTRICTIONS, only, sizeof(only) / sizeof(*only));

	return error < 0 ? error : configure(ring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

int ring_open(struct ring *ring, int file)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_SUBMIT_ALL |
			 IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_R_DISABLED,
	};
	int error;

	*ring = (struct ring){ .fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &params) };
	if (ring->fd < 0)
		return -errno;
	error = map_queues(ring, &params);
	if (error == 0)
		error = configure(ring, IORING_REGISTER_FILES, &file, 1);
	if (error == 0)
		error = restrict_and_enable(ring);
	if (error < 0)
		ring_close(ring);
	return error;
}

void ring_close(struct ring *ring)
{
	if (ring->fd < 0)
		return;
	if (ring->sqes != NULL)
		munmap(ring->sqes, ring->sqes_size);
	if (ring->queues != NULL)
		munmap(ring->queues, ring->queues_size);
	close(ring->fd);
	ring->fd = -1;
}

static int enter(struct ring *ring, unsigned wait_for)
{
	const uint32_t count = ring->tail - load(ring->sq_head);
	const unsigned flags = wait_for > 0 ? IORING_ENTER_GETEVENTS : 0;

	store(ring->sq_tail, ring->tail);
	if (syscall(SYS_io_uring_enter, ring->fd, count, wait_for, flags, NULL, 0) < 0)
		return -errno;
	return 0;
}

struct io_uring_sqe *ring_next(struct ring *ring)
{
	char *sqe;

	while (ring->tail - load(ring->sq_head) == ring->entries)
		enter(ring, 0);
	sqe = (char *)ring->sqes + (size_t)(ring->tail & ring->sq_mask) * SQE_SIZE;
	ring->tail++;
	memset(sqe, 0, SQE_SIZE);
	return (void *)sqe;
}

void *ring_command(struct io_uring_sqe *sqe)
{
	return (char *)sqe + SQE_SIZE - RING_COMMAND_SIZE;
}

int ring_submit(struct ring *ring)
{
	return enter(ring, 0);
}

int ring_wait(struct ring *ring)
{
	return enter(ring, 1);
}

bool ring_take(struct ring *ring, struct ring_event *event)
{
	const uint32_t head = *ring->cq_head;
	const struct io_uring_cqe *cqe;

	if (head == load(ring->cq_tail))
		return false;
	cqe = &ring->cqes[head & ring->cq_mask];
	event->data = (void *)(uintptr_t)cqe->user_data;
	event->result = cqe->res;
	store(ring->cq_head, head + 1);
	return true;
}
