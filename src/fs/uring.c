/* SPDX-License-Identifier: MIT */
#include "uring.h"

#include "device.h"
#include "fs.h"
#include "log.h"
#include "ring.h"

#include <errno.h>
#include <limits.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <unistd.h>

/* linux/fuse.h since 6.14; older headers than the kernel are usual. */
#define OVER_IO_URING (UINT32_C(1) << (41 - 32)) /* in flags2 */

enum { COMMAND_REGISTER = 1, COMMAND_ANSWER = 2 };

struct command {
	uint64_t flags;
	uint64_t id;
	uint16_t queue;
	uint8_t padding[6];
};

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
};

/* A thread, its ring, and who else has something for it. */
struct server {
	struct uring *uring;
	pthread_t thread;
	bool started;
	int cpu; /* to stay on; -1 for any */
	struct ring ring;
	int waker; /* eventfd(2) */
	uint64_t woken;

	pthread_mutex_t lock;
	struct entry *answered; /* by other threads; guarded by lock */
};

enum stage { PREPARING, SERVING, STOPPING };

struct uring {
	struct fuse_session *session;
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
};

/* libfuse's callback for answers leaves no other way to know it at once. */
static _Thread_local struct entry *serving;

/* ---- entries ---- */

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static char *payload_of(const struct entry *entry)
{
	return entry->parts[1].iov_base;
}

/* Memory that nothing is written to takes none. */
static struct entry *entry_new(struct queue *queue)
{
	struct uring *uring = queue->server->uring;
	const size_t size = page_size() + uring->payload_size;
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
	entry->parts[1] = (struct iovec){ memory + page_size(), uring->payload_size };
	pthread_mutex_lock(&uring->lock);
	entry->next = uring->entries;
	uring->entries = entry;
	pthread_mutex_unlock(&uring->lock);
	return entry;
}

/* The entry of a request that is to be answered; NULL if it came by /dev/fuse. */
static struct entry *entry_of(struct uring *uring, uint64_t unique)
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
static void give_to_kernel(struct entry *entry, uint32_t operation)
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
 * with the next answer from this queue, not when a new entry is registered. If
 * all that is being served waits for locks, that may be never. So it always has
 * more entries than waits for locks begin on one CPU before we see the first. */
#define ENTRIES_WITH_KERNEL 64

static void fill_up(struct queue *queue)
{
	while (queue->with_kernel < ENTRIES_WITH_KERNEL) {
		struct entry *entry = entry_new(queue);

		if (entry == NULL) {
			log_error("io_uring: out of memory");
			return;
		}
		give_to_kernel(entry, COMMAND_REGISTER);
	}
}

/* ---- answers ---- */

static void wake(struct server *server)
{
	const uint64_t one = 1;

	if (write(server->waker, &one, sizeof(one)) < 0)
		log_error("io_uring: cannot wake a thread: %s", strerror(errno));
}

static void hand_over(struct entry *entry)
{
	struct server *server = entry->queue->server;

	pthread_mutex_lock(&server->lock);
	entry->next_answered = server->answered;
	server->answered = entry;
	pthread_mutex_unlock(&server->lock);
	wake(server);
}

static ssize_t answer(struct entry *entry, const struct iovec *iov, int count)
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
		memcpy(payload_of(entry) + size, iov[i].iov_base, iov[i].iov_len);
		size += iov[i].iov_len;
	}
	header->entry.payload_size = (uint32_t)size;
	if (entry == serving)
		give_to_kernel(entry, COMMAND_ANSWER);
	else if (atomic_load(&entry->queue->server->uring->stage) == SERVING)
		hand_over(entry);
	else
		return errno = ENOENT, -1;
	return (ssize_t)(sizeof(header->out) + size);
}

/* ---- serving ---- */

/* Where the request begins, in one piece with the payload; 0 if it is none. */
static size_t request_size(const struct header *header)
{
	const size_t least = sizeof(header->in) + header->entry.payload_size;

	if (header->in.len < least || header->in.len - least > sizeof(header->op))
		return 0;
	return header->in.len;
}

