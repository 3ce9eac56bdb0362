/* SPDX-License-Identifier: MIT */
/*
 * Processes, by way of /proc. A process is a descriptor of its directory there:
 * when it has ended, what is asked of it fails, and no other answers for it.
 */
#pragma once

#include "container.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Calls visit for every process until it returns an error, which is the result.
 * 0 or a negative errno. */
int proc_each(int (*visit)(int process, pid_t pid, void *arg), void *arg);

/* A text in a process's directory, or NULL and errno. */
FILE *proc_open_text(int process, const char *path);

/* Programs, as against threads of the kernel and what has ended. */
bool proc_is_program(int process);

struct process {
	pid_t pid;
	uid_t uid;			/* the effective one */
	char command[64];		/* as /proc/PID/comm has it */
	char container[CONTAINER_SIZE]; /* empty: none that is known */
};

/* False: it has ended. */
bool proc_describe(int process, pid_t pid, struct process *description);
