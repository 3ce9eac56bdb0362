/* SPDX-License-Identifier: MIT */
#include "session.h"

#include "data.h"
#include "device.h"
#include "locks.h"
#include "mountpoint.h"
#include "op_dir.h"
#include "root.h"
#include "uring.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static int fail(message_line message, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message_line), format, args);
	va_end(args);
	return -1;
}

/* Each open file takes a descriptor. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int open_objects(struct fs *fs, const struct options *options, message_line message)
{
	struct stat st;

	*fs = (struct fs){
		.options = options,
		.space = pshm_space_open(),
		.root_lock = -1,
		.view = { .separator = options->separator, .flat = options->flat },
		.names = NAMES_INITIALIZER,
		.directories_lock = PTHREAD_MUTEX_INITIALIZER,
		.marks = { .watch = -1 },
	};
	holds_init(&fs->holds);
	quota_init(&fs->quota, options);
	for (size_t i = 0; i < BACKING_LOCKS; i++)
		pthread_mutex_init(&fs->backing_locks[i], NULL);
	if (fs->space < 0 || fstat(fs->space, &st) < 0)
		return fail(message, "cannot open %s: %s: mount a tmpfs there", pshm_space_path(),
			    strerror(errno));
	marks_init(&fs->marks, &fs->view, fs->space);
	fs->locks = locks_new();
	if (root_enter(fs, &st.st_ino, message, sizeof(message_line)) < 0)
		return -1;
	fs->view.shares = options->shares;
	if (fs->locks == NULL || nodes_init(&fs->nodes, &fs->view, st.st_ino) < 0)
		return fail(message, "out of memory");
	return root_begin(fs, message, sizeof(message_line));
}

static int new_session(struct fs *fs, message_line message)
{
	char name[] = "shmfuse", o[] = "-o", d[] = "-d";
	char *argv[] = { name, o, fs->options->mount_options, d, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(fs->options->debug ? 4 : 3, argv);

	fs->session = fuse_session_new(&args, &fs_operations, sizeof(fs_operations), fs);
	fuse_opt_free_args(&args);
	return fs->session != NULL ? 0 : fail(message, "libfuse cannot make a session");
}

/* The kernel's first request settles what both sides can do; it is answered
 * here, so that the passthrough path can be tried before anybody uses it. An
 * unmount or a signal may come first: the session is over then, and well. */
static int answer_init(struct fs *fs)
{
	struct fuse_buf buf = { 0 };
	int size;

	do
		size = fuse_session_receive_buf(fs->session, &buf);
	while (size == -EINTR && !fuse_session_exited(fs->session));
	if (size > 0)
		fuse_session_process_buf(fs->session, &buf);
	free(buf.mem);
	return size > 0 && fuse_session_exited(fs->session) ? -1 : 0;
}

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
		return fail(message, "data=passthrough: %s; data=mapped works without", fault);
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
	fault = uring_fault(fs->uring);
	if (fault == NULL)
		return 0;
	if (wanted == TRANSPORT_URING)
		return fail(message, "io_uring=on: %s; io_uring=off works without", fault);
	snprintf(warning, sizeof(message_line), "no io_uring: %s; requests come by /dev/fuse",
		 fault);
	return 0;
}

int session_start(struct fs *fs, const struct options *options, message_line message,
		  struct session_warnings *warnings)
{
	*warnings = (struct session_warnings){ 0 };
	umask(0); /* the callers' counts, see op_make.c */
	raise_descriptor_limit();
	if (open_objects(fs, options, message) < 0 || new_session(fs, message) < 0)
		goto failed;
	if (fuse_set_signal_handlers(fs->session) < 0) {
		fail(message, "cannot set signal handlers");
		goto failed;
	}
	if (mountpoint_mount(fs->session, options->mountpoint, message, sizeof(message_line)) < 0)
		goto failed;
	if (options->transport != TRANSPORT_DEVICE)
		fs->uring = uring_attach(fs->session);
	if (fs->uring == NULL)
		device_attach(fs->session);
	if (answer_init(fs) < 0) {
		fail(message, "the kernel does not begin a FUSE session on %s",
		     options->mountpoint);
		goto failed;
	}
	if (settle_transport(fs, message, warnings->transport) < 0 ||
	    settle_data_path(fs, message, warnings->data) < 0)
		goto failed;
	return 0;

failed:
	session_stop(fs);
	return -1;
}

int session_serve(struct fs *fs, message_line message)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int result;

	if (config == NULL)
		return fail(message, "out of memory");
	result = fuse_session_loop_mt(fs->session, config);
	fuse_loop_cfg_destroy(config);
	/* A signal's number is a good end as well. */
	return result >= 0 || result == -ECONNABORTED
		       ? 0
		       : fail(message, "the session broke: %s", strerror(-result));
}

void session_stop(struct fs *fs)
{
	uring_stop(fs->uring);
	if (fs->session != NULL) {
		fuse_session_unmount(fs->session);
		fuse_remove_signal_handlers(fs->session);
	}
	/* Waits reply to their requests at the end: before the session goes. */
	if (fs->locks != NULL) {
		locks_free(fs->locks);
		nodes_visit(&fs->nodes, lock_owners_free);
	}
	if (fs->session != NULL)
		fuse_session_destroy(fs->session);
	uring_free(fs->uring);
	op_dir_end(fs);
	root_end(fs);
	holds_free(&fs->holds);
	marks_free(&fs->marks);
	nodes_destroy(&fs->nodes);
	if (fs->space >= 0)
		pshm_close(fs->space);
}
