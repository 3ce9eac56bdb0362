/* SPDX-License-Identifier: MIT */
/*
 * What POSIX lacks for shared memory objects, one implementation a platform:
 * linux.c where the objects are the regular files of a directory, portable.c
 * where nothing is known of them (every call: ENOTSUP).
 *
 * A space is a descriptor of the place where the objects live. It is taken
 * once, so that a mount over that place later changes nothing for its holder.
 * Names are bare here: what shm_open(3) takes, without the leading slash.
 * Errors as in the rest of the library: -1 and errno.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Where the space lies in the file system, for messages and for mounts. */
const char *pshm_space_path(void);

/* A new descriptor of the space, close-on-exec; close it with close(2).
 * Errors: those of open(2); ENOTSUP. */
int pshm_space_open(void);

struct pshm_info {
	struct stat st;
	struct timespec birth; /* zero where the file system keeps none */
};

/* Status of the object called name, without opening it.
 * Errors: ENOENT (also for what is no regular file); those of statx(2). */
int pshm_space_stat(int space, const char *name, struct pshm_info *info);

/* Descriptor of an existing object, close-on-exec. oflag as for open(2),
 * without O_CREAT. Anything but a regular file is ENOENT and is not opened.
 * Errors: those of open(2); EAGAIN where another's lease is in the way, which is
 * not waited for. */
int pshm_space_open_object(int space, const char *name, int oflag);

/* Descriptor of a new object; EEXIST where anything has the name.
 * Errors: those of open(2) with O_CREAT|O_EXCL. */
int pshm_space_create(int space, const char *name, int oflag, mode_t mode);

/* Descriptor of a new object without a name (O_TMPFILE). With excl it can
 * never be given one. Errors: those of open(2). */
int pshm_space_tmpfile(int space, int oflag, bool excl, mode_t mode);

/* A further name for the object that fd refers to (any descriptor of it).
 * Errors: those of linkat(2). */
int pshm_space_link(int space, int fd, const char *newname);

/* flags as for renameat2(2): RENAME_NOREPLACE, RENAME_EXCHANGE.
 * Errors: those of renameat2(2). */
int pshm_space_rename(int space, const char *oldname, const char *newname, unsigned flags);

/* Errors: those of unlinkat(2). */
int pshm_space_unlink(int space, const char *name);

/* Calls each(name, ino, arg) for every object, in no order, until it returns
 * non-zero; returns that value, 0 at the end, or -1 and errno. An object that
 * is there all the time is told exactly once; one that comes or goes
 * meanwhile, at most once. */
int pshm_space_list(int space, int (*each)(const char *name, ino_t ino, void *arg),
		    void *arg);

/* A descriptor that gathers which names come and go from now on; close it with
 * close(2). What was done before a look at it is told by that look.
 * Errors: those of inotify_init1(2) and inotify_add_watch(2). */
int pshm_space_watch(int space);

/* Calls each(name, arg) for every name that came or went since the last look and
 * before this one, maybe more than once, without waiting; what it is now must be
 * asked for. 0; 1: some were lost, all must be listed anew; -1 and errno: those
 * of read(2). */
int pshm_space_changes(int watch, void (*each)(const char *name, void *arg), void *arg);
