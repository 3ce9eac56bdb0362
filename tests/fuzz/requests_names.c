/* SPDX-License-Identifier: MIT */
/* Requests for names and attributes. */
#include "requests.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- names ---- */

void request_lookup(struct requests *requests)
{
	SEND(requests, .opcode = FUSE_LOOKUP, .node = next_directory(requests),
	     .names = { next_name(requests, 0) });
}

/* Open or not: a lookup whose caller is gone is forgotten by itself. */
void request_forget(struct requests *requests)
{
	const uint8_t which = input_byte(&requests->input);
	struct kernel_node *node = &requests->kernel.nodes[1 + which % (KERNEL_NODES - 1)];

	if (node->id == 0)
		return;
	if (node->open == 0)
		kernel_forget(&requests->kernel, node, node->lookups);
	else if (node->lookups > 1)
		kernel_forget(&requests->kernel, node, node->lookups - 1);
}

void request_forget_wild(struct requests *requests)
{
	const struct {
		struct fuse_batch_forget_in head;
		struct fuse_forget_one list[2];
	} batch = { .head.count = 2,
		    .list = { { .nodeid = UINT64_MAX, .nlookup = 1 },
			      { .nodeid = next_file(requests) ^ (1ULL << 62), .nlookup = 1 } } };

	SEND(requests, .opcode = FUSE_BATCH_FORGET, ARG(batch));
}

void request_mknod_file(struct requests *requests)
{
	const uint32_t kinds[] = { S_IFREG, S_IFREG, S_IFREG, S_IFIFO };
	const struct fuse_mknod_in arg = {
		.mode = kinds[input_byte(&requests->input) % 4] | next_mode(requests), .umask = 022
	};
	struct kernel_request request = { .opcode = FUSE_MKNOD,
					  .node = next_directory(requests),
					  ARG(arg),
					  .names = { next_name(requests, 0) } };

	if (send_request(requests, &request))
		check_made(requests, &request);
}

void request_make_directory(struct requests *requests)
{
	const struct fuse_mkdir_in arg = { .mode = next_mode(requests), .umask = 022 };
	struct kernel_request request = { .opcode = FUSE_MKDIR,
					  .node = next_directory(requests),
					  ARG(arg),
					  .names = { next_name(requests, 0) } };

	if (send_request(requests, &request))
		check_made(requests, &request);
}

void request_make_symlink(struct requests *requests)
{
	SEND(requests, .opcode = FUSE_SYMLINK, .node = next_directory(requests),
	     .names = { next_name(requests, 0), next_name(requests, 1) });
}

void request_remove_file(struct requests *requests)
{
	struct kernel_request request = { .opcode = FUSE_UNLINK,
					  .node = next_directory(requests),
					  .names = { next_name(requests, 0) } };

	if (send_request(requests, &request))
		check_removed(requests, &request);
}

void request_remove_directory(struct requests *requests)
{
	struct kernel_request request = { .opcode = FUSE_RMDIR,
					  .node = next_directory(requests),
					  .names = { next_name(requests, 0) } };

	if (send_request(requests, &request))
		check_removed(requests, &request);
}

void request_rename_name(struct requests *requests)
{
	const uint32_t flags[] = { 0, RENAME_NOREPLACE, RENAME_EXCHANGE, 0 };
	const struct fuse_rename2_in arg = { .newdir = next_directory(requests),
					     .flags = flags[input_byte(&requests->input) % 4] };
	struct kernel_request request = { .opcode = FUSE_RENAME2,
					  .node = next_directory(requests),
					  ARG(arg),
					  .names = { next_name(requests, 0),
						     next_name(requests, 1) } };

	if (send_request(requests, &request))
		check_renamed(requests, &request);
}

void request_make_link(struct requests *requests)
{
	const struct fuse_link_in arg = { .oldnodeid = next_file(requests) };
	struct kernel_request request = { .opcode = FUSE_LINK,
					  .node = next_directory(requests),
					  ARG(arg),
					  .names = { next_name(requests, 0) } };

	if (send_request(requests, &request))
		check_made(requests, &request);
}

/* ---- attributes ---- */

void request_get_attr(struct requests *requests)
{
	const struct fuse_getattr_in arg = { 0 };

	SEND(requests, .opcode = FUSE_GETATTR, .node = next_node(requests), ARG(arg));
}

/* Any attributes. */
static uint32_t next_valid(struct requests *requests)
{
	const uint32_t low = input_byte(&requests->input);

	return (low | (uint32_t)input_byte(&requests->input) << 8) & 0xfff &
	       ~(uint32_t)(FATTR_FH | FATTR_LOCKOWNER);
}

