/* SPDX-License-Identifier: MIT */
#include "locks.h"

#include "deadline.h"
#include "descriptor.h"
#include "handover.h"
#include "tree.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Waits do little on their stacks, and there may be many. */
#define WAIT_STACK (64 * 1024)

struct lock_owner {
	uint64_t id;
	int fd;
	pid_t pid; /* of the process, where it has record locks */
	unsigned refs;
	bool gone;		     /* not in its node's list any more */
	const struct handle *handle; /* through which it came */
	struct lock_owner *next;
};

struct lock_wait {
	struct locks *locks;
	struct lock_owner *owner;
	struct lock_request request;
	struct lock_waiter waiter;
	pthread_t thread;
	bool stop, over;
	struct lock_wait *next;
};

struct locks {
	pthread_mutex_t lock;	/* guards the lists, and each node's owners */
	pthread_cond_t changed; /* a wait is over, or gone */
	struct lock_wait *waits;
	struct handover *handover; /* constant */
};

static void ignore_signal(int signal)
{
	(void)signal;
}

struct locks *locks_new(struct handover *handover)
{
	/* Without SA_RESTART: it is to break the wait in fcntl(2) or flock(2). */
	const struct sigaction action = { .sa_handler = ignore_signal };
	struct locks *locks = calloc(1, sizeof(*locks));

	if (locks == NULL)
		return NULL;
	pthread_mutex_init(&locks->lock, NULL);
	deadline_init(&locks->changed);
	locks->handover = handover;
	sigaction(SIGUSR2, &action, NULL);
	return locks;
}

/* ---- owners ---- */

static struct lock_owner *locked_find(struct handle *handle, uint64_t id)
{
	struct lock_owner *owner = handle->node->owners;

	while (owner != NULL && owner->id != id)
		owner = owner->next;
	return owner;
}

/* The kernel has checked that the caller's file allows the kind of lock: ours
 * need only allow each, as far as the daemon may open it so. */
static int open_for_locks(const struct handle *handle)
{
	int fd = tree_reopen(handle->fd, O_RDWR);

	return fd >= 0 ? fd : tree_reopen(handle->fd, fcntl(handle->fd, F_GETFL) & O_ACCMODE);
}

/* Takes the descriptor over, unless there is no memory. */
static struct lock_owner *locked_add(struct handle *handle, uint64_t id, pid_t pid, int fd)
{
	struct lock_owner *owner = calloc(1, sizeof(*owner));

	if (owner == NULL)
		return NULL;
	*owner = (struct lock_owner){ .id = id,
				      .fd = fd,
				      .pid = pid,
				      .refs = 1,
				      .handle = handle,
				      .next = handle->node->owners };
	handle->node->owners = owner;
	return owner;
}

/* Before there is a lock: a process that takes over finds each that there is. */
static void locked_record(struct locks *locks, const struct lock_request *request, int fd)
{
	const int handle = request->handle->fd;
	const struct record *through = &locks->handover->records[handle];
	struct record *record = handover_record(locks->handover, fd);

	/* Somebody else has raised our limit of descriptors. */
	if (record == NULL)
		return;
	record->node = request->handle->node->id;
	record->request = 0;
	record->owner = request->owner;
	record->through = (uint64_t)through->serial << 32 | (uint32_t)handle;
	record->pid = request->range.l_pid;
	atomic_store(&record->kind, RECORD_LOCKS);
}

static void locked_strike(struct locks *locks, const struct lock_owner *owner)
{
	struct record *record = handover_record(locks->handover, owner->fd);

	if (record != NULL)
		atomic_store(&record->kind, RECORD_NONE);
}

static struct lock_owner *owner_find(struct locks *locks, struct handle *handle, uint64_t id)
{
	struct lock_owner *owner;

	pthread_mutex_lock(&locks->lock);
	owner = locked_find(handle, id);
	if (owner != NULL)
		owner->refs++;
	pthread_mutex_unlock(&locks->lock);
	return owner;
}

/* Neither fcntl(2) nor flock(2) knows of descriptors that lack. */
static int no_more_locks(int error)
{
	return error == -EMFILE || error == -ENFILE ? -ENOLCK : error;
}

/* The request's owner, made if need be, with a reference for the caller. */
static int owner_get(struct locks *locks, const struct lock_request *request,
		     struct lock_owner **owner)
{
	int fd;

	*owner = owner_find(locks, request->handle, request->owner);
	if (*owner != NULL)
		return 0;
	fd = open_for_locks(request->handle);
	if (fd < 0)
		return no_more_locks(fd);
	if (descriptor_check(fd, FOR_LISTING) < 0) {
		close(fd);
		return -ENOLCK;
	}
	pthread_mutex_lock(&locks->lock);
	*owner = locked_find(request->handle, request->owner);
	if (*owner == NULL) {
		*owner = locked_add(request->handle, request->owner, request->range.l_pid, fd);
		if (*owner != NULL) {
			locked_record(locks, request, fd);
			fd = -1;
		}
	}
	if (*owner != NULL)
		(*owner)->refs++;
	pthread_mutex_unlock(&locks->lock);
	if (fd >= 0)
		close(fd);
	return *owner != NULL ? 0 : -ENOMEM;
}

