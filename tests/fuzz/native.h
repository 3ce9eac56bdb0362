/* SPDX-License-Identifier: MIT */
/*
 * The other side of a fuzzed mount: a shm file system of its own, the objects
 * that are there before it, native programs that change them meanwhile, and
 * what must be true of them in the end.
 */
#pragma once

#include "options.h"

#include <stdbool.h>
#include <stdint.h>

/* A tmpfs in a mount namespace, once for the process. False, with a reason on
 * stderr: that cannot be had here. */
bool native_enter(void);

/* Empties it and makes some objects. */
void native_begin(const struct options *options);
/* Some deed of a native program to an object, or two. */
void native_do(uint8_t deed, const char *name, const char *other, uint64_t number);
bool native_has_interfered(void);
/* Traps where the mount's objects are more than they may be. */
void native_check_quota(const struct options *options);
/* Traps where the mount has left what it may not. */
void native_end(const struct options *options);

/* How many descriptors this process has. */
unsigned native_descriptors(void);
