/* SPDX-License-Identifier: MIT */
/*
 * What is mounted, by /proc/self/mountinfo: a look at a mount itself would wait
 * for its daemon.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MOUNT_TABLE "/proc/self/mountinfo"

/* How many mounts lie right at the path, one over the other. */
size_t mount_table_count(const char *path);
/* Whether the topmost of them is a shmfuse. */
bool mount_table_is_shmfuse(const char *path);
