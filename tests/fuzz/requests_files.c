/* SPDX-License-Identifier: MIT */
/* Requests for open files, open directories and locks. */
#include "requests.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ---- */

/* Without those that the kernel keeps to itself (fuse_create_open()). */
static uint32_t open_flags(struct requests *requests)
{
	const uint32_t more[] = { 0, O_TRUNC, O_APPEND, O_NOATIME };
	const uint8_t bits = input_byte(&requests->input);

	return (uint32_t)(bits % 3) | more[bits >> 2 & 3] | (bits & 0x10 ? O_EXCL : 0);
}

void request_create_file(struct requests *requests)
{
	const struct fuse_create_in arg = { .flags = open_flags(requests) | O_CREAT,
					    .mode = S_IFREG | next_mode(requests),
					    .umask = 022 };
	struct kernel_request request = { .opcode = FUSE_CREATE,
					  .node = next_directory(requests),
					  ARG(arg),
					  .names = { next_name(requests, 0) } };

	if (has_room_for_handle(requests) && send_request(requests, &request))
		check_made(requests, &request);
}

void request_create_unnamed(struct requests *requests)
{
	const struct fuse_create_in arg = { .flags = (open_flags(requests) & ~(uint32_t)O_TRUNC) |
						     O_TMPFILE,
					    .mode = S_IFREG | next_mode(requests),
					    .umask = 022 };

	/* fuse_tmpfile() sends an empty name. */
	if (has_room_for_handle(requests))
		SEND(requests, .opcode = KERNEL_TMPFILE, .node = next_directory(requests), ARG(arg),
		     .names = { "" });
}

void request_open_file(struct requests *requests)
{
	const struct fuse_open_in arg = { .flags = open_flags(requests),
					  .open_flags = input_byte(&requests->input) & 1 };

	if (has_room_for_handle(requests))
		SEND(requests, .opcode = FUSE_OPEN, .node = next_file(requests), ARG(arg));
}

void request_release_file(struct requests *requests)
{
	struct kernel_handle *handle = next_handle(requests, input_byte(&requests->input) & 1);

	if (handle != NULL && handle->waits == 0)
		kernel_release(&requests->kernel, handle);
}

void request_read_file(struct requests *requests)
{
	const struct kernel_handle *handle = next_handle(requests, false);
	struct fuse_read_in arg = { .offset = input_offset(&requests->input) };

	if (handle == NULL)
		return;
	arg.fh = handle->fh;
	arg.size = (uint32_t)next_size(requests);
	SEND(requests, .opcode = FUSE_READ, .node = handle->node, ARG(arg), .size = arg.size);
}

void request_write_file(struct requests *requests)
{
	static const uint8_t data[8192] = { 1, 2, 3 };
	const struct kernel_handle *handle = next_handle(requests, false);
	size_t size = next_size(requests) % (sizeof(data) + 1);
	struct fuse_write_in arg = { .offset = input_offset(&requests->input),
				     .write_flags = input_byte(&requests->input) &
						    FUSE_WRITE_KILL_SUIDGID };

	if (handle == NULL)
		return;
	/* generic_write_checks() cuts off what no offset reaches. */
	if (size > INT64_MAX - arg.offset)
		size = INT64_MAX - arg.offset;
	arg.fh = handle->fh;
	arg.size = (uint32_t)size;
	arg.flags = handle->flags;
	SEND(requests, .opcode = FUSE_WRITE, .node = handle->node, ARG(arg), .size = size,
	     .data = data, .data_len = size);
}

void request_flush_file(struct requests *requests)
{
	const struct kernel_handle *handle = next_handle(requests, false);
	struct fuse_flush_in arg = { .lock_owner = input_byte(&requests->input) % 3 };

	if (handle == NULL)
		return;
	arg.fh = handle->fh;
	SEND(requests, .opcode = FUSE_FLUSH, .node = handle->node, ARG(arg));
}

void request_sync_file(struct requests *requests)
{
	const bool directory = input_byte(&requests->input) & 1;
	const struct kernel_handle *handle = next_handle(requests, directory);
	struct fuse_fsync_in arg = { .fsync_flags = 0 };

	if (handle == NULL)
		return;
	arg.fh = handle->fh;
	SEND(requests, .opcode = directory ? FUSE_FSYNCDIR : FUSE_FSYNC, .node = handle->node,
	     ARG(arg));
}

