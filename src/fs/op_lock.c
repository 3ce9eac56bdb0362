/* SPDX-License-Identifier: MIT */
#include "op_lock.h"

#include "data.h"
#include "locks.h"

#include <errno.h>
#include <sys/file.h>

void fs_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock)
{
	struct lock_request request = { .handle = handle_in(fs_of(req), fi),
					.owner = fi->lock_owner,
					.range = *lock };
	int error = locks_get(fs_of(req)->locks, &request);

	(void)ino;
	if (error < 0)
		reply_error(req, error);
	else
		fuse_reply_lock(req, &request.range);
}

/* ENOENT: the kernel has given the request up, and its taker the lock. */
static bool reply_lock(fuse_req_t req, int error)
{
	return fuse_reply_err(req, -error) != -ENOENT;
}

static void interrupt(fuse_req_t req, void *arg)
{
	(void)req;
	lock_wait_interrupt(arg);
}

static void wait_started(struct lock_wait *wait, void *arg)
{
	fuse_req_interrupt_func(arg, interrupt, wait);
}

static bool wait_done(int error, void *arg)
{
	/* No interrupt may come after the reply: the wait will be gone. */
	fuse_req_interrupt_func(arg, NULL, NULL);
	return reply_lock(arg, error);
}

static void set(fuse_req_t req, const struct lock_request *request, bool sleep)
{
	const struct lock_waiter waiter = { wait_started, wait_done, req };
	struct locks *locks = fs_of(req)->locks;
	int error = locks_set(locks, request);

	if (error == -EAGAIN && sleep) {
		error = locks_wait(locks, request, &waiter);
		if (error == 0)
			return;
	}
	if (!reply_lock(req, error) && error == 0)
		locks_unset(locks, request);
}

void fs_setlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock,
	      int sleep)
{
	const struct lock_request request = { .handle = handle_in(fs_of(req), fi),
					      .owner = fi->lock_owner,
					      .range = *lock };

	(void)ino;
	set(req, &request, sleep);
}

void fs_flock(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, int op)
{
	const struct lock_request request = { .handle = handle_in(fs_of(req), fi),
					      .owner = fi->lock_owner,
					      .op = op & ~LOCK_NB };

	(void)ino;
	set(req, &request, !(op & LOCK_NB));
}

/* What close(2) lets go of: the process's record locks on the object. */
void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct handle *handle = handle_in(fs, fi);

	(void)ino;
	locks_flush(fs->locks, handle, fi->lock_owner);
	reply_error(req, 0);
}
