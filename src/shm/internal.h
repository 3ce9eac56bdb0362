/* SPDX-License-Identifier: MIT */
/*
 * What the library's files share among themselves. Nothing here is exported;
 * the prefix keeps it apart from a program's own names in a static link.
 */
#pragma once

#include <posix_shm.h>
#include <stdbool.h>

/* flags.c: what valid sets of flags are. */
bool pshm_oflag_valid(int oflag);
bool pshm_access_valid(int oflag); /* PSHM_RDONLY or PSHM_RDWR alone */
bool pshm_mode_valid(mode_t mode);
bool pshm_prot_valid(int prot);
bool pshm_map_flags_valid(int flags);

/* object.c: pshm_open_how(), which also tells whether the result is an object
 * that it made. */
int pshm_open_telling(const char *name, const struct pshm_how *how, bool *made);

/* object.c: close what an error leaves behind, keeping that error's errno. */
void pshm_discard(int fd);

static inline int fail_with(int error)
{
	errno = error;
	return -1;
}