void request_set_attr(struct requests *requests)
{
	const uint32_t ids[] = { 0, 1000, 1001, 65534, UINT32_MAX - 1, 2000 };
	struct fuse_setattr_in arg = {
		.valid = next_valid(requests),
		.mode = S_IFREG | next_mode(requests),
		.size = input_offset(&requests->input),
		.atime = input_number(&requests->input),
		.mtime = 1,
		.mtimensec = 999999999,
		.uid = ids[input_byte(&requests->input) % 6],
		.gid = ids[input_byte(&requests->input) % 6],
	};
	const bool directory = input_byte(&requests->input) & 1;
	const struct kernel_handle *handle =
		input_byte(&requests->input) & 1 ? next_handle(requests, false) : NULL;
	uint64_t node = next_node_of(requests, directory);

	if (directory)
		arg.valid &= ~(uint32_t)FATTR_SIZE;
	/* With a file for ftruncate(2) alone. */
	if (handle != NULL && (arg.valid & FATTR_SIZE)) {
		arg.valid |= FATTR_FH;
		arg.fh = handle->fh;
		node = handle->node;
	}
	SEND(requests, .opcode = FUSE_SETATTR, .node = node, ARG(arg));
}

void request_stat_fs(struct requests *requests)
{
	SEND(requests, .opcode = FUSE_STATFS, .node = next_node(requests));
}

/* ---- extended attributes ---- */

static const char *xattr_name(struct requests *requests)
{
	static const char *const known[] = { "user.a",
					     "user.b",
					     "trusted.a",
					     "security.a",
					     "security.capability",
					     "system.posix_acl_access",
					     "system.posix_acl_default",
					     "user.",
					     "x",
					     "" };

	return known[input_byte(&requests->input) % (sizeof(known) / sizeof(*known))];
}

/* clang-format off */
static const uint8_t acl[] = {
	2, 0, 0, 0,
	0x01, 0, 6, 0, 255, 255, 255, 255, /* user::rw- */
	0x02, 0, 6, 0, 232, 3, 0, 0,	   /* user:1000:rw- */
	0x04, 0, 4, 0, 255, 255, 255, 255, /* group::r-- */
	0x10, 0, 6, 0, 255, 255, 255, 255, /* mask::rw- */
	0x20, 0, 0, 0, 255, 255, 255, 255, /* other::--- */
};
/* clang-format on */

/* Bytes of the input, or an ACL, of which one byte may be another. */
static size_t xattr_value(struct requests *requests, uint8_t value[64])
{
	const size_t len = input_byte(&requests->input) % 65;

	if (len == 64) {
		size_t at;

		memcpy(value, acl, sizeof(acl));
		at = input_byte(&requests->input) % sizeof(acl);
		value[at] ^= input_byte(&requests->input);
		return sizeof(acl);
	}
	for (size_t i = 0; i < len; i++)
		value[i] = input_byte(&requests->input);
	return len;
}

void request_set_xattr(struct requests *requests)
{
	const char *name = xattr_name(requests);
	uint8_t value[64];
	const size_t len = xattr_value(requests, value);
	/* As long as it is for a daemon without FUSE_SETXATTR_EXT. */
	const struct fuse_setxattr_in arg = { .size = (uint32_t)len,
					      .flags = input_byte(&requests->input) % 3 };

	SEND(requests, .opcode = FUSE_SETXATTR, .node = next_node(requests), .arg = &arg,
	     .arg_len = FUSE_COMPAT_SETXATTR_IN_SIZE, .names = { name }, .data = value,
	     .data_len = len);
}

void request_get_xattr(struct requests *requests)
{
	const struct fuse_getxattr_in arg = { .size = (uint32_t)next_size(requests) };

	SEND(requests, .opcode = FUSE_GETXATTR, .node = next_node(requests), ARG(arg),
	     .size = arg.size, .names = { xattr_name(requests) });
}

void request_list_xattr(struct requests *requests)
{
	const struct fuse_getxattr_in arg = { .size = (uint32_t)next_size(requests) };

	SEND(requests, .opcode = FUSE_LISTXATTR, .node = next_node(requests), ARG(arg),
	     .size = arg.size);
}

void request_remove_xattr(struct requests *requests)
{
	SEND(requests, .opcode = FUSE_REMOVEXATTR, .node = next_node(requests),
	     .names = { xattr_name(requests) });
}
