/* SPDX-License-Identifier: MIT */
/*
 * Set-user-ID and set-group-ID bits, which end when somebody without CAP_FSETID
 * changes the object. The kernel tells when that is so (killpriv, see
 * doc/architecture.md) and leaves the clearing to the file system.
 */
#pragma once

#include <fuse_lowlevel.h>

/* Clears them from the object of fd (O_PATH will do) as the native file system
 * does for the caller of req: 0 or a negative errno. */
int set_id_clear(fuse_req_t req, int fd);
