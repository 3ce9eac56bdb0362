/* SPDX-License-Identifier: MIT */
/*
 * A shmfuse that runs: a child of this process, or of one before it. A process
 * is known by its id and its time of birth, in ticks since boot: ids come again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	unsigned long long born;
	int fd; /* readable when it has ended; -1 without a process */
};

/* Starts argv[0] in a session of its own, so that it outlives us and our
 * terminal; what it says goes to output. 0 or -1 and errno. */
int process_start(struct process *process, const char *const argv[], int output);
/* A function in a process of its own: for what may never return. */
int process_call(struct process *process, int (*run)(const void *arg), const void *arg);
/* One that was started before, if it still runs. */
bool process_find(struct process *process, pid_t pid, unsigned long long born);

/* Whether it ended within that many milliseconds. */
bool process_ends_within(const struct process *process, int timeout);
void process_kill(const struct process *process);

/* After its end, or to lose sight of it. Gives the wait status, or -1 where it
 * is not known: of one that is no child of ours, or has not ended. */
int process_close(struct process *process);