static void locked_put(struct lock_owner *owner)
{
	if (--owner->refs > 0)
		return;
	close(owner->fd);
	free(owner);
}

static void owner_put(struct locks *locks, struct lock_owner *owner)
{
	pthread_mutex_lock(&locks->lock);
	locked_put(owner);
	pthread_mutex_unlock(&locks->lock);
}

/* Takes an owner out of its node's list. Its locks go with the last reference,
 * but for those of a wait: they go now. */
static void locked_remove(struct locks *locks, struct lock_owner **at)
{
	struct lock_owner *owner = *at;
	const struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	locked_strike(locks, owner);
	*at = owner->next;
	owner->gone = true;
	if (owner->refs > 1) {
		fcntl(owner->fd, F_OFD_SETLK, &all);
		flock(owner->fd, LOCK_UN);
	}
	locked_put(owner);
}

void locks_flush(struct locks *locks, struct handle *handle, uint64_t owner)
{
	struct lock_owner **at = &handle->node->owners;

	pthread_mutex_lock(&locks->lock);
	while (*at != NULL && (*at)->id != owner)
		at = &(*at)->next;
	if (*at != NULL)
		locked_remove(locks, at);
	pthread_mutex_unlock(&locks->lock);
}

void locks_release(struct locks *locks, struct handle *handle)
{
	struct lock_owner **at = &handle->node->owners;

	pthread_mutex_lock(&locks->lock);
	while (*at != NULL) {
		if ((*at)->handle == handle)
			locked_remove(locks, at);
		else
			at = &(*at)->next;
	}
	pthread_mutex_unlock(&locks->lock);
}

/* ---- setting and getting ---- */

static int apply(int fd, const struct lock_request *request, bool wait)
{
	struct flock range = request->range;
	int result;

	range.l_pid = 0; /* man 2 fcntl: else EINVAL */
	if (request->op != 0)
		result = flock(fd, request->op | (wait ? 0 : LOCK_NB));
	else
		result = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &range);
	return result < 0 ? -errno : 0;
}

static bool is_unlock(const struct lock_request *request)
{
	return request->op != 0 ? request->op == LOCK_UN : request->range.l_type == F_UNLCK;
}

int locks_set(struct locks *locks, const struct lock_request *request)
{
	struct lock_owner *owner;
	int error = 0;

	if (is_unlock(request))
		owner = owner_find(locks, request->handle, request->owner);
	else
		error = owner_get(locks, request, &owner);
	if (error < 0 || owner == NULL)
		return error;
	error = apply(owner->fd, request, false);
	owner_put(locks, owner);
	return error == -EACCES ? -EAGAIN : error;
}

static struct lock_request opposite(const struct lock_request *request)
{
	struct lock_request undo = *request;

	undo.range.l_type = F_UNLCK;
	if (undo.op != 0)
		undo.op = LOCK_UN;
	return undo;
}

void locks_unset(struct locks *locks, const struct lock_request *request)
{
	const struct lock_request undo = opposite(request);

	locks_set(locks, &undo);
}

/* The process that has the lock, which to the kernel is one of the daemon's: its
 * owner alone sees nothing in the way of a lock on the same range. */
static pid_t holder_of(struct locks *locks, struct node *node, const struct flock *lock)
{
	pid_t pid = -1;

	pthread_mutex_lock(&locks->lock);
	for (struct lock_owner *owner = node->owners; owner != NULL; owner = owner->next) {
		struct flock query = *lock;

		query.l_type = F_WRLCK;
		query.l_pid = 0;
		if (fcntl(owner->fd, F_OFD_GETLK, &query) == 0 && query.l_type == F_UNLCK)
			pid = owner->pid;
	}
	pthread_mutex_unlock(&locks->lock);
	return pid;
}

int locks_get(struct locks *locks, struct lock_request *request)
{
	struct lock_owner *owner = owner_find(locks, request->handle, request->owner);
	/* Who has no locks sees those of all others by any descriptor without locks. */
	const int fd = owner != NULL ? owner->fd : request->handle->fd;
	struct flock *range = &request->range;
	int error = 0;

	range->l_pid = 0;
	if (fcntl(fd, F_OFD_GETLK, range) < 0)
		error = -errno;
	if (owner != NULL)
		owner_put(locks, owner);
	if (error == 0 && range->l_type != F_UNLCK && range->l_pid == -1)
		range->l_pid = holder_of(locks, request->handle->node, range);
	return error;
}

