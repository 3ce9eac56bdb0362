/* SPDX-License-Identifier: MIT */
#include "give_back.h"

#include "data.h"
#include "device.h"
#include "locks.h"
#include "op_dir.h"
#include "op_file.h"

#include <linux/fuse.h>
#include <sys/uio.h>

/* All are well done. Nobody waits for the answer of some, who were killed. */
static void reply(struct fs *fs, const struct fuse_in_header *request)
{
	struct fuse_out_header out = { .len = sizeof(out), .unique = request->unique };
	struct iovec iov = { &out, sizeof(out) };

	device_write(fuse_session_fd(fs->session), &iov, 1, fs);
}

static void forget(struct fs *fs, const struct fuse_in_header *request)
{
	const struct fuse_forget_in *in = (const void *)(request + 1);

	node_forget(&fs->nodes, request->nodeid, in->nlookup);
}

static void forget_many(struct fs *fs, const struct fuse_in_header *request)
{
	const struct fuse_batch_forget_in *in = (const void *)(request + 1);
	const struct fuse_forget_one *one = (const void *)(in + 1);

	for (uint32_t i = 0; i < in->count; i++)
		node_forget(&fs->nodes, one[i].nodeid, one[i].nlookup);
}

static struct fuse_file_info released(const struct fuse_in_header *request)
{
	const struct fuse_release_in *in = (const void *)(request + 1);

	return (struct fuse_file_info){ .fh = in->fh, .lock_owner = in->lock_owner };
}

static void flush(struct fs *fs, const struct fuse_in_header *request)
{
	const struct fuse_flush_in *in = (const void *)(request + 1);
	struct handle *handle = opened_get(&fs->opened, in->fh);

	if (handle != NULL)
		locks_flush(fs->locks, handle, in->lock_owner);
}

bool give_back(struct fs *fs, const void *request)
{
	const struct fuse_in_header *header = request;
	struct fuse_file_info fi;

	switch (header->opcode) {
	case FUSE_FORGET:
		forget(fs, header);
		return true;
	case FUSE_BATCH_FORGET:
		forget_many(fs, header);
		return true;
	case FUSE_RELEASE:
		fi = released(header);
		file_close(fs, &fi);
		break;
	case FUSE_RELEASEDIR:
		fi = released(header);
		dir_close(fs, fi.fh);
		break;
	case FUSE_FLUSH:
		flush(fs, header);
		break;
	default:
		return false;
	}
	reply(fs, header);
	return true;
}
