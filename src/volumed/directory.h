/* SPDX-License-Identifier: MIT */
/*
 * The directory of a volume, which is objects: a marker for each directory of
 * its path (doc/names.md), and what lies below. Made where it is missing, and
 * removed as far as it was made for the volume.
 */
#pragma once

#include "message.h"

#include <sys/types.h>

/* Makes what is missing of the path. made: how many of its directories, the last
 * ones, are the volume's own; raised, never lowered. A directory to which objects
 * belonged before its marker was there is not. 0 or -1. */
int directory_make(const char *path, mode_t mode, unsigned *made, message_line message);

/* A descriptor that says, as long as it is open, that somebody uses the directory:
 * a mount with ephemeral leaves its content alone then. -1 and errno. */
int directory_use(const char *path);

/* Removes the last directory with all that is in it, if it is the volume's own,
 * and those above it that are, as long as they are empty. 0 or -1. */
int directory_remove(const char *path, unsigned made, message_line message);
