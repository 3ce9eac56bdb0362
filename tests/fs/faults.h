/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail when a test wants it: what the test and the daemon that
 * is built for it (shmfuse-faults) share, in a file that FAULTS_FILE in the
 * environment names. A thread that cannot be started counts as an allocation.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#define FAULTS_FILE "SHMFUSE_FAULTS"

enum fault_side {
	IN_SHMFUSE,
	IN_LIBFUSE, /* and what else the daemon is linked with */
	FAULT_SIDES,
};

struct faults {
	atomic_long left[FAULT_SIDES]; /* the how manieth to fail; 0: none */
	atomic_bool stays;	       /* and all that follow */
	atomic_long failed;	       /* how many did */
};
