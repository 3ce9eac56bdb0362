/* SPDX-License-Identifier: MIT */
#include "deadline.h"

#include <time.h>

#define SECOND INT64_C(1000000000)

void deadline_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

int64_t deadline_in(int64_t ns)
{
	return now() + ns;
}

bool deadline_is_over(int64_t deadline)
{
	return now() >= deadline;
}

void deadline_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline)
{
	const struct timespec time = { .tv_sec = deadline / SECOND, .tv_nsec = deadline % SECOND };

	pthread_cond_timedwait(condition, lock, &time);
}
