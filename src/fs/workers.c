/* SPDX-License-Identifier: MIT */
#include "workers.h"

#include "device.h"
#include "give_back.h"

#include <errno.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WORKERS_MAX 10

struct worker {
	struct workers *workers;
	pthread_t thread;
	char *memory;		 /* of the buffer */
	struct fuse_buf request; /* here: sanitizers know nothing of a cancelled thread's stack */
};

struct workers {
	struct fs *fs;
	size_t page, request_size;
	int over;	  /* eventfd: a worker has ended */
	sigset_t signals; /* as they were blocked before */

	pthread_mutex_t lock; /* guards all below */
	unsigned count, idle;
	bool ending, ended; /* they shall end; one has */
	int error;
	struct worker list[WORKERS_MAX];
};

/* ---- one of them ---- */

/* So that what is written begins with a page. */
static char *buffer_of(const struct worker *worker)
{
	return worker->memory + worker->workers->page - sizeof(struct fuse_in_header) -
	       sizeof(struct fuse_write_in);
}

static char *new_buffer(const struct workers *workers)
{
	const size_t page = workers->page;
	const size_t pages = (workers->request_size + page - 1) / page;

	return aligned_alloc(page, page + pages * page);
}

/* Can be cancelled while it waits. The size of the request; 0: the session is
 * over. ENOENT: the request was interrupted before it was read. */
static ssize_t receive(const struct worker *worker)
{
	struct fs *fs = worker->workers->fs;
	const int fd = fuse_session_fd(fs->session);
	ssize_t size;

	do {
		if (fuse_session_exited(fs->session))
			return 0;
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
		size = device_read(fd, buffer_of(worker), worker->workers->request_size, fs);
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	} while (size < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT));
	if (size < 0)
		return errno == ENODEV ? 0 : -errno;
	return size;
}

static void end_session(struct workers *workers, int error)
{
	static const uint64_t one = 1;
	ssize_t ignored;

	pthread_mutex_lock(&workers->lock);
	/* After a signal all of them end. */
	workers->ended |= !fuse_session_exited(workers->fs->session);
	if (workers->error == 0)
		workers->error = error;
	pthread_mutex_unlock(&workers->lock);
	fuse_session_exit(workers->fs->session);
	ignored = write(workers->over, &one, sizeof(one));
	(void)ignored;
}

static int locked_add(struct workers *workers);

static void begin(struct workers *workers)
{
	pthread_mutex_lock(&workers->lock);
	/* Without another the request waits a little longer. */
	if (--workers->idle == 0 && !workers->ending)
		locked_add(workers);
	pthread_mutex_unlock(&workers->lock);
}

static void end(struct workers *workers)
{
	pthread_mutex_lock(&workers->lock);
	workers->idle++;
	pthread_mutex_unlock(&workers->lock);
}

/* With -d it is libfuse that shows all of them. */
static void serve(struct fs *fs, const struct fuse_buf *request)
{
	if (fs->options->debug || !give_back(fs, request->mem))
		fuse_session_process_buf(fs->session, request);
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	ssize_t size;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_setname_np(pthread_self(), "fuse-worker");
	while ((size = receive(worker)) > 0) {
		worker->request =
			(struct fuse_buf){ .mem = buffer_of(worker), .size = (size_t)size };
		begin(worker->workers);
		serve(worker->workers->fs, &worker->request);
		end(worker->workers);
	}
	end_session(worker->workers, (int)size);
	return NULL;
}

/* ---- all of them ---- */

static int locked_add(struct workers *workers)
{
	struct worker *worker = &workers->list[workers->count];
	int error;

	if (workers->count == WORKERS_MAX)
		return -EAGAIN;
	*worker = (struct worker){ .workers = workers, .memory = new_buffer(workers) };
	if (worker->memory == NULL)
		return -ENOMEM;
	error = pthread_create(&worker->thread, NULL, run, worker);
	if (error != 0) {
		free(worker->memory);
		return -error;
	}
	workers->count++;
	workers->idle++;
	return 0;
}

static int start(struct workers *workers)
{
	int error;

	if (workers->over < 0)
		return -errno;
	pthread_mutex_lock(&workers->lock);
	error = locked_add(workers);
	pthread_mutex_unlock(&workers->lock);
	return error;
}

static void block_signals(sigset_t *before)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, before);
}

struct workers *workers_start(struct fs *fs)
{
	struct workers *workers = malloc(sizeof(*workers));
	int error;

	if (workers == NULL)
		return NULL;
	*workers = (struct workers){ .fs = fs,
				     .page = (size_t)sysconf(_SC_PAGESIZE),
				     .request_size = fs->max_write + FUSE_MIN_READ_BUFFER,
				     .over = eventfd(0, EFD_CLOEXEC),
				     .lock = PTHREAD_MUTEX_INITIALIZER };
	block_signals(&workers->signals);
	error = start(workers);
	if (error == 0)
		return workers;
	workers_free(workers);
	errno = -error;
	return NULL;
}

/* Signals come here alone, and only while it waits: none is missed. */
int workers_serve(struct workers *workers)
{
	struct pollfd over = { .fd = workers->over, .events = POLLIN };
	int result;

	while (!fuse_session_exited(workers->fs->session))
		ppoll(&over, 1, NULL, &workers->signals);
	pthread_mutex_lock(&workers->lock);
	result = workers->ended ? workers->error : 1;
	pthread_mutex_unlock(&workers->lock);
	return result;
}

void workers_free(struct workers *workers)
{
	if (workers == NULL)
		return;
	pthread_mutex_lock(&workers->lock);
	workers->ending = true;
	for (unsigned i = 0; i < workers->count; i++)
		pthread_cancel(workers->list[i].thread);
	pthread_mutex_unlock(&workers->lock);
	for (unsigned i = 0; i < workers->count; i++) {
		pthread_join(workers->list[i].thread, NULL);
		free(workers->list[i].memory);
	}
	if (workers->over >= 0)
		close(workers->over);
	pthread_mutex_destroy(&workers->lock);
	free(workers);
}
