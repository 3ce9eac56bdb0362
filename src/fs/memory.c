/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdlib.h> /* __GLIBC__ */

#ifdef __GLIBC__
#include <malloc.h>

void memory_give_back(void)
{
	malloc_trim(0);
}
#else
void memory_give_back(void)
{
}
#endif
