/* SPDX-License-Identifier: MIT */
#include "uring_parts.h"

#include "counters.h"
#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct command {
	uint64_t flags;
	uint64_t id;
	uint16_t queue;
	uint8_t padding[6];
};

/* libfuse's callback for answers leaves no other way to know it at once. */
static _Thread_local struct entry *serving;

/* ---- entries ---- */

size_t uring_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

char *entry_payload(const struct entry *entry)
{
	return entry->parts[1].iov_base;
}

/* Memory that nothing is written to takes none. */
struct entry *entry_new(struct queue *queue)
{
	struct uring *uring = queue->server->uring;
	const size_t size = uring_page_size() + uring->payload_size;
	struct entry *entry = calloc(1, sizeof(*entry));
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (entry == NULL || memory == MAP_FAILED) {
		if (memory != MAP_FAILED)
			munmap(memory, size);
		free(entry);
		return NULL;
	}
	entry->queue = queue;
	entry->header = (struct header *)(void *)memory;
	entry->parts[0] = (struct iovec){ memory, sizeof(struct header) };
	entry->parts[1] = (struct iovec){ memory + uring_page_size(), uring->payload_size };
	pthread_mutex_lock(&uring->lock);
	entry->next = uring->entries;
	uring->entries = entry;
	pthread_mutex_unlock(&uring->lock);
	return entry;
}

void entries_free(struct uring *uring)
{
	while (uring->entries != NULL) {
		struct entry *entry = uring->entries;

		uring->entries = entry->next;
		munmap(entry->header, uring_page_size() + uring->payload_size);
		free(entry);
	}
}

/* The entry of a request that is to be answered; NULL if it came by /dev/fuse. */
struct entry *entry_of(struct uring *uring, uint64_t unique)
{
	struct entry *entry = serving;

	if (entry != NULL && atomic_load_explicit(&entry->unique, memory_order_relaxed) == unique)
		return entry;
	pthread_mutex_lock(&uring->lock);
	entry = uring->entries;
	while (entry != NULL &&
	       atomic_load_explicit(&entry->unique, memory_order_relaxed) != unique)
		entry = entry->next;
	pthread_mutex_unlock(&uring->lock);
	return entry;
}

/* By the server's thread alone. */
void entry_give(struct entry *entry, uint32_t operation)
{
	struct queue *queue = entry->queue;
	struct io_uring_sqe *sqe = ring_next(&queue->server->ring);
	const struct command command = {
		.id = operation == COMMAND_ANSWER ? entry->header->entry.id : 0,
		.queue = queue->number,
	};

	atomic_store_explicit(&entry->unique, 0, memory_order_relaxed);
	entry->operation = operation;
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->cmd_op = operation;
	sqe->user_data = (uintptr_t)entry;
	if (operation == COMMAND_REGISTER) {
		sqe->addr = (uintptr_t)entry->parts;
		sqe->len = 2;
	}
	memcpy(ring_command(sqe), &command, sizeof(command));
	queue->with_kernel++;
}

/* The kernel keeps a request for which it has no entry, and comes back to it
 * with the next answer from this queue, not when a new entry is registered
 * (fuse_uring_do_register() in Linux 6.18). If all that is being served waits for
 * locks, that may be never. So a new entry is followed by a request of our own
 * (queue_kick()), which is answered at once. One begins on the CPU where its
 * thread is: a queue of another has more entries than waits for locks are
 * likely to begin before its thread sees the first. */
#define ENTRIES_OF_OTHER_CPU 64

bool queue_can_kick(const struct queue *queue)
{
	return queue->server->cpu == queue->number && !queue->never_kick;
}

void queue_fill(struct queue *queue)
{
	const unsigned enough = queue_can_kick(queue) ? 1 : ENTRIES_OF_OTHER_CPU;

	while (queue->with_kernel < enough) {
		struct entry *entry = entry_new(queue);

		if (entry == NULL) {
			if (!atomic_exchange(&queue->server->uring->lacked_memory, true))
				log_error("io_uring: no memory for more requests at a time: "
					  "some may wait for others' locks");
			return;
		}
		entry_give(entry, COMMAND_REGISTER);
	}
}

