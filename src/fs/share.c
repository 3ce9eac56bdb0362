/* SPDX-License-Identifier: MIT */
#include "share.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static int add(struct shares *shares, const char *pattern, size_t len, enum sharing sharing)
{
	struct share *list;
	char *copy;

	if (len == 0 || memchr(pattern, '/', len) != NULL)
		return -EINVAL;
	list = realloc(shares->list, (shares->count + 1) * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	shares->list = list;
	copy = strndup(pattern, len);
	if (copy == NULL)
		return -ENOMEM;
	list[shares->count++] = (struct share){ copy, sharing };
	return 0;
}

int shares_add(struct shares *shares, const char *patterns, enum sharing sharing)
{
	int error;

	for (;;) {
		const size_t len = strcspn(patterns, ":");

		error = add(shares, patterns, len, sharing);
		if (error < 0 || patterns[len] == '\0')
			return error;
		patterns += len + 1;
	}
}

void shares_free(struct shares *shares)
{
	for (size_t i = 0; i < shares->count; i++)
		free(shares->list[i].pattern);
	free(shares->list);
	*shares = (struct shares){ 0 };
}

/* A leading dot is a character like any other: .org.chromium.* are objects. */
enum sharing shares_find(const struct shares *shares, const char *name)
{
	for (size_t i = 0; i < shares->count; i++)
		if (fnmatch(shares->list[i].pattern, name, 0) == 0)
			return shares->list[i].sharing;
	return NOT_SHARED;
}