/* ---- waiting ---- */

static void wait_end(struct lock_wait *wait)
{
	struct locks *locks = wait->locks;
	struct lock_wait **at = &locks->waits;

	pthread_mutex_lock(&locks->lock);
	while (*at != wait)
		at = &(*at)->next;
	*at = wait->next;
	locked_put(wait->owner);
	pthread_cond_broadcast(&locks->changed);
	pthread_mutex_unlock(&locks->lock);
	free(wait);
}

static bool must_stop(struct lock_wait *wait)
{
	bool stop;

	pthread_mutex_lock(&wait->locks->lock);
	stop = wait->stop;
	pthread_mutex_unlock(&wait->locks->lock);
	return stop;
}

/* Nobody heard of it. The file may be closed by now, and its handle gone. */
static void take_back(const struct lock_wait *wait)
{
	const struct lock_request undo = opposite(&wait->request);

	apply(wait->owner->fd, &undo, false);
}

static void *wait_run(void *arg)
{
	struct lock_wait *wait = arg;
	int error = -EINTR;

	pthread_setname_np(pthread_self(), "lock-wait");
	wait->waiter.started(wait, wait->waiter.arg);
	while (error == -EINTR && !must_stop(wait))
		error = apply(wait->owner->fd, &wait->request, true);

	pthread_mutex_lock(&wait->locks->lock);
	wait->over = true;
	/* Closed while it waited: nobody would ever let go of the lock. */
	if (error == 0 && wait->owner->gone)
		error = -EBADF;
	pthread_cond_broadcast(&wait->locks->changed);
	pthread_mutex_unlock(&wait->locks->lock);

	if (!wait->waiter.done(error, wait->waiter.arg) && error == 0)
		take_back(wait);
	wait_end(wait);
	return NULL;
}

static int start(struct lock_wait *wait)
{
	pthread_attr_t attr;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, WAIT_STACK);
	error = pthread_create(&wait->thread, &attr, wait_run, wait);
	pthread_attr_destroy(&attr);
	/* Not EAGAIN, which would tell that somebody else has the lock. */
	return error == 0 ? 0 : -ENOLCK;
}

int locks_wait(struct locks *locks, const struct lock_request *request,
	       const struct lock_waiter *waiter)
{
	struct lock_wait *wait = calloc(1, sizeof(*wait));
	int error;

	if (wait == NULL)
		return -ENOMEM;
	*wait = (struct lock_wait){ .locks = locks, .request = *request, .waiter = *waiter };
	error = owner_get(locks, request, &wait->owner);
	if (error < 0) {
		free(wait);
		return error;
	}
	/* Under the lock, so that thread is set before anybody reads it. */
	pthread_mutex_lock(&locks->lock);
	wait->next = locks->waits;
	locks->waits = wait;
	error = start(wait);
	if (error < 0) {
		locks->waits = wait->next;
		locked_put(wait->owner);
	}
	pthread_mutex_unlock(&locks->lock);
	if (error < 0)
		free(wait);
	return error;
}

/* The signal may come just before the thread begins to wait: again, then. */
static void locked_signal(struct lock_wait *wait)
{
	wait->stop = true;
	if (!wait->over && !pthread_equal(wait->thread, pthread_self()))
		pthread_kill(wait->thread, SIGUSR2);
}

static void locked_sleep(struct locks *locks)
{
	deadline_wait(&locks->changed, &locks->lock, deadline_in(1000000));
}

void lock_wait_interrupt(struct lock_wait *wait)
{
	struct locks *locks = wait->locks;

	pthread_mutex_lock(&locks->lock);
	locked_signal(wait);
	while (!wait->over && !pthread_equal(wait->thread, pthread_self())) {
		locked_sleep(locks);
		locked_signal(wait);
	}
	pthread_mutex_unlock(&locks->lock);
}

void locks_free(struct locks *locks)
{
	pthread_mutex_lock(&locks->lock);
	/* While this thread sleeps, a wait may be over and gone. */
	while (locks->waits != NULL) {
		for (struct lock_wait *wait = locks->waits; wait != NULL; wait = wait->next)
			locked_signal(wait);
		locked_sleep(locks);
	}
	pthread_mutex_unlock(&locks->lock);
	pthread_cond_destroy(&locks->changed);
	pthread_mutex_destroy(&locks->lock);
	free(locks);
}

void lock_owners_free(struct node *node)
{
	while (node->owners != NULL) {
		struct lock_owner *owner = node->owners;

		node->owners = owner->next;
		locked_put(owner);
	}
}

int locks_restore(struct locks *locks, struct handle *handle, int fd)
{
	const struct record *record = &locks->handover->records[fd];

	return locked_add(handle, record->owner, record->pid, fd) != NULL ? 0 : -ENOMEM;
}