/* A number that none of the kernel's own requests ever has. They are even. */
#define FIRST_KICK (UINT64_C(1) << 62)

/* Has the kernel ask for none of the bytes that it has of a file. */
void queue_kick(struct queue *queue, uint64_t nodeid)
{
	struct fuse_notify_retrieve_out nothing = { .notify_unique = FIRST_KICK + queue->kicks,
						    .nodeid = nodeid };
	struct fuse_out_header header = { .len = sizeof(header) + sizeof(nothing),
					  .error = FUSE_NOTIFY_RETRIEVE };
	const struct iovec parts[] = { { &header, sizeof(header) }, { &nothing, sizeof(nothing) } };

	queue->kicks += 2;
	if (writev(queue->server->uring->device, parts, 2) >= 0)
		return;
	/* Not there, or at its end: the wait is over, and its answer does the same. */
	if (errno == ENOENT || errno == ENODEV || errno == ENOTCONN)
		return;
	log_error("io_uring: queue %u: %s", queue->number, strerror(errno));
	queue->never_kick = true;
}

/* ---- answers ---- */

static void hand_over(struct entry *entry)
{
	struct server *server = entry->queue->server;

	pthread_mutex_lock(&server->lock);
	entry->next_answered = server->answered;
	server->answered = entry;
	pthread_mutex_unlock(&server->lock);
	server_wake(server);
}

ssize_t entry_answer(struct entry *entry, const struct iovec *iov, int count)
{
	struct header *header = entry->header;
	const size_t room = entry->parts[1].iov_len;
	size_t size = 0;

	memcpy(&header->out, iov[0].iov_base, sizeof(header->out));
	for (int i = 1; i < count; i++) {
		if (iov[i].iov_len > room - size) {
			header->out.error = -EIO;
			size = 0;
			break;
		}
		memcpy(entry_payload(entry) + size, iov[i].iov_base, iov[i].iov_len);
		size += iov[i].iov_len;
	}
	header->entry.payload_size = (uint32_t)size;
	if (entry == serving)
		entry_give(entry, COMMAND_ANSWER);
	else if (atomic_load(&entry->queue->server->uring->stage) == SERVING)
		hand_over(entry);
	else
		return errno = ENOENT, -1;
	return (ssize_t)(sizeof(header->out) + size);
}

/* ---- requests ---- */

/* Where the request begins, in one piece with the payload; 0 if it is none. */
static size_t request_size(const struct header *header)
{
	const size_t least = sizeof(header->in) + header->entry.payload_size;

	if (header->in.len < least || header->in.len - least > sizeof(header->op))
		return 0;
	return header->in.len;
}

/* Without a word to libfuse. */
static void answer_at_once(struct entry *entry, int error)
{
	struct header *header = entry->header;

	header->out = (struct fuse_out_header){ .error = error, .unique = header->in.unique };
	header->entry.payload_size = 0;
	entry_give(entry, COMMAND_ANSWER);
}

void entry_serve(struct entry *entry)
{
	struct header *header = entry->header;
	const size_t size = request_size(header);
	const size_t head = size - header->entry.payload_size;
	char *request = entry_payload(entry) - head;
	struct fuse_buf buf = { .mem = request, .size = size };

	if (size == 0 || header->in.opcode == FUSE_NOTIFY_REPLY) {
		answer_at_once(entry, size == 0 ? -EIO : 0);
		return;
	}
	memcpy(request, &header->in, sizeof(header->in));
	memcpy(request + sizeof(header->in), header->op, head - sizeof(header->in));
	atomic_store_explicit(&entry->unique, header->in.unique, memory_order_relaxed);
	serving = entry;
	counters_request(entry->queue->server->uring->counters, &header->in);
	fuse_session_process_buf(entry->queue->server->uring->session, &buf);
	serving = NULL;
	counters_next();
}
