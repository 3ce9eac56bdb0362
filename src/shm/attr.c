/* SPDX-License-Identifier: MIT */
/*
 * Attributes. POSIX lets fchmod() and fchown() fail with EINTR, and FUSE lets
 * them all. Each sets what it is told to, so that twice is as good as once.
 */
#include "internal.h"

#include <unistd.h>

int pshm_fstat(int fd, struct stat *st)
{
	int result;

	do
		result = fstat(fd, st);
	while (result == -1 && errno == EINTR);
	return result;
}

int pshm_fchmod(int fd, mode_t mode)
{
	int result;

	do
		result = fchmod(fd, mode);
	while (result == -1 && errno == EINTR);
	return result;
}

int pshm_fchown(int fd, uid_t uid, gid_t gid)
{
	int result;

	do
		result = fchown(fd, uid, gid);
	while (result == -1 && errno == EINTR);
	return result;
}

int pshm_futimens(int fd, const struct timespec times[2])
{
	int result;

	do
		result = futimens(fd, times);
	while (result == -1 && errno == EINTR);
	return result;
}
