/* SPDX-License-Identifier: MIT */
#include "parents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int make_parents(const char *path)
{
	char *copy = strdup(path), *at = copy;
	int result = copy != NULL ? 0 : -1;

	while (result == 0 && (at = strchr(at + 1, '/')) != NULL) {
		*at = '\0';
		result = mkdir(copy, 0755) < 0 && errno != EEXIST ? -1 : 0;
		*at = '/';
	}
	free(copy);
	return result;
}