static void serve_request(struct entry *entry)
{
	struct header *header = entry->header;
	const size_t size = request_size(header);
	const size_t head = size - header->entry.payload_size;
	char *request = payload_of(entry) - head;
	struct fuse_buf buf = { .mem = request, .size = size };

	if (size == 0) {
		header->out =
			(struct fuse_out_header){ .error = -EIO, .unique = header->in.unique };
		header->entry.payload_size = 0;
		give_to_kernel(entry, COMMAND_ANSWER);
		return;
	}
	memcpy(request, &header->in, sizeof(header->in));
	memcpy(request + sizeof(header->in), header->op, head - sizeof(header->in));
	atomic_store_explicit(&entry->unique, header->in.unique, memory_order_relaxed);
	serving = entry;
	fuse_session_process_buf(entry->queue->server->uring->session, &buf);
	serving = NULL;
}

/* An entry comes back: with a request, or because the connection ends. */
static void take_back(struct entry *entry, int result)
{
	struct queue *queue = entry->queue;

	queue->with_kernel--;
	if (result == -EAGAIN || result == -EINTR) {
		give_to_kernel(entry, entry->operation);
		return;
	}
	if (result < 0) {
		if (result != -ENOTCONN && result != -ECONNABORTED && result != -ECANCELED)
			log_error("io_uring: queue %u: %s", queue->number, strerror(-result));
		return;
	}
	serve_request(entry);
	/* It may be waiting for a lock: others of this CPU must not wait with it. */
	fill_up(queue);
}

static void await_wake(struct server *server)
{
	struct io_uring_sqe *sqe = ring_next(&server->ring);

	sqe->opcode = IORING_OP_READ;
	sqe->fd = server->waker;
	sqe->addr = (uintptr_t)&server->woken;
	sqe->len = sizeof(server->woken);
}

static void take_answered(struct server *server)
{
	struct entry *entry, *next;

	pthread_mutex_lock(&server->lock);
	entry = server->answered;
	server->answered = NULL;
	pthread_mutex_unlock(&server->lock);
	for (; entry != NULL; entry = next) {
		next = entry->next_answered;
		give_to_kernel(entry, COMMAND_ANSWER);
	}
	await_wake(server);
}

static void serve(struct server *server)
{
	struct ring_event event;
	int error = 0;

	while (atomic_load(&server->uring->stage) == SERVING) {
		error = ring_wait(&server->ring);
		if (error < 0 && error != -EINTR && error != -EBUSY && error != -EAGAIN)
			break;
		while (ring_take(&server->ring, &event)) {
			if (event.data != NULL)
				take_back(event.data, event.result);
			else
				take_answered(server);
		}
	}
	if (atomic_load(&server->uring->stage) == SERVING) {
		log_error("io_uring: %s", strerror(-error));
		fuse_session_exit(server->uring->session);
	}
}

/* ---- a server's life ---- */

