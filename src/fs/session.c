/* SPDX-License-Identifier: MIT */
#include "session.h"

#include "counters.h"
#include "device.h"
#include "init.h"
#include "locks.h"
#include "log.h"
#include "mountpoint.h"
#include "op_dir.h"
#include "replay.h"
#include "root.h"
#include "takeover.h"
#include "uring.h"
#include "workers.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What an earlier program handed over, or room for what this one will. */
static int open_handover(struct fs *fs, int inherited, message_line message)
{
	fs->is_inherited = inherited >= 0;
	fs->handover_fd = inherited;
	fs->handover = inherited >= 0 ? handover_map(inherited)
				      : handover_new(fs->options->supervise != SUPERVISE_OFF,
						     &fs->handover_fd);
	if (fs->handover == NULL)
		return message_fail(message, "no memory for open files: %s", strerror(errno));
	if (inherited >= 0)
		fs->root_lock = fs->handover->root_lock;
	if (fs->handover->background)
		log_to_system();
	return opened_init(&fs->opened, fs->handover) < 0 ? message_fail(message, "out of memory")
							  : 0;
}

static int open_objects(struct fs *fs, message_line message)
{
	struct stat st;

	fs->space = pshm_space_open();
	if (fs->space < 0 || fstat(fs->space, &st) < 0)
		return message_fail(message, "cannot open %s: %s: mount a tmpfs there",
				    pshm_space_path(), strerror(errno));
	marks_init(&fs->marks, &fs->view, fs->space);
	fs->locks = locks_new(fs->handover);
	if (root_enter(fs, &st.st_ino, message) < 0)
		return -1;
	fs->view.shares = fs->options->shares;
	fs->counters = counters_new();
	if (fs->locks == NULL || fs->counters == NULL ||
	    nodes_init(&fs->nodes, &fs->view, st.st_ino) < 0)
		return message_fail(message, "out of memory");
	return fs->root_lock < 0 ? root_begin(fs, message) : 0;
}

static void init_fs(struct fs *fs, const struct options *options)
{
	*fs = (struct fs){
		.options = options,
		.space = -1,
		.root_lock = -1,
		.handover_fd = -1,
		.view = { .separator = options->separator, .flat = options->flat },
		.names = NAMES_INITIALIZER,
		.left_lock = PTHREAD_MUTEX_INITIALIZER,
		.marks = { .watch = -1 },
	};
	holds_init(&fs->holds);
	quota_init(&fs->quota, options);
	for (size_t i = 0; i < BACKING_LOCKS; i++)
		pthread_mutex_init(&fs->backing_locks[i], NULL);
}

static int new_session(struct fs *fs, message_line message)
{
	char name[] = "shmfuse", o[] = "-o", d[] = "-d";
	char *argv[] = { name, o, fs->options->mount_options, d, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(fs->options->debug ? 4 : 3, argv);

	fs->session = fuse_session_new(&args, &fs_operations, sizeof(fs_operations), fs);
	fuse_opt_free_args(&args);
	return fs->session != NULL ? 0 : message_fail(message, "libfuse cannot make a session");
}

/* ---- what is given away ---- */

/* libfuse unmounts by itself for user 0, and by fusermount3 for others; a keeper
 * does that for its child. */
struct confinement session_confinement(const struct fs *fs)
{
	const bool privileged = geteuid() == 0;

	return (struct confinement){
		.space = fs->space,
		.privileged = privileged,
		.root_callers = !fs->options->owners.users.is_one,
		.unmounts = privileged && !fs->is_kept,
		.runs_programs = !privileged && !fs->is_kept,
		.debug = fs->options->debug,
	};
}

static void tell_confinement(int error, const char *fault, message_line warning)
{
	if (error < 0 && warning[0] == '\0')
		snprintf(warning, sizeof(message_line),
			 "less confined than it should be: %s: %s; see doc/security.md", fault,
			 strerror(-error));
}

static void confine_before_threads(const struct fs *fs, message_line warning)
{
	struct confinement confinement = session_confinement(fs);
	const char *fault;
	int error;

	confinement.passthrough = fs->options->data != DATA_MAPPED;
	error = confine_privileges(&confinement, &fault);
	tell_confinement(error, fault, warning);
}

static void confine_to_serve(const struct fs *fs, message_line warning)
{
	struct confinement confinement = session_confinement(fs);
	const char *fault;
	int error;

	confinement.passthrough = fs->passthrough;
	confinement.io_uring = fs->uring != NULL && uring_fault(fs->uring) == NULL;
	error = confine_calls(&confinement, &fault);
	tell_confinement(error, fault, warning);
}

/* ---- begin and end ---- */

/* libfuse knows a mount that is there already by its descriptor. */
static int mount_session(struct fs *fs, bool inherited, message_line message)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/fd/%d", fs->handover->device);
	return mountpoint_mount(fs->session, inherited ? path : fs->options->mountpoint, message);
}

