/* SPDX-License-Identifier: MIT */
/* The clock of all measurements. */
#pragma once

#include <time.h>

static inline double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
