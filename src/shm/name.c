/* SPDX-License-Identifier: MIT */
/* What a valid name is. */
#include <string.h>

#include "internal.h"

int pshm_name_check(const char *name)
{
	if (!name || name[0] != '/')
		return fail_with(EINVAL);

	const char *bare = name + 1;
	size_t len = strlen(bare);

	if (len == 0 || memchr(bare, '/', len))
		return fail_with(EINVAL);
	if (strcmp(bare, ".") == 0 || strcmp(bare, "..") == 0)
		return fail_with(EINVAL);
	if (len > PSHM_NAME_MAX)
		return fail_with(ENAMETOOLONG);
	return 0;
}
