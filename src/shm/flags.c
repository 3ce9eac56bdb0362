/* SPDX-License-Identifier: MIT */
/* What valid sets of flags are. */
#include "internal.h"

#define MAP_KINDS (MAP_SHARED | MAP_PRIVATE)
#define MAP_OTHERS (MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN | MAP_NORESERVE)

bool pshm_access_valid(int oflag)
{
	return oflag == O_RDONLY || oflag == O_RDWR;
}

bool pshm_oflag_valid(int oflag)
{
	return pshm_access_valid(oflag & ~(O_CREAT | O_EXCL | O_TRUNC));
}

bool pshm_mode_valid(mode_t mode)
{
	return (mode & ~(mode_t)(S_IRWXU | S_IRWXG | S_IRWXO)) == 0;
}

bool pshm_prot_valid(int prot)
{
	return (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC)) == 0;
}

/* Linux has MAP_SHARED_VALIDATE, which is the bits of both kinds: not one of
 * them, and refused with the rest. */
bool pshm_map_flags_valid(int flags)
{
	int kind = flags & MAP_KINDS;

	return (kind == MAP_SHARED || kind == MAP_PRIVATE) &&
	       (flags & ~(MAP_KINDS | MAP_OTHERS)) == 0;
}
