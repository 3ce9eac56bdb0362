/* SPDX-License-Identifier: MIT */
/*
 * platform.h where nothing but POSIX is known of the system: objects can be
 * opened by name and no more, every call is ENOTSUP.
 */
#include "platform.h"

#include <errno.h>

static int unsupported(void)
{
	errno = ENOTSUP;
	return -1;
}

const char *pshm_space_path(void)
{
	return "(no known place)";
}

int pshm_space_open(void)
{
	return unsupported();
}

int pshm_space_stat(int space, const char *name, struct pshm_info *info)
{
	(void)space, (void)name, (void)info;
	return unsupported();
}

int pshm_space_open_object(int space, const char *name, int oflag)
{
	(void)space, (void)name, (void)oflag;
	return unsupported();
}

int pshm_space_create(int space, const char *name, int oflag, mode_t mode)
{
	(void)space, (void)name, (void)oflag, (void)mode;
	return unsupported();
}

int pshm_space_tmpfile(int space, int oflag, bool excl, mode_t mode)
{
	(void)space, (void)oflag, (void)excl, (void)mode;
	return unsupported();
}

int pshm_space_link(int space, int fd, const char *newname)
{
	(void)space, (void)fd, (void)newname;
	return unsupported();
}

int pshm_space_rename(int space, const char *oldname, const char *newname, unsigned flags)
{
	(void)space, (void)oldname, (void)newname, (void)flags;
	return unsupported();
}

int pshm_space_unlink(int space, const char *name)
{
	(void)space, (void)name;
	return unsupported();
}

int pshm_space_list(int space, int (*each)(const char *name, ino_t ino, void *arg), void *arg)
{
	(void)space, (void)each, (void)arg;
	return unsupported();
}

int pshm_space_watch(int space)
{
	(void)space;
	return unsupported();
}

int pshm_space_changes(int watch, void (*each)(const char *name, void *arg), void *arg)
{
	(void)watch, (void)each, (void)arg;
	return unsupported();
}
