/* SPDX-License-Identifier: MIT */
/* Enumerate objects: the platform's list, with names as pshm_open() takes them. */
#include <stdio.h>

#include "internal.h"
#include "platform.h"

struct listing {
	int (*each)(const char *name, void *arg);
	void *arg;
};

static int tell(const char *bare, ino_t ino, void *arg)
{
	const struct listing *listing = arg;
	char name[1 + PSHM_NAME_MAX + 1];

	(void)ino;
	snprintf(name, sizeof(name), "/%s", bare);
	return listing->each(name, listing->arg);
}

int pshm_list(int (*each)(const char *name, void *arg), void *arg)
{
	struct listing listing = { .each = each, .arg = arg };

	if (!each)
		return fail_with(EINVAL);

	int space = pshm_space_open();

	if (space == -1)
		return -1;

	int result = pshm_space_list(space, tell, &listing);

	pshm_discard(space);
	return result;
}
