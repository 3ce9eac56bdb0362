/* SPDX-License-Identifier: MIT */
/*
 * Another program in the keeper's place (SIGHUP): the one that lies where this one
 * came from. It has the same command line, and finds in the environment where the
 * handover is.
 */
#pragma once

#include "fs.h"

/* Whether the program takes the command line and understands the handover; if not,
 * one line in the log says why. */
bool upgrade_is_possible(const struct fs *fs, const char *program);

/* Executes it. Returns only if that fails, with one line in the log. */
void upgrade_execute(const struct fs *fs, const char *program);

/* In the program: the descriptor of a handover that an earlier one has left, and the
 * mount point, which stays the environment's; or -1. */
int upgrade_inherited(const char **mountpoint);

/* There: what was handed over goes to no program that it runs by the way. */
void upgrade_done(const struct fs *fs);
