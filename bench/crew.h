/* SPDX-License-Identifier: MIT */
/* Processes that start together, and what each has done when all have ended. */
#pragma once

#define CREW_MAX 256

struct done {
	unsigned long long calls;
	double start, end;
	int error; /* errno, or 0 */
};

/* Runs in a process of its own. Fills in calls and error; start and end are the crew's. */
typedef void crew_task(unsigned process, void *context, struct done *done);

/* processes: 1 to CREW_MAX. Fills in results[processes]. 0, or -1 and errno. */
int crew_run(unsigned processes, crew_task *task, void *context, struct done *results);

/* From the first start to the last end. */
double crew_seconds(const struct done *results, unsigned processes);
