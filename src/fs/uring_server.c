/* SPDX-License-Identifier: MIT */
#include "uring_parts.h"

#include "log.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void server_wake(struct server *server)
{
	const uint64_t one = 1;

	if (write(server->waker, &one, sizeof(one)) < 0)
		log_error("io_uring: cannot wake a thread: %s", strerror(errno));
}

/* ---- serving ---- */

/* An entry comes back: with a request, or because the connection ends. */
static void take_back(struct entry *entry, int result)
{
	struct queue *queue = entry->queue;
	uint64_t nodeid;

	queue->with_kernel--;
	if (result == -EAGAIN || result == -EINTR) {
		entry_give(entry, entry->operation);
		return;
	}
	if (result < 0) {
		if (result != -ENOTCONN && result != -ECONNABORTED && result != -ECANCELED)
			log_error("io_uring: queue %u: %s", queue->number, strerror(-result));
		return;
	}
	nodeid = entry->header->in.nodeid;
	entry_serve(entry);
	/* If it waits for a lock, others of this CPU must not wait with it. */
	if (queue->with_kernel == 0 && queue_can_kick(queue))
		queue->server->kick_with = nodeid;
	queue_fill(queue);
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
		entry_give(entry, COMMAND_ANSWER);
	}
	await_wake(server);
}

static void kick(struct server *server)
{
	const uint64_t nodeid = server->kick_with;

	if (nodeid == 0)
		return;
	server->kick_with = 0;
	ring_submit(&server->ring);
	queue_kick(&server->uring->queues[server->cpu], nodeid);
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
		kick(server);
	}
	if (atomic_load(&server->uring->stage) == SERVING) {
		log_error("io_uring: %s", strerror(-error));
		/* The main thread waits for one. No process can be killed any more. */
		syscall(SYS_tgkill, getpid(), getpid(), SIGTERM);
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
			entry_give(uring->queues[i].first, COMMAND_REGISTER);
	for (size_t i = 0; i < uring->n_queues; i++)
		if (uring->queues[i].server == server)
			queue_fill(&uring->queues[i]);
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
int server_start(struct server *server)
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
