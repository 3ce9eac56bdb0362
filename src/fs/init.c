/* SPDX-License-Identifier: MIT */
#include "init.h"

#include "data.h"
#include "timeout.h"
#include "uring.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Linux 6.9 (FUSE_HAS_RESEND). */
#define HAS_RESEND ((uint32_t)1 << 7)

static bool can_resend(const struct fuse_buf *init)
{
	const struct fuse_in_header *in = init->mem;
	struct fuse_init_in arg = { 0 };

	if (init->size < sizeof(*in) + sizeof(arg))
		return false;
	memcpy(&arg, in + 1, sizeof(arg));
	return (arg.flags2 & HAS_RESEND) != 0;
}

/* For the next process, which is not asked by the kernel. */
static int keep_init(struct fs *fs, const struct fuse_buf *init, message_line message)
{
	struct handover *handover = fs->handover;

	handover->can_resend =
		fs->is_attached && can_resend(init) && init->size <= sizeof(handover->init);
	if (handover->can_resend)
		memcpy(handover->init, init->mem, init->size);
	else if (fs->options->supervise == SUPERVISE_ON)
		return message_fail(
			message, "supervise: the kernel cannot send again what a dead process had "
				 "taken (Linux 6.9 brings it): mount without supervise");
	return 0;
}

/* After an unmount or a signal there was none, which is well. */
static bool has_begun(const struct fs *fs, int size)
{
	if (fuse_session_exited(fs->session))
		return size <= 0;
	return size > 0 && fs->proto_major > 0;
}

/* The kernel's first request settles what both sides can do; it is answered
 * here, so that the passthrough path can be tried before anybody uses it. An
 * unmount or a signal may come first: the session is over then, and well. */
static int answer(struct fs *fs, message_line message)
{
	struct fuse_buf buf = { 0 };
	int size, error = 0;

	do
		size = fuse_session_receive_buf(fs->session, &buf);
	while (size == -EINTR && !fuse_session_exited(fs->session));
	if (size > 0 && fs->options->supervise != SUPERVISE_OFF)
		error = keep_init(fs, &buf, message);
	if (size > 0 && error == 0)
		fuse_session_process_buf(fs->session, &buf);
	free(buf.mem);
	if (error == 0 && !has_begun(fs, size))
		error = message_fail(message, "the kernel does not begin a FUSE session on %s",
				     fs->options->mountpoint);
	return error < 0 ? error : size > 0 ? size : 0;
}

/* ---- what it settles ---- */

static const char *passthrough_fault(int error)
{
	switch (error) {
	case -EPERM:
		return "it needs CAP_SYS_ADMIN in the initial user namespace";
	case -ELOOP:
		return "the shm file system is stacked too deep";
	case -EOPNOTSUPP:
		return "the shm file system cannot be a backing file";
	default:
		return strerror(-error);
	}
}

static int settle_data_path(struct fs *fs, message_line message, message_line warning)
{
	const char *fault = NULL;
	int error;

	if (fs->options->data == DATA_MAPPED || fuse_session_exited(fs->session))
		return 0;
	error = fs->passthrough ? passthrough_probe(fs) : 0;
	if (!fs->passthrough)
		fault = "the kernel has no FUSE passthrough (Linux 6.9 brings it)";
	else if (error < 0)
		fault = passthrough_fault(error);
	if (fault == NULL)
		return 0;
	if (fs->options->data == DATA_PASSTHROUGH)
		return message_fail(message, "data=passthrough: %s; data=mapped works without",
				    fault);
	fs->passthrough = false;
	snprintf(warning, sizeof(message_line),
		 "no passthrough: %s; data goes through the daemon, and shared mappings are "
		 "refused (ENODEV)",
		 fault);
	return 0;
}

static int settle_transport(struct fs *fs, message_line message, message_line warning)
{
	const enum transport wanted = fs->options->transport;
	const char *fault;

	if (wanted == TRANSPORT_DEVICE || fuse_session_exited(fs->session))
		return 0;
	fault = fs->options->supervise != SUPERVISE_OFF ? "supervise goes without it"
							: uring_fault(fs->uring);
	if (fault == NULL)
		return 0;
	if (wanted == TRANSPORT_URING)
		return message_fail(message, "io_uring=on: %s; io_uring=off works without", fault);
	snprintf(warning, sizeof(message_line), "no io_uring: %s; requests come by /dev/fuse",
		 fault);
	return 0;
}

static int settle_timeout(struct fs *fs, message_line message, message_line warning)
{
	const char *fault = timeout_fault(fs);

	if (fuse_session_exited(fs->session))
		return 0;
	if (fault != NULL)
		return message_fail(message, "request_timeout: %s; leave it out", fault);
	timeout_warn(fs, warning, sizeof(message_line));
	return 0;
}

/* ---- the whole ---- */

int init_answer(struct fs *fs, message_line message, struct session_warnings *warnings)
{
	const int size = answer(fs, message);

	if (size < 0 || settle_transport(fs, message, warnings->transport) < 0 ||
	    settle_data_path(fs, message, warnings->data) < 0 ||
	    settle_timeout(fs, message, warnings->timeout) < 0)
		return -1;
	fs->handover->passthrough = fs->passthrough;
	fs->handover->init_size = (uint32_t)size;
	return 0;
}

/* The same again for libfuse; the kernel does not know the answer any more, and
 * says so. */
void init_repeat(struct fs *fs)
{
	char copy[sizeof(fs->handover->init)];
	struct fuse_buf buf = { .mem = copy, .size = fs->handover->init_size };

	memcpy(copy, fs->handover->init, sizeof(copy));
	fuse_session_process_buf(fs->session, &buf);
}
