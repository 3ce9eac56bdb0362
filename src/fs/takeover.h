/* SPDX-License-Identifier: MIT */
/*
 * Takeover: a process goes on where an earlier one died (option supervise).
 *
 * Both have the same table of descriptors (keeper.h), so what was open is open,
 * and locks are held. The handover tells which descriptor is what. Which names
 * the nodes have that the kernel knows is read from the objects: an id has its
 * object's inode number in it.
 */
#pragma once

#include "fs.h"

/* Makes of fs, which is as at a start, what the kernel knows. 0 or a negative
 * errno. */
int takeover_restore(struct fs *fs);

/* Has the kernel send again what was not answered. 0 or a negative errno. */
int takeover_resend(struct fs *fs);
