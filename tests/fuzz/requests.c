/* SPDX-License-Identifier: MIT */
#include "requests.h"

#include "fuzz.h"
#include "native.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *next_name(struct requests *requests, int i)
{
	return input_read_name(&requests->input, requests->options.separator, requests->names[i]);
}

size_t next_size(struct requests *requests)
{
	const size_t most = KERNEL_REPLY - sizeof(struct fuse_out_header);
	const uint64_t size = input_number(&requests->input);

	return size < most ? (size_t)size : most;
}

uint32_t next_mode(struct requests *requests)
{
	const uint32_t high = input_byte(&requests->input);

	return (high << 6 | input_byte(&requests->input)) & 07777;
}

uint64_t next_node_of(struct requests *requests, bool directory)
{
	const uint8_t which = input_byte(&requests->input);
	uint64_t ids[KERNEL_NODES];
	unsigned count = 0;

	if (which >= 0xf0)
		return (uint64_t)which << 24 | input_byte(&requests->input);
	for (size_t i = 0; i < KERNEL_NODES; i++) {
		const struct kernel_node *node = &requests->kernel.nodes[i];

		if (node->id != 0 && node->directory == directory)
			ids[count++] = node->id;
	}
	return count > 0 ? ids[which % count] : UINT64_MAX;
}

uint64_t next_directory(struct requests *requests)
{
	return next_node_of(requests, true);
}

uint64_t next_file(struct requests *requests)
{
	return next_node_of(requests, false);
}

uint64_t next_node(struct requests *requests)
{
	return next_node_of(requests, input_byte(&requests->input) & 1);
}

struct kernel_handle *next_handle(struct requests *requests, bool directory)
{
	struct kernel_handle *handles[KERNEL_HANDLES];
	const uint8_t which = input_byte(&requests->input);
	unsigned count = 0;

	for (size_t i = 0; i < KERNEL_HANDLES; i++) {
		struct kernel_handle *handle = &requests->kernel.handles[i];

		if (handle->used && handle->directory == directory)
			handles[count++] = handle;
	}
	return count > 0 ? handles[which % count] : NULL;
}

bool has_room_for_handle(const struct requests *requests)
{
	for (size_t i = 0; i < KERNEL_HANDLES; i++)
		if (!requests->kernel.handles[i].used)
			return true;
	return false;
}

bool send_request(struct requests *requests, struct kernel_request *request)
{
	const struct kernel_reply *reply;

	request->uid = requests->uid;
	request->gid = requests->gid;
	request->lost = requests->lost;
	reply = kernel_send(&requests->kernel, request);
	return reply != NULL && reply->error == 0 && !request->lost;
}

/* ---- what must be so after a request ---- */

static uint64_t told_node(const struct requests *requests)
{
	struct fuse_entry_out entry;

	memcpy(&entry, requests->kernel.reply.body, sizeof(entry));
	return entry.nodeid;
}

/* The node of a name; 0 where there is none. */
static uint64_t look_up(struct requests *requests, uint64_t directory, const char *name)
{
	const struct kernel_request request = { .opcode = FUSE_LOOKUP,
						.node = directory,
						.names = { name } };
	const struct kernel_reply *reply = kernel_send(&requests->kernel, &request);

	/* With ac the kernel asks for the directory then, and begins anew. */
	if (reply->error == -ESTALE && requests->options.ac) {
		const struct fuse_getattr_in arg = { 0 };

		SEND(requests, .opcode = FUSE_GETATTR, .node = directory, ARG(arg));
		reply = kernel_send(&requests->kernel, &request);
	}
	REQUIRE(reply->error == 0 || reply->error == -ENOENT);
	return reply->error == 0 ? told_node(requests) : 0;
}

void check_made(struct requests *requests, const struct kernel_request *request)
{
	const uint64_t node = told_node(requests);

	REQUIRE(look_up(requests, request->node, request->names[0]) == node);
}

/* Natively there may be a directory whose path the file had. */
void check_removed(struct requests *requests, const struct kernel_request *request)
{
	const uint64_t node = look_up(requests, request->node, request->names[0]);

	REQUIRE(node == 0 || native_has_interfered());
}

/* Two names of one object both stay (man 2 rename). */
void check_renamed(struct requests *requests, const struct kernel_request *request)
{
	const struct fuse_rename2_in *arg = request->arg;
	const uint64_t new = look_up(requests, arg->newdir, request->names[1]);
	const uint64_t old = look_up(requests, request->node, request->names[0]);

	REQUIRE(new != 0);
	if (arg->flags == RENAME_EXCHANGE)
		REQUIRE(old != 0);
	else
		REQUIRE(old == 0 || old == new || native_has_interfered());
}

/* ---- what is not in the table ---- */

static void unsupported(struct requests *requests)
{
	static const uint8_t zeros[128];
	const uint32_t opcodes[] = {
		FUSE_READLINK,	 FUSE_ACCESS,		FUSE_BMAP,	FUSE_IOCTL, FUSE_POLL,
		50 /* SYNCFS */, 48 /* SETUPMAPPING */, 52 /* STATX */, 60,	    4095
	};
	struct kernel_request request = {
		.opcode = opcodes[input_byte(&requests->input) %
				  (sizeof(opcodes) / sizeof(*opcodes))],
		.node = next_node(requests),
		.uid = requests->uid,
		.arg = zeros,
		.arg_len = sizeof(zeros),
	};

	REQUIRE(kernel_send(&requests->kernel, &request)->error == -ENOSYS);
}

/* ---- others ---- */

static void native_deed(struct requests *requests)
{
	const uint8_t deed = input_byte(&requests->input);
	const char *name = next_name(requests, 0), *other = next_name(requests, 1);

	native_do(deed, name, other, input_number(&requests->input));
}

/* ---- all of them ---- */

static void (*const operations[])(struct requests *requests) = {
	request_lookup,
	request_forget,
	request_forget_wild,
	request_mknod_file,
	request_make_directory,
	request_make_symlink,
	request_remove_file,
	request_remove_directory,
	request_rename_name,
	request_make_link,
	request_get_attr,
	request_set_attr,
	request_stat_fs,
	request_set_xattr,
	request_get_xattr,
	request_list_xattr,
	request_remove_xattr,
	request_create_file,
	request_create_unnamed,
	request_open_file,
	request_release_file,
	request_read_file,
	request_write_file,
	request_flush_file,
	request_sync_file,
	request_allocate,
	request_seek,
	request_copy,
	request_open_directory,
	request_read_directory,
	request_lock,
	request_interrupt,
	unsupported,
	native_deed,
};

/* First which, then who: the first bits say whose it is, the highest numbers
 * that nobody waits for the reply. */
void requests_next(struct requests *requests)
{
	const uint32_t ids[] = { 0, 1000, 1001, 65534 };
	const uint8_t which = input_byte(&requests->input), who = input_byte(&requests->input);

	requests->uid = ids[who & 3];
	requests->gid = ids[who >> 2 & 3];
	requests->lost = who >= 0xe0;
	operations[which % (sizeof(operations) / sizeof(*operations))](requests);
}
