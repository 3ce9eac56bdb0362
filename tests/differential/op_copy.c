/* SPDX-License-Identifier: MIT */
/*
 * Copies inside the kernel. How much one call moves is up to the kernel, so each of these goes on
 * until all is moved or nothing more is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operation.h"

enum { MOST = 4 << 20, PIECE = 32768 };

/* A copy onto itself depends on how large the kernel's steps are, one to a descriptor that is
 * refused on what was read. */
static bool depends(int from, int to)
{
	struct stat st_from, st_to;

	if ((fcntl(from, F_GETFL) | fcntl(to, F_GETFL)) & O_PATH)
		return true;
	if (fstat(from, &st_from) < 0 || fstat(to, &st_to) < 0)
		return false;
	return st_from.st_ino == st_to.st_ino;
}

static int64_t bounded(int64_t len)
{
	return len > MOST ? MOST : len;
}

/* On the mapped path a copy at the end of a file does not touch its access time: see "private
 * mappings". */
static void stamp(const struct call *call, int from)
{
	char byte;

	if (call->checks & CHECK_QUIRKS)
		pread(from, &byte, 1, 0);
}

/* The kernel copies up to the end that it saw last, and asks nobody where that is now: see
 * "copy_file_range" in doc/limits.md. */
static void see_size(const struct call *call, int from)
{
	struct stat st;

	if (call->checks & CHECK_QUIRKS)
		fstat(from, &st);
}

static void finish_copy(struct outcome *outcome, int64_t done, int64_t last, int from, int to)
{
	finish(outcome, last < 0 ? -1 : done);
	outcome->values[0] = done;
	outcome->values[1] = position(from);
	outcome->values[2] = position(to);
}

OPERATION(copy_file_range)
{
	int from = slot_fd(worker, call->slot), to = slot_fd(worker, call->slot2);
	int64_t off = call->off, off2 = call->off2, left = bounded(call->len), done = 0;
	ssize_t n;
	int err;

	see_size(call, from);
	do {
		n = copy_file_range(from, call->mode & 1 ? &off : NULL, to,
				    call->mode & 2 ? &off2 : NULL, (size_t)left, call->flags);
		err = errno;
		if (n > 0) {
			done += n;
			left -= n;
		}
	} while (n > 0 && left > 0);
	errno = err;
	finish_copy(outcome, done, n, from, to);
	outcome->values[3] = (int64_t)((uint64_t)off + (uint64_t)off2);
}

OPERATION(sendfile)
{
	int from = slot_fd(worker, call->slot), to = slot_fd(worker, call->slot2);
	int64_t left = bounded(call->len), done = 0;
	off_t off = call->off;
	ssize_t n;
	int err;

	if (depends(from, to))
		return;
	do {
		n = sendfile(to, from, call->mode & 1 ? &off : NULL, (size_t)left);
		err = errno;
		if (n > 0) {
			done += n;
			left -= n;
		}
	} while (n > 0 && left > 0);
	errno = err;
	finish_copy(outcome, done, n, from, to);
	stamp(call, from);
	outcome->values[3] = off;
}

/* Empties the pipe into the file; what the file does not take is lost, as with cp. */
static int64_t splice_out(int pipe, int to, off_t *off, int64_t left)
{
	int64_t done = 0;

	while (done < left) {
		ssize_t n = splice(pipe, NULL, to, off, (size_t)(left - done), 0);

		if (n <= 0)
			return n < 0 && done == 0 ? -1 : done;
		done += n;
	}
	return done;
}

OPERATION(splice)
{
	int from = slot_fd(worker, call->slot), to = slot_fd(worker, call->slot2), pipes[2];
	int64_t left = bounded(call->len), done = 0, n = 0;
	off_t off = call->off, off2 = call->off2;
	int err = 0;

	if (depends(from, to) || pipe2(pipes, O_CLOEXEC) < 0)
		return;
	while (left > 0) {
		int64_t got = splice(from, call->mode & 1 ? &off : NULL, pipes[1], NULL,
				     (size_t)(left > PIECE ? PIECE : left), 0);

		n = got <= 0 ? got : splice_out(pipes[0], to, call->mode & 2 ? &off2 : NULL, got);
		err = errno;
		if (n <= 0)
			break;
		done += n;
		if (n < got)
			break;
		left -= n;
	}
	close(pipes[0]);
	close(pipes[1]);
	errno = err;
	finish_copy(outcome, done, n, from, to);
	stamp(call, from);
	outcome->values[3] = off2;
}