int session_prepare(struct fs *fs, const struct options *options, int inherited,
		    message_line message)
{
	umask(0); /* the callers' counts, see op_make.c */
	init_fs(fs, options);
	if (open_handover(fs, inherited, message) < 0 || open_objects(fs, message) < 0 ||
	    new_session(fs, message) < 0)
		return -1;
	return fuse_set_signal_handlers(fs->session) == 0
		       ? 0
		       : message_fail(message, "cannot set signal handlers");
}

int session_mount(struct fs *fs, const struct options *options, int inherited, message_line message)
{
	if (session_prepare(fs, options, inherited, message) < 0)
		goto failed;
	if (mount_session(fs, inherited >= 0, message) < 0)
		goto failed;
	fs->mount_id = mountpoint_id(options->mountpoint);
	return 0;

failed:
	session_stop(fs);
	return -1;
}

static int begin_again(struct fs *fs, message_line message)
{
	int error;

	init_repeat(fs);
	fs->passthrough = fs->handover->passthrough;
	error = takeover_restore(fs);
	if (error == 0)
		error = takeover_resend(fs);
	return error < 0 ? message_fail(message, "cannot take over: %s", strerror(-error)) : 0;
}

/* Workers last: a mount that answers has started. -1 and errno. */
static int start_threads(struct fs *fs)
{
	const int error = counters_listen(fs->counters);

	if (error < 0) {
		errno = -error;
		return -1;
	}
	fs->workers = workers_start(fs);
	return fs->workers != NULL ? 0 : -1;
}

/* Between libfuse and the kernel. */
static int attach(struct fs *fs, message_line message)
{
	const bool supervised = fs->options->supervise != SUPERVISE_OFF;

	if (fs->options->transport != TRANSPORT_DEVICE && !supervised)
		fs->uring = uring_attach(fs->session, fs->counters);
	fs->is_attached = fs->uring == NULL && device_attach(fs->session, fs->counters);
	if (!fs->is_attached && fs->options->supervise == SUPERVISE_ON)
		return message_fail(message, "supervise: this libfuse was built without custom-io");
	return 0;
}

int session_begin(struct fs *fs, message_line message, struct session_warnings *warnings)
{
	int error;

	*warnings = (struct session_warnings){ 0 };
	replay_take_over(fs->handover);
	marks_watch(&fs->marks);
	if (attach(fs, message) < 0)
		return -1;
	error = confine_load();
	if (error < 0)
		return message_fail(message, "cannot start a thread: %s", strerror(-error));
	confine_before_threads(fs, warnings->confinement);
	if ((fs->handover->init_size == 0 ? init_answer(fs, message, warnings)
					  : begin_again(fs, message)) < 0)
		return -1;
	confine_to_serve(fs, warnings->confinement);
	return start_threads(fs) == 0
		       ? 0
		       : message_fail(message, "cannot start a thread: %s", strerror(errno));
}

int session_serve(struct fs *fs, message_line message)
{
	const int result = workers_serve(fs->workers);

	if (result < 0 && result != -ECONNABORTED)
		return message_fail(message, "the session broke: %s", strerror(-result));
	/* A signal is a good end, and so is an unmount. */
	if (result <= 0 && mountpoint_is_left(fs->options->mountpoint, fs->mount_id))
		return message_fail(message,
				    "the kernel has ended the connection of %s: mount it again%s",
				    fs->options->mountpoint,
				    fs->options->request_timeout > 0
					    ? "; a request took longer than request_timeout"
					    : "");
	return 0;
}

/* What an earlier program mounted libfuse does not unmount. */
static void unmount(struct fs *fs)
{
	if (fs->is_inherited)
		mountpoint_unmount(fs->options->mountpoint, fuse_session_fd(fs->session));
	else
		fuse_session_unmount(fs->session);
}

void session_leave(void)
{
	/* unshare(2), which does no more, is among what is given away. */
	close_range(UINT_MAX, UINT_MAX, CLOSE_RANGE_UNSHARE);
}

void session_stop(struct fs *fs)
{
	workers_free(fs->workers);
	uring_stop(fs->uring);
	holds_free(&fs->holds);
	if (fs->session != NULL && !fs->is_kept)
		unmount(fs);
	if (fs->session != NULL)
		fuse_remove_signal_handlers(fs->session);
	/* Waits reply to their requests at the end: before the session goes. */
	if (fs->locks != NULL) {
		locks_free(fs->locks);
		nodes_visit(&fs->nodes, lock_owners_free);
	}
	if (fs->session != NULL)
		fuse_session_destroy(fs->session);
	uring_free(fs->uring);
	counters_free(fs->counters);
	op_dir_end(fs);
	if (!fs->is_kept)
		root_end(fs);
	marks_free(&fs->marks);
	nodes_destroy(&fs->nodes);
	opened_free(&fs->opened);
	name_list_clear(&fs->left);
	if (fs->space >= 0)
		pshm_close(fs->space);
	handover_free(fs->handover);
}
