/* SPDX-License-Identifier: MIT */
/* Starting a shmfuse, and waiting until its mount answers. */
#pragma once

#include "message.h"
#include "process.h"
#include "settings.h"

#include <stdbool.h>

/* Whether shmfuse understands the options; nothing is mounted. 0 or -1. */
int launch_check(const char *shmfuse, const struct settings *settings, message_line message);

/* Mounts on path. 0; or -1, and the process may run all the same (fd >= 0). What
 * it has to say goes to output. */
int launch(struct process *process, const char *shmfuse, const struct settings *settings,
	   const char *path, int output);

/* Whether the mount answers; what serves it is ended if it does not in time. */
bool launch_answers(const struct process *process, const char *path);
