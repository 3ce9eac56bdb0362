/* SPDX-License-Identifier: MIT */
/* The process that serves a mount with the option supervise, and its death. */
#pragma once

#include "mount.h"

/* The keeper's child; waits until there is one. */
pid_t server_of(pid_t keeper);

/* Sends the serving process a signal, and waits until another one has its place. That
 * may still be taking over: requests wait for it. */
void server_dies(pid_t keeper, int signal);

/* A child that kills the serving process every so many milliseconds, so many times.
 * It has ended well when all have died: ends_well(). */
pid_t servers_die(pid_t keeper, unsigned milliseconds, unsigned times);
