/* SPDX-License-Identifier: MIT */
/* Reading, writing and the size of files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "operation.h"

static size_t clamp(int64_t len)
{
	return len < 0 ? 0 : len > BUFFER_BYTES ? BUFFER_BYTES : (size_t)len;
}

static bool is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static size_t data_to_write(struct worker *worker, const struct call *call)
{
	size_t len = clamp(call->len);

	fill_bytes(worker->buffer, len, call->seed);
	return len;
}

static void finish_read(struct worker *worker, struct outcome *outcome, int64_t ret)
{
	finish(outcome, ret);
	if (ret > 0)
		outcome->hash = hash_bytes(0, worker->buffer, (size_t)ret);
}

/* Cuts the buffer into four pieces of uneven length, one of them empty. */
static void cut(struct worker *worker, size_t len, struct iovec *pieces)
{
	size_t first = len / 7, second = len / 2;

	pieces[0] = (struct iovec){ worker->buffer, first };
	pieces[1] = (struct iovec){ worker->buffer + first, 0 };
	pieces[2] = (struct iovec){ worker->buffer + first, second - first };
	pieces[3] = (struct iovec){ worker->buffer + second, len - second };
}

OPERATION(read)
{
	int fd = slot_fd(worker, call->slot);

	finish_read(worker, outcome, read(fd, worker->buffer, clamp(call->len)));
	outcome->values[0] = position(fd);
}

OPERATION(write)
{
	int fd = slot_fd(worker, call->slot);

	finish(outcome, write(fd, worker->buffer, data_to_write(worker, call)));
	outcome->values[0] = position(fd);
}

OPERATION(pread)
{
	int fd = slot_fd(worker, call->slot);

	finish_read(worker, outcome, pread(fd, worker->buffer, clamp(call->len), call->off));
}

OPERATION(pwrite)
{
	int fd = slot_fd(worker, call->slot);

	finish(outcome, pwrite(fd, worker->buffer, data_to_write(worker, call), call->off));
}

OPERATION(readv)
{
	struct iovec pieces[4];
	int fd = slot_fd(worker, call->slot);

	cut(worker, clamp(call->len), pieces);
	finish_read(worker, outcome, readv(fd, pieces, 4));
	outcome->values[0] = position(fd);
}

OPERATION(writev)
{
	struct iovec pieces[4];
	int fd = slot_fd(worker, call->slot);

	cut(worker, data_to_write(worker, call), pieces);
	finish(outcome, writev(fd, pieces, 4));
	outcome->values[0] = position(fd);
}

OPERATION(pwritev2)
{
	struct iovec pieces[4];
	int fd = slot_fd(worker, call->slot);

	cut(worker, data_to_write(worker, call), pieces);
	finish(outcome, pwritev2(fd, pieces, 4, call->off, (int)call->flags));
	outcome->values[0] = position(fd);
}

OPERATION(lseek)
{
	/* Offsets in a directory mean nothing but to its file system. */
	if (is_directory(slot_fd(worker, call->slot)))
		return;
	finish(outcome, lseek(slot_fd(worker, call->slot), call->off, (int)call->flags));
}

OPERATION(truncate)
{
	/* truncate(2) has no form with a directory. */
	(void)worker;
	finish(outcome, truncate(call->at[0].path, call->len));
}

OPERATION(ftruncate)
{
	finish(outcome, ftruncate(slot_fd(worker, call->slot), call->len));
}

OPERATION(fallocate)
{
	finish(outcome,
	       fallocate(slot_fd(worker, call->slot), (int)call->flags, call->off, call->len));
}

OPERATION(fsync)
{
	int fd = slot_fd(worker, call->slot);

	finish(outcome, call->flags ? fdatasync(fd) : fsync(fd));
}
