/* SPDX-License-Identifier: MIT */
/* Mounts over mounts, at places that belong to volumes. */
#pragma once

/* A directory at the path, whatever is mounted there. 0 or -1 and errno. */
int place_make(const char *path);
/* Moves the mount at from over whatever is at to. 0 or -1 and errno. */
int place_move(const char *from, const char *to);
/* Takes all mounts away. Who has them elsewhere keeps them. */
void place_clear(const char *path);
