/* SPDX-License-Identifier: MIT */
/* Locks, never waited for: that nobody else has one is a result, too. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operation.h"

OPERATION(flock)
{
	finish(outcome, flock(slot_fd(worker, call->slot), (int)call->flags | LOCK_NB));
}

/* Where a directory ends is its file system's own affair. */
static short whence(int fd, const struct call *call)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return SEEK_SET;
	return (short)(call->seed % 3);
}

static struct flock wanted(int fd, const struct call *call)
{
	static const short types[] = { F_RDLCK, F_WRLCK, F_UNLCK };

	return (struct flock){
		.l_type = types[call->mode % 3],
		.l_whence = whence(fd, call),
		.l_start = call->off,
		.l_len = call->len,
	};
}

OPERATION(setlk)
{
	int fd = slot_fd(worker, call->slot);
	struct flock lock = wanted(fd, call);

	finish(outcome, fcntl(fd, (int)call->flags, &lock));
}

/* Who holds the lock is not compared: the two sides have their own processes. */
OPERATION(getlk)
{
	int fd = slot_fd(worker, call->slot);
	struct flock lock = wanted(fd, call);

	finish(outcome, fcntl(fd, (int)call->flags, &lock));
	if (outcome->ret < 0)
		return;
	outcome->values[0] = lock.l_type;
	if (lock.l_type == F_UNLCK)
		return;
	outcome->values[1] = lock.l_whence;
	outcome->values[2] = lock.l_start;
	outcome->values[3] = lock.l_len;
}
