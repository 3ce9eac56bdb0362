/* SPDX-License-Identifier: MIT */
/*
 * The mount of a volume at RUNDIR/NAME, and the shmfuse that serves it: started,
 * watched, started again.
 *
 * shmfuse mounts at a place of its own, and the finished mount is bound over the
 * volume's mount point. So nobody meets half a mount; and where the mount point
 * has a dead mount, the new one covers it instead of taking its place, which a
 * container that bound the volume with rslave follows.
 */
#pragma once

#include "loop.h"
#include "message.h"
#include "volume.h"

#include <stdbool.h>

struct leftover;

struct services {
	struct loop *loop;
	const char *run_dir;
	const char *shmfuse;
	/* Those that were unmounted while containers had their mounts. */
	struct leftover *leftovers;
};

/* Makes the run directory, for root alone: with mapped owners, a mount gives
 * rights that its users have nowhere else. 0 or -1. */
int services_open(struct services *services, struct loop *loop, const char *run_dir,
		  const char *shmfuse, message_line message);
/* All volumes have left their services before. What runs goes on. */
void services_close(struct services *services);

/* Gives the volume its service, which does nothing yet. 0 or -1. */
int service_new(struct services *services, struct volume *volume, message_line message);
/* Without the volume: removes the mount point too. */
void service_remove(struct volume *volume);
/* Without us: what runs goes on. */
void service_leave(struct volume *volume);

const char *service_mountpoint(const struct volume *volume);
/* Whether the mount answers; a shmfuse that does not is ended. */
bool service_answers(struct volume *volume);

/* Mounts. 0 or -1, with what shmfuse said. */
int service_start(struct volume *volume, message_line message);
/* Unmounts. A container that still has the mount keeps it, and its shmfuse. */
void service_stop(struct volume *volume);
/* Takes over what an earlier process has left. */
void service_adopt(struct volume *volume);

/* Milliseconds until the volume's shmfuse is to be started again; -1: never. */
int service_due(const struct volume *volume);
/* Starts it if it is time to. Whether it did. */
bool service_restart(struct volume *volume);