void request_allocate(struct requests *requests)
{
	/* Those that fuse_file_fallocate() lets pass. */
	const uint32_t modes[] = { 0, FALLOC_FL_KEEP_SIZE,
				   FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE,
				   FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE };
	const struct kernel_handle *handle = next_handle(requests, false);
	struct fuse_fallocate_in arg = { .offset = input_offset(&requests->input),
					 .length = input_offset(&requests->input),
					 .mode = modes[input_byte(&requests->input) % 5] };

	/* vfs_fallocate() has seen to it that they make an offset. */
	if (handle == NULL || arg.length == 0 || arg.offset > INT64_MAX - arg.length)
		return;
	arg.fh = handle->fh;
	SEND(requests, .opcode = FUSE_FALLOCATE, .node = handle->node, ARG(arg));
}

void request_seek(struct requests *requests)
{
	const struct kernel_handle *handle = next_handle(requests, false);
	struct fuse_lseek_in arg = { .offset = input_number(&requests->input),
				     .whence = input_byte(&requests->input) & 1 ? SEEK_HOLE
										: SEEK_DATA };

	if (handle == NULL)
		return;
	arg.fh = handle->fh;
	SEND(requests, .opcode = FUSE_LSEEK, .node = handle->node, ARG(arg));
}

void request_copy(struct requests *requests)
{
	const struct kernel_handle *in = next_handle(requests, false),
				   *out = next_handle(requests, false);
	struct fuse_copy_file_range_in arg = { .off_in = input_offset(&requests->input),
					       .off_out = input_offset(&requests->input),
					       .len = input_number(&requests->input) & 0x7ffff000 };

	/* generic_copy_file_checks() has seen to it that they make offsets. */
	if (in == NULL || arg.len > INT64_MAX - arg.off_in || arg.len > INT64_MAX - arg.off_out)
		return;
	arg.fh_in = in->fh;
	arg.fh_out = out->fh;
	arg.nodeid_out = out->node;
	SEND(requests, .opcode = FUSE_COPY_FILE_RANGE, .node = in->node, ARG(arg), .size = arg.len);
}

/* ---- directories ---- */

void request_open_directory(struct requests *requests)
{
	const struct fuse_open_in arg = { .flags = O_RDONLY | O_DIRECTORY };

	if (has_room_for_handle(requests))
		SEND(requests, .opcode = FUSE_OPENDIR, .node = next_directory(requests), ARG(arg));
}

void request_read_directory(struct requests *requests)
{
	const struct kernel_handle *handle = next_handle(requests, true);
	struct fuse_read_in arg = { .offset = input_offset(&requests->input) };

	if (handle == NULL)
		return;
	arg.fh = handle->fh;
	arg.size = (uint32_t)next_size(requests);
	SEND(requests, .opcode = FUSE_READDIR, .node = handle->node, ARG(arg), .size = arg.size);
}

/* ---- locks ---- */

static bool has_room_for_wait(const struct requests *requests)
{
	unsigned count = 0;

	for (size_t i = 0; i < KERNEL_HANDLES; i++)
		count += requests->kernel.handles[i].waits;
	return count < KERNEL_WAITS;
}

void request_lock(struct requests *requests)
{
	const uint32_t types[] = { F_RDLCK, F_WRLCK, F_UNLCK };
	const uint32_t opcodes[] = { FUSE_GETLK, FUSE_SETLK, FUSE_SETLKW };
	struct kernel_handle *handle = next_handle(requests, false);
	uint32_t opcode = opcodes[input_byte(&requests->input) % 3];
	const uint8_t bits = input_byte(&requests->input);
	struct fuse_lk_in arg = { .owner = 1 + bits % 3,
				  .lk = { .start = input_offset(&requests->input),
					  .end = INT64_MAX,
					  .type = types[(bits >> 2) % 3],
					  .pid = (uint32_t)getpid() } };

	if (handle == NULL)
		return;
	if (bits & 0x20)
		arg.lk.end = arg.lk.start + (bits & 0x40 ? 0 : 4096) < INT64_MAX
				     ? arg.lk.start + (bits & 0x40 ? 0 : 4096)
				     : arg.lk.start;
	if (opcode != FUSE_GETLK && (bits & 0x80))
		arg.lk_flags = FUSE_LK_FLOCK;
	if (opcode == FUSE_SETLKW && !has_room_for_wait(requests))
		opcode = FUSE_SETLK;
	arg.fh = handle->fh;
	SEND(requests, .opcode = opcode, .node = handle->node, ARG(arg), .handle = handle);
}

void request_interrupt(struct requests *requests)
{
	struct kernel_wait *wait =
		&requests->kernel.waits[input_byte(&requests->input) % KERNEL_WAITS];

	if (wait->unique != 0)
		kernel_interrupt(&requests->kernel, wait);
	else
		kernel_interrupt_late(&requests->kernel);
}
