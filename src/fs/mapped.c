/* SPDX-License-Identifier: MIT */
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
	const struct iovec iov = { .iov_base = (void *)buf, .iov_len = size };

	/* The end is where it is now, wherever the kernel believes it to be. */
	if (append)
		return pwritev2(fd, &iov, 1, off, RWF_APPEND);
	return pwrite(fd, buf, size, off);
}

ssize_t mapped_write(const struct handle *handle, const void *buf, size_t size, off_t off,
		     bool append)
{
	const ssize_t count = write_object(handle->fd, buf, size, off, append);

	return count < 0 ? -errno : count;
}
