/* SPDX-License-Identifier: MIT */
/*
 * Programs in containers, which have a view of the mount as their /dev/shm, and
 * their peers beside them. The container is podman's, with the machine's own
 * root directory below an overlay: it needs no image. What podman stores lies
 * on a tmpfs of the test case, and ends with it.
 */
#pragma once

#include "../fs/mount.h"

/* The prefix that a container's names have natively. */
#define PREFIX "team%"

enum place {
	NATIVE,	   /* on the machine, with the machine's /dev/shm */
	CONTAINER, /* in a container of its own */
	VIEWER,	   /* on the machine, but with the view as /dev/shm */
};

/* Mounts a view, of the directory team, at VIEW: containers get it from here on.
 * Natively its names begin with PREFIX, or are the same if SHARE (of -o share=) is
 * not NULL. Skips the test where podman is missing. */
void containers_begin(const char *share);
/* Unmounts it. Nothing may be left there. */
void containers_end(void);

/* Skips the test where a program of Debian's PACKAGE is missing. */
void needs_program(const char *program, const char *package);

/* The path of a program of ours; skips the test where it could not be built. */
char *client_program(const char *name, const char *package);
/* The path of a script of ours. */
char *client_script(const char *name);

/* How many objects with such a name (with * and ?) have been made since
 * containers_begin(), natively seen: also those that are gone again. Very many
 * (fs.inotify.max_queued_events) are not counted to the end. */
unsigned objects_made(const char *pattern);

/* From here on: another directory as their /dev/shm; more arguments for `podman
 * run`, a shell's words. */
void containers_see(const char *directory);
void containers_get(const char *arguments);

/* Runs a command there, as the user; ends_well() waits for it. */
#define start(place, user, ...) \
	start_command((place), (user), (const char *const[]){ __VA_ARGS__, NULL })
pid_t start_command(enum place place, uid_t user, const char *const command[]);

/* The two of a pair: `PROGRAM first|second PREFIX`, each in its place. Both must end well. */
void pair_meets(enum place first, enum place second, uid_t user, const char *interpreter,
		const char *program);