static void stay_on_cpu(const struct server *server)
{
	cpu_set_t cpus;

	if (server->cpu < 0)
		return;
	CPU_ZERO(&cpus);
	CPU_SET((size_t)server->cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* Its ring, and all that it registers once the kernel has the answer to INIT. */
static int prepare(struct server *server)
{
	struct uring *uring = server->uring;
	int error = ring_open(&server->ring, uring->device);

	if (error < 0)
		return error;
	for (size_t i = 0; i < uring->n_queues && error == 0; i++) {
		struct queue *queue = &uring->queues[i];

		if (queue->server != server)
			continue;
		queue->first = entry_new(queue);
		if (queue->first == NULL)
			error = -ENOMEM;
	}
	return error;
}

static void begin(struct server *server)
{
	struct uring *uring = server->uring;

	await_wake(server);
	for (size_t i = 0; i < uring->n_queues; i++)
		if (uring->queues[i].server == server)
			give_to_kernel(uring->queues[i].first, COMMAND_REGISTER);
	for (size_t i = 0; i < uring->n_queues; i++)
		if (uring->queues[i].server == server)
			fill_up(&uring->queues[i]);
}

static enum stage report(struct uring *uring, int error)
{
	pthread_mutex_lock(&uring->lock);
	if (error < 0)
		uring->error = error;
	uring->prepared++;
	pthread_cond_broadcast(&uring->changed);
	while (uring->stage == PREPARING)
		pthread_cond_wait(&uring->changed, &uring->lock);
	pthread_mutex_unlock(&uring->lock);
	return uring->stage;
}

static void *server_run(void *arg)
{
	struct server *server = arg;
	char name[16];

	snprintf(name, sizeof(name), "uring-%d", server->cpu);
	pthread_setname_np(pthread_self(), name);
	stay_on_cpu(server);
	if (report(server->uring, prepare(server)) == SERVING) {
		begin(server);
		serve(server);
	}
	ring_close(&server->ring);
	return NULL;
}

/* These signals are for the main thread, which waits for them. Others are left:
 * a wait for a lock gets its thread from here, and a signal ends it. */
static int server_start(struct server *server)
{
	sigset_t ends, old;
	int error;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGQUIT);
	pthread_sigmask(SIG_BLOCK, &ends, &old);
	error = pthread_create(&server->thread, NULL, server_run, server);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	server->started = error == 0;
	return -error;
}

/* ---- all of them ---- */

/* The kernel has as many queues as there may ever be CPUs. */
static size_t possible_cpus(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/possible", "re");
	unsigned first, last;
	size_t count = 0;
	int found;

	while (file != NULL && (found = fscanf(file, "%u-%u", &first, &last)) > 0) {
		count += found == 2 ? last - first + 1 : 1;
		if (fgetc(file) != ',')
			break;
	}
	if (file != NULL)
		fclose(file);
	return count > 0 ? count : (size_t)get_nprocs_conf();
}

static int server_init(struct server *server, struct uring *uring, int cpu)
{
	*server = (struct server){ .uring = uring,
				   .cpu = cpu,
				   .ring = { .fd = -1 },
				   .waker = eventfd(0, EFD_CLOEXEC),
				   .lock = PTHREAD_MUTEX_INITIALIZER };
	return server->waker < 0 ? -errno : 0;
}

/* A server for each CPU that the daemon may use. */
static int make_servers(struct uring *uring)
{
	cpu_set_t cpus;
	int error = 0;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return -errno;
	uring->servers = calloc((size_t)CPU_COUNT(&cpus), sizeof(*uring->servers));
	if (uring->servers == NULL)
		return -ENOMEM;
	for (int cpu = 0; cpu < CPU_SETSIZE && error == 0; cpu++)
		if (CPU_ISSET((size_t)cpu, &cpus))
			error = server_init(&uring->servers[uring->n_servers++], uring, cpu);
	return error;
}

/* Queues of other CPUs are shared out among the servers. */
static struct server *server_for(struct uring *uring, size_t cpu)
{
	for (size_t i = 0; i < uring->n_servers; i++)
		if ((size_t)uring->servers[i].cpu == cpu)
			return &uring->servers[i];
	return &uring->servers[cpu % uring->n_servers];
}

static int make_queues(struct uring *uring)
{
	uring->n_queues = possible_cpus();
	uring->queues = calloc(uring->n_queues, sizeof(*uring->queues));
	if (uring->queues == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < uring->n_queues; i++)
		uring->queues[i] =
			(struct queue){ .server = server_for(uring, i), .number = (uint16_t)i };
	return 0;
}

static int start_servers(struct uring *uring)
{
	size_t started = 0;
	int error = make_servers(uring);

	if (error == 0)
		error = make_queues(uring);
	while (error == 0 && started < uring->n_servers) {
		error = server_start(&uring->servers[started]);
		started += error == 0;
	}
	pthread_mutex_lock(&uring->lock);
	while (uring->prepared < started)
		pthread_cond_wait(&uring->changed, &uring->lock);
	if (error == 0)
		error = uring->error;
	pthread_mutex_unlock(&uring->lock);
	return error;
}

static void set_stage(struct uring *uring, enum stage stage)
{
	pthread_mutex_lock(&uring->lock);
	uring->stage = stage;
	pthread_cond_broadcast(&uring->changed);
	pthread_mutex_unlock(&uring->lock);
}

static const char *fault_of(int error)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		return "io_uring is not allowed here: see sysctl kernel.io_uring_disabled, and "
		       "the container's seccomp profile";
	case -ENOSYS:
		return "the kernel has no io_uring, or a container's seccomp profile hides it";
	default:
		return strerror(-error);
	}
}

/* ---- between libfuse and the kernel ---- */

/* The answer to INIT agrees to the transport; so everything must be ready. */
static bool agree(struct uring *uring, const struct fuse_out_header *header,
		  struct fuse_init_out *init)
{
	const size_t least = 2 * page_size();
	int error;

	if (!uring->offered || header->error != 0)
		return false;
	uring->payload_size = init->max_write > least ? init->max_write : least;
	error = start_servers(uring);
	if (error < 0) {
		uring->fault = fault_of(error);
		uring_stop(uring);
		return false;
	}
	init->flags2 |= OVER_IO_URING;
	return true;
}

