/* SPDX-License-Identifier: MIT */
#include "uring.h"

#include "counters.h"
#include "device.h"
#include "fs.h"
#include "log.h"
#include "uring_parts.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/* linux/fuse.h since 6.14; older headers than the kernel are usual. */
#define OVER_IO_URING (UINT32_C(1) << (41 - 32)) /* in flags2 */

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
	const size_t least = 2 * uring_page_size();
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

	counters_answer(((struct fs *)userdata)->counters, header);
	if (!uring->greeted && header->unique == uring->greeting)
		return answer_init(uring, fd, iov, count);
	if (header->unique != 0 && atomic_load(&uring->stage) != PREPARING)
		entry = entry_of(uring, header->unique);
	return entry != NULL ? entry_answer(entry, iov, count)
			     : device_write(fd, iov, count, userdata);
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

struct uring *uring_attach(struct fuse_session *session, struct counters *counters)
{
	static const struct fuse_custom_io io = { .writev = write_answer, .read = read_request };
	struct uring *uring = calloc(1, sizeof(*uring));
	char said[256];
	int error;

	if (uring == NULL)
		return NULL;
	*uring = (struct uring){ .session = session,
				 .counters = counters,
				 .device = fuse_session_fd(session),
				 .fault = kernel_fault(),
				 .lock = PTHREAD_MUTEX_INITIALIZER,
				 .changed = PTHREAD_COND_INITIALIZER };
	log_keep(said, sizeof(said));
	error = fuse_session_custom_io(session, &io, sizeof(io), uring->device);
	log_keep(NULL, 0);
	if (error == 0)
		counters_attach(counters);
	else
		uring->fault = error == -ENOMEM
				       ? "out of memory"
				       : "libfuse is built without -Denable-custom-io=true";
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
		server_wake(server);
		pthread_join(server->thread, NULL);
		server->started = false;
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
