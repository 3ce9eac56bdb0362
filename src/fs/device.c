/* SPDX-License-Identifier: MIT */
#include "device.h"

#include "log.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t device_read(int fd, void *buf, size_t size, void *userdata)
{
	const ssize_t count = read(fd, buf, size);

	(void)userdata;
	if (count < 0 && errno == ECONNABORTED)
		errno = ENODEV;
	return count;
}

static ssize_t device_write(int fd, struct iovec *iov, int count, void *userdata)
{
	(void)userdata;
	return writev(fd, iov, count);
}

void device_attach(struct fuse_session *session)
{
	static const struct fuse_custom_io io = { .writev = device_write, .read = device_read };
	char said[256];

	log_keep(said, sizeof(said));
	fuse_session_custom_io(session, &io, sizeof(io), fuse_session_fd(session));
	log_keep(NULL, 0);
}
