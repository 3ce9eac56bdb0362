/* SPDX-License-Identifier: MIT */
#include "caller.h"
#include "data.h"

#include "posix_shm.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t mapped_read(const struct handle *handle, void *buf, size_t size, off_t off)
{
	const ssize_t count = pread(handle->fd, buf, size, off);

	return count < 0 ? -errno : count;
}

static ssize_t write_object(int fd, const void *buf, size_t size, off_t off, bool append)
{
	const struct iovec iov = {.iov_base = (void *)buf, .iov_len = size};

	/* The end is where it is now, wherever the kernel believes it to be. */
	if (append)
		return pwritev2(fd, &iov, 1, off, RWF_APPEND);
	return pwrite(fd, buf, size, off);
}

static bool has_set_id(int fd)
{
	struct stat st;

	return pshm_fstat(fd, &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID)) != 0;
}

ssize_t mapped_write(const struct handle *handle, const void *buf, size_t size, off_t off,
		     bool append, bool kill)
{
	const bool dropped = kill && has_set_id(handle->fd) && caller_drop_fsetid();
	ssize_t count = write_object(handle->fd, buf, size, off, append);

	if (count < 0)
		count = -errno;
	if (dropped)
		caller_raise_fsetid();
	return count;
}
