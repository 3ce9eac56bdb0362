/* SPDX-License-Identifier: MIT */
/* Objects that are only names, the oldest first; all of them are empty. */
#pragma once

#include "view.h"

#include <stdbool.h>
#include <stddef.h>

#define MOST_NAMES 32

struct names {
	object_name list[MOST_NAMES];
	size_t count;
};

/* One of at..end, up to a null byte; gives where the next begins. */
const char *names_add(struct names *names, const char *at, const char *end);
/* Its index; names->count where there is none. */
size_t names_find(const struct names *names, const char *name);
struct markers names_markers(struct names *names);

/* What an object can be called. */
bool may_be_object(const char *name);