static ssize_t answer_init(struct uring *uring, int fd, struct iovec *iov, int count)
{
	const bool agreed = count > 1 && iov[1].iov_len >= sizeof(struct fuse_init_out) &&
			    agree(uring, iov[0].iov_base, iov[1].iov_base);
	ssize_t result;

	uring->greeted = true;
	iov[0].iov_len = sizeof(struct fuse_out_header);
	result = writev(fd, iov, count);
	if (agreed && result > 0) {
		uring->fault = NULL;
		set_stage(uring, SERVING);
	}
	return result;
}

static ssize_t write_answer(int fd, struct iovec *iov, int count, void *userdata)
{
	struct uring *uring = ((struct fs *)userdata)->uring;
	const struct fuse_out_header *header = iov[0].iov_base;
	struct entry *entry = NULL;

	if (!uring->greeted && header->unique == uring->greeting)
		return answer_init(uring, fd, iov, count);
	if (header->unique != 0 && atomic_load(&uring->stage) != PREPARING)
		entry = entry_of(uring, header->unique);
	return entry != NULL ? answer(entry, iov, count) : writev(fd, iov, count);
}

static void note_init(struct uring *uring, const void *buf, size_t size)
{
	const struct fuse_in_header *header = buf;
	const struct fuse_init_in *init = (const void *)(header + 1);

	if (size < sizeof(*header) + sizeof(*init) || header->opcode != FUSE_INIT)
		return;
	uring->greeting = header->unique;
	uring->offered = (init->flags & FUSE_INIT_EXT) && (init->flags2 & OVER_IO_URING);
}

static ssize_t read_request(int fd, void *buf, size_t size, void *userdata)
{
	struct uring *uring = ((struct fs *)userdata)->uring;
	const ssize_t count = device_read(fd, buf, size, userdata);

	if (!uring->greeted && count > 0)
		note_init(uring, buf, (size_t)count);
	return count;
}

/* ---- its life ---- */

/* Why the kernel would not offer it. */
static const char *kernel_fault(void)
{
	FILE *parameter = fopen("/sys/module/fuse/parameters/enable_uring", "re");
	int value = EOF;

	if (parameter != NULL) {
		value = fgetc(parameter);
		fclose(parameter);
	}
	if (value == EOF)
		return "the kernel has no FUSE over io_uring (Linux 6.14 brings it)";
	return "the kernel has it switched off: echo Y >/sys/module/fuse/parameters/enable_uring, "
	       "or boot with fuse.enable_uring=Y";
}

struct uring *uring_attach(struct fuse_session *session)
{
	static const struct fuse_custom_io io = { .writev = write_answer, .read = read_request };
	struct uring *uring = calloc(1, sizeof(*uring));
	char said[256];
	int error;

	if (uring == NULL)
		return NULL;
	*uring = (struct uring){ .session = session,
				 .device = fuse_session_fd(session),
				 .fault = kernel_fault(),
				 .lock = PTHREAD_MUTEX_INITIALIZER,
				 .changed = PTHREAD_COND_INITIALIZER };
	log_keep(said, sizeof(said));
	error = fuse_session_custom_io(session, &io, sizeof(io), uring->device);
	log_keep(NULL, 0);
	if (error < 0)
		uring->fault = "libfuse is built without -Denable-custom-io=true";
	return uring;
}

const char *uring_fault(const struct uring *uring)
{
	return uring == NULL ? "out of memory" : uring->fault;
}

void uring_stop(struct uring *uring)
{
	if (uring == NULL)
		return;
	set_stage(uring, STOPPING);
	for (size_t i = 0; i < uring->n_servers; i++) {
		struct server *server = &uring->servers[i];

		if (!server->started)
			continue;
		wake(server);
		pthread_join(server->thread, NULL);
		server->started = false;
	}
}

static void entries_free(struct uring *uring)
{
	while (uring->entries != NULL) {
		struct entry *entry = uring->entries;

		uring->entries = entry->next;
		munmap(entry->header, page_size() + uring->payload_size);
		free(entry);
	}
}

void uring_free(struct uring *uring)
{
	if (uring == NULL)
		return;
	entries_free(uring);
	for (size_t i = 0; i < uring->n_servers; i++)
		if (uring->servers[i].waker >= 0)
			close(uring->servers[i].waker);
	free(uring->servers);
	free(uring->queues);
	free(uring);
}
