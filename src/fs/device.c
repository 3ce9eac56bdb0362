/* SPDX-License-Identifier: MIT */
#include "device.h"

#include "counters.h"
#include "fs.h"
#include "log.h"
#include "replay.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* FUSE_INT_REQ_BIT in the kernel's fs/fuse/fuse_i.h: in an interrupt's unique id. */
#define INTERRUPT 1

static ssize_t receive(const struct fs *fs, int fd, void *buf, size_t size)
{
	ssize_t count;

	counters_next();
	count = read(fd, buf, size);
	if (count >= (ssize_t)sizeof(struct fuse_in_header))
		counters_request(fs->counters, buf);
	if (count < 0 && errno == ECONNABORTED)
		errno = ENODEV;
	return count;
}

static void keep_interrupt(struct fuse_out_header *header)
{
	if ((header->unique & INTERRUPT) && header->error == -ENOMEM)
		header->error = -EAGAIN;
}

static ssize_t answer(const struct fs *fs, int fd, const struct iovec *iov, int count)
{
	keep_interrupt(iov[0].iov_base);
	counters_answer(fs->counters, iov[0].iov_base);
	return writev(fd, iov, count);
}

/* A process that is being killed gets no more pages: the kernel could not hand it
 * the request that it has taken, and would answer it with EIO. So those of the
 * thread's buffer have to be there before. */
static void populate(void *buf, size_t size)
{
	static _Thread_local const void *populated;
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE),
			start = (uintptr_t)buf & ~(page - 1);

	if (populated == buf)
		return;
	madvise((void *)start, (uintptr_t)buf + size - start, MADV_POPULATE_WRITE);
	populated = buf;
}

ssize_t device_read(int fd, void *buf, size_t size, void *userdata)
{
	const struct fs *fs = userdata;
	struct iovec known;
	ssize_t count;

	if (fs->options->supervise == SUPERVISE_OFF)
		return receive(fs, fd, buf, size);
	populate(buf, size);
	count = receive(fs, fd, buf, size);
	/* What an earlier process had an answer to does not come further. If the kernel
	 * does not take it because all is over, it says so at the next read. */
	while (count > 0 && replay_begin(fs->handover, buf, (size_t)count, &known)) {
		answer(fs, fd, &known, 1);
		replay_end(&known);
		count = receive(fs, fd, buf, size);
	}
	return count;
}

ssize_t device_write(int fd, struct iovec *iov, int count, void *userdata)
{
	const struct fs *fs = userdata;
	ssize_t result;

	if (fs->options->supervise == SUPERVISE_OFF)
		return answer(fs, fd, iov, count);
	replay_answer(iov, count);
	result = answer(fs, fd, iov, count);
	replay_end(iov);
	return result;
}

bool device_attach(struct fuse_session *session, struct counters *counters)
{
	static const struct fuse_custom_io io = { .writev = device_write, .read = device_read };
	char said[256];
	bool attached;

	log_keep(said, sizeof(said));
	attached = fuse_session_custom_io(session, &io, sizeof(io), fuse_session_fd(session)) == 0;
	log_keep(NULL, 0);
	if (attached)
		counters_attach(counters);
	return attached;
}
