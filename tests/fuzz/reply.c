/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include "fuzz.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static void check_attr(const struct fuse_attr *attr)
{
	REQUIRE(attr->ino != 0);
	REQUIRE(S_ISREG(attr->mode) || S_ISDIR(attr->mode));
	REQUIRE((attr->mode & ~(S_IFMT | 07777U)) == 0);
	REQUIRE(attr->atimensec < 1000000000 && attr->mtimensec < 1000000000 &&
		attr->ctimensec < 1000000000);
}

/* Names are never kept, attributes only with ac. */
static void check_entry(const struct fuse_entry_out *entry, bool ac)
{
	REQUIRE(entry->nodeid != 0 && entry->nodeid != FUSE_ROOT_ID);
	REQUIRE(entry->entry_valid == 0 && entry->entry_valid_nsec == 0);
	REQUIRE(entry->attr_valid == 0);
	REQUIRE(ac || entry->attr_valid_nsec == 0);
	check_attr(&entry->attr);
}

/* Each name as a user can see it, and no entry in part. */
static void check_entries(const uint8_t *body, size_t len)
{
	struct fuse_dirent entry;

	for (size_t at = 0; at < len; at += FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + entry.namelen)) {
		const char *name = (const char *)body + at + FUSE_NAME_OFFSET;

		REQUIRE(len - at >= FUSE_NAME_OFFSET);
		memcpy(&entry, body + at, FUSE_NAME_OFFSET);
		REQUIRE(entry.namelen > 0 && entry.namelen <= NAME_MAX);
		REQUIRE(FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + entry.namelen) <= len - at);
		REQUIRE(memchr(name, '/', entry.namelen) == NULL);
		REQUIRE(memchr(name, '\0', entry.namelen) == NULL);
		REQUIRE(entry.type == S_IFREG >> 12 || entry.type == S_IFDIR >> 12);
		REQUIRE(entry.ino != 0);
	}
}

static void check_lock(const struct fuse_lk_out *out)
{
	const uint32_t type = out->lk.type;

	REQUIRE(type == F_RDLCK || type == F_WRLCK || type == F_UNLCK);
	REQUIRE(type == F_UNLCK || out->lk.start <= out->lk.end);
}

/* The length that the kernel wants, or else calls an error. */
static size_t wanted_len(const struct kernel_request *request, size_t len)
{
	switch (request->opcode) {
	case FUSE_LOOKUP:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
	case FUSE_LINK:
		return sizeof(struct fuse_entry_out);
	case FUSE_CREATE:
	case KERNEL_TMPFILE:
		return sizeof(struct fuse_entry_out) + sizeof(struct fuse_open_out);
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		return sizeof(struct fuse_attr_out);
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		return sizeof(struct fuse_open_out);
	case FUSE_WRITE:
	case FUSE_COPY_FILE_RANGE:
		return sizeof(struct fuse_write_out);
	case FUSE_STATFS:
		return sizeof(struct fuse_statfs_out);
	case FUSE_GETLK:
		return sizeof(struct fuse_lk_out);
	case FUSE_LSEEK:
		return sizeof(struct fuse_lseek_out);
	case FUSE_INIT:
		return sizeof(struct fuse_init_out);
	case FUSE_READ:
	case FUSE_READDIR:
		return len <= request->size ? len : request->size;
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
		if (request->size == 0)
			return sizeof(struct fuse_getxattr_out);
		return len <= request->size ? len : request->size;
	default:
		return 0;
	}
}

/* Where the body is not a structure, or says more than that, and was asked for. */
static void check_body(const struct kernel_request *request, const void *body, size_t len, bool ac)
{
	struct fuse_write_out written;

	switch (request->opcode) {
	case FUSE_LOOKUP:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_LINK:
	case FUSE_CREATE:
	case KERNEL_TMPFILE:
		check_entry(body, ac);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		check_attr(&((const struct fuse_attr_out *)body)->attr);
		break;
	case FUSE_WRITE:
	case FUSE_COPY_FILE_RANGE:
		memcpy(&written, body, sizeof(written));
		REQUIRE(written.size <= request->size);
		break;
	case FUSE_READDIR:
		check_entries(body, len);
		break;
	case FUSE_GETLK:
		check_lock(body);
		break;
	default:
		break;
	}
}

/* fuse_dev_do_write() in the kernel's fs/fuse/dev.c takes no other error. */
void reply_check(const struct kernel_reply *reply, bool ac)
{
	REQUIRE(reply->error <= 0 && reply->error > -512);
	if (reply->error < 0) {
		REQUIRE(reply->len == 0);
		return;
	}
	REQUIRE(reply->len == wanted_len(reply->request, reply->len));
	check_body(reply->request, reply->body, reply->len, ac);
}
