/* SPDX-License-Identifier: MIT */
/* Arrays that grow at their end. */
#pragma once

#include <stdlib.h>

/* Room for one more item of this size. The items where they are now, or NULL
 * where there is no memory: they are where they were then. */
static inline void *array_grow(void *items, size_t count, size_t *capacity, size_t size)
{
	const size_t more = *capacity == 0 ? 16 : *capacity * 2;
	void *grown;

	if (count < *capacity)
		return items;
	grown = reallocarray(items, more, size);
	if (grown != NULL)
		*capacity = more;
	return grown;
}
