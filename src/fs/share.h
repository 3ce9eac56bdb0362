/* SPDX-License-Identifier: MIT */
/*
 * Shares: which names of the top level a view shows in its root as well, by
 * fnmatch(3) patterns on the object's name. The first one that matches counts.
 *
 * Whoever has a struct shares owns the patterns in it; all zeros are none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum sharing { NOT_SHARED, SHARED_RW, SHARED_RO };

struct share {
	char *pattern;
	enum sharing sharing;
};

struct shares {
	struct share *list;
	size_t count;
};

/* Adds patterns with colons between them. -EINVAL: one is empty or has a slash,
 * which no name has; -ENOMEM. */
int shares_add(struct shares *shares, const char *patterns, enum sharing sharing);
void shares_free(struct shares *shares);

enum sharing shares_find(const struct shares *shares, const char *name);
