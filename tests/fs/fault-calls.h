/* SPDX-License-Identifier: MIT */
/*
 * The calls of tests-fault.c: one at least for each kind of request. The mount is the
 * current directory, and has the files a and b, the directories d and e, and d/x, d/y
 * and d/sem.z; d/x has an ACL.
 */
#pragma once

#include "calls.h"

#include <stddef.h>

extern const struct call fault_calls[];
extern const size_t n_fault_calls;

/* How many names a directory has, "." and ".." included. */
long list(const char *path);

#define ACL "system.posix_acl_access"
/* One that lets user 1000 read. */
long give_acl(const char *path);
