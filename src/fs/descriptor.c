/* SPDX-License-Identifier: MIT */
#include "descriptor.h"

#include <errno.h>
#include <sys/resource.h>

/* Enough for as many calls at once as there are workers. */
#define MOST_FOR_CALLS	 64
#define MOST_FOR_LISTING 64

static rlim_t lesser(rlim_t a, rlim_t b)
{
	return a < b ? a : b;
}

unsigned descriptors_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return DESCRIPTORS_MAX;
	limit.rlim_cur = lesser(limit.rlim_max, DESCRIPTORS_MAX);
	setrlimit(RLIMIT_NOFILE, &limit);
	return (unsigned)limit.rlim_cur;
}

/* The limit is that of the moment: prlimit(1) may have changed it. A new
 * descriptor has the lowest number that is free, so its number tells how many
 * there are at least. */
int descriptor_check(int fd, enum descriptor_use use)
{
	struct rlimit limit;
	rlim_t kept_back;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return 0;
	kept_back = lesser(limit.rlim_cur * 3 / 8, MOST_FOR_CALLS);
	if (use == FOR_OPEN_FILE)
		kept_back += lesser(limit.rlim_cur / 8, MOST_FOR_LISTING);
	return (rlim_t)fd < limit.rlim_cur - kept_back ? 0 : -EMFILE;
}
