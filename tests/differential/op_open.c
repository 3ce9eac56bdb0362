/* SPDX-License-Identifier: MIT */
/* Descriptors and what a process is: opening, closing, working directory, umask, limits. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operation.h"

/* See "locks and mappings" in differences.c: what a mapping would keep is let go of. */
static void unlock_mapped(const struct worker *worker, int fd)
{
	const struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	for (int i = 0; i < MAPS; i++) {
		if (worker->map[i].addr) {
			flock(fd, LOCK_UN);
			fcntl(fd, F_OFD_SETLK, &all);
			return;
		}
	}
}

static int close_slot(struct worker *worker, int slot)
{
	int fd = slot_fd(worker, slot);

	worker->fd[slot] = -1;
	unlock_mapped(worker, fd);
	return close(fd);
}

/* Puts a descriptor just opened into its slot, and reports what it is open on and how. */
void keep_descriptor(struct worker *worker, const struct call *call, struct outcome *outcome,
		     int fd)
{
	struct stat st;

	finish(outcome, fd);
	if (fd < 0)
		return;
	worker->fd[call->new_slot] = fd;
	outcome->values[0] = fcntl(fd, F_GETFL);
	outcome->values[1] = fstat(fd, &st) < 0 ? -errno : (int64_t)(st.st_mode & S_IFMT);
	outcome->values[2] = position(fd);
}

OPERATION(open)
{
	const struct place *at = &call->at[0];

	close_slot(worker, call->new_slot);
	keep_descriptor(worker, call, outcome,
			openat(place_fd(worker, at), at->path, (int)call->flags, call->mode));
}

OPERATION(close)
{
	finish(outcome, close_slot(worker, call->slot));
}

OPERATION(dup)
{
	int fd = slot_fd(worker, call->slot);

	if (call->slot != call->new_slot)
		close_slot(worker, call->new_slot);
	else
		fd = -1;
	keep_descriptor(worker, call, outcome, dup(fd));
}

/* Opens what a descriptor refers to anew, by its link in /proc, though it may have no name any
 * more. */
OPERATION(reopen)
{
	char name[24];
	int fd = slot_fd(worker, call->slot);

	if (call->slot == call->new_slot)
		fd = -1;
	else
		close_slot(worker, call->new_slot);
	if (fd < 0) {
		errno = EBADF;
		finish(outcome, -1);
		return;
	}
	snprintf(name, sizeof(name), "%d", fd);
	fd = openat(worker->proc_fd, name, (int)call->flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW),
		    call->mode);
	keep_descriptor(worker, call, outcome, fd);
}

OPERATION(setfl)
{
	int fd = slot_fd(worker, call->slot);

	finish(outcome, fcntl(fd, F_SETFL, (int)call->flags));
	outcome->values[0] = fcntl(fd, F_GETFL);
}

OPERATION(chdir)
{
	/* A directory open in a slot as well: chdir to it is fchdir, so the path is resolved from
	 * the current one. */
	(void)worker;
	finish(outcome, chdir(call->at[0].path));
}

OPERATION(fchdir)
{
	finish(outcome, fchdir(slot_fd(worker, call->slot)));
}

OPERATION(umask)
{
	(void)worker;
	finish(outcome, (int64_t)umask(call->mode & 0077));
}

OPERATION(limit_size)
{
	struct rlimit limit;

	(void)worker;
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = call->flags ? call->flags : RLIM_INFINITY;
	finish(outcome, setrlimit(RLIMIT_FSIZE, &limit));
}
