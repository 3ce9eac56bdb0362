/* SPDX-License-Identifier: MIT */
/* Waits for a condition that have an end, whoever sets the machine's clock meanwhile. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* For a condition that is waited for by deadline_wait(). */
void deadline_init(pthread_cond_t *condition);

/* So many nanoseconds from now. */
int64_t deadline_in(int64_t ns);
bool deadline_is_over(int64_t deadline);

/* As pthread_cond_timedwait(3). */
void deadline_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline);
