/* SPDX-License-Identifier: MIT */
#include "hold.h"

#include "posix_shm.h"

#include <time.h>

/* Far longer than a call takes, and soon enough to give memory back. */
#define HOLD_TIME_NS 1000000000

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void holds_init(struct holds *holds)
{
	*holds = (struct holds){.lock = PTHREAD_MUTEX_INITIALIZER};
}

static void release_all(struct holds *holds)
{
	pthread_mutex_lock(&holds->lock);
	for (unsigned i = 0; i < HOLD_COUNT; i++) {
		if (holds->ring[i] != NULL)
			handle_release(holds->ring[i]);
		holds->ring[i] = NULL;
	}
	pthread_mutex_unlock(&holds->lock);
}

void holds_free(struct holds *holds)
{
	release_all(holds);
	pthread_mutex_destroy(&holds->lock);
}

void holds_begin(struct holds *holds)
{
	atomic_store(&holds->until, now() + HOLD_TIME_NS);
}

bool holds_wanted(struct holds *holds)
{
	int64_t until = atomic_load(&holds->until);

	if (until == 0)
		return false;
	if (now() < until)
		return true;
	if (atomic_compare_exchange_strong(&holds->until, &until, 0))
		release_all(holds);
	return false;
}

void holds_add(struct holds *holds, struct node *node, int fd)
{
	struct handle *handle = handle_new(node, fd);
	struct handle *old;

	if (handle == NULL) {
		pshm_close(fd);
		return;
	}
	pthread_mutex_lock(&holds->lock);
	old = holds->ring[holds->next];
	holds->ring[holds->next] = handle;
	holds->next = (holds->next + 1) % HOLD_COUNT;
	pthread_mutex_unlock(&holds->lock);
	if (old != NULL)
		handle_release(old);
}
