/* SPDX-License-Identifier: MIT */
#include "hold.h"

#include "deadline.h"

#include "posix_shm.h"

#include <string.h>

/* Far longer than a call takes, and soon enough to give memory back. */
#define HOLD_TIME_NS 1000000000

void holds_init(struct holds *holds)
{
	*holds = (struct holds){ .lock = PTHREAD_MUTEX_INITIALIZER };
	deadline_init(&holds->changed);
}

/* Takes the held handles out, to be released without the lock. */
static void locked_take(struct holds *holds, struct handle *taken[HOLD_COUNT])
{
	memcpy(taken, holds->ring, sizeof(holds->ring));
	memset(holds->ring, 0, sizeof(holds->ring));
}

static void release(struct handle *taken[HOLD_COUNT])
{
	for (unsigned i = 0; i < HOLD_COUNT; i++)
		if (taken[i] != NULL)
			handle_release(taken[i]);
}

static bool locked_is_time(const struct holds *holds)
{
	return holds->stop || deadline_is_over(holds->until);
}

static void locked_wait(struct holds *holds)
{
	while (!locked_is_time(holds))
		deadline_wait(&holds->changed, &holds->lock, holds->until);
}

/* While it lets go, another second may begin, and count on this thread. */
static void *let_go_in_time(void *arg)
{
	struct holds *holds = arg;
	struct handle *taken[HOLD_COUNT];

	pthread_setname_np(pthread_self(), "holds");
	pthread_mutex_lock(&holds->lock);
	do {
		locked_wait(holds);
		atomic_store(&holds->active, false);
		locked_take(holds, taken);
		pthread_mutex_unlock(&holds->lock);
		release(taken);
		pthread_mutex_lock(&holds->lock);
	} while (!locked_is_time(holds));
	holds->running = false;
	pthread_cond_broadcast(&holds->changed);
	pthread_mutex_unlock(&holds->lock);
	return NULL;
}

static bool start_thread(struct holds *holds)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, let_go_in_time, holds) != 0)
		return false;
	pthread_detach(thread);
	return true;
}

void holds_begin(struct holds *holds)
{
	pthread_mutex_lock(&holds->lock);
	holds->until = deadline_in(HOLD_TIME_NS);
	if (!holds->running && !holds->stop)
		holds->running = start_thread(holds);
	atomic_store(&holds->active, holds->running);
	pthread_mutex_unlock(&holds->lock);
}

void holds_add(struct holds *holds, struct node *node, int fd)
{
	struct handle *handle = handle_new(node, fd);
	struct handle *old = handle;

	if (handle == NULL) {
		pshm_close(fd);
		return;
	}
	pthread_mutex_lock(&holds->lock);
	if (holds_wanted(holds)) {
		old = holds->ring[holds->next];
		holds->ring[holds->next] = handle;
		holds->next = (holds->next + 1) % HOLD_COUNT;
	}
	pthread_mutex_unlock(&holds->lock);
	if (old != NULL)
		handle_release(old);
}

void holds_free(struct holds *holds)
{
	pthread_mutex_lock(&holds->lock);
	holds->stop = true;
	pthread_cond_broadcast(&holds->changed);
	while (holds->running)
		pthread_cond_wait(&holds->changed, &holds->lock);
	pthread_mutex_unlock(&holds->lock);
	pthread_cond_destroy(&holds->changed);
	pthread_mutex_destroy(&holds->lock);
}
