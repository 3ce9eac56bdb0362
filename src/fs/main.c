/* SPDX-License-Identifier: MIT */
#include "background.h"
#include "check.h"
#include "keeper.h"
#include "log.h"
#include "mountpoint.h"
#include "options.h"
#include "session.h"
#include "upgrade.h"

#include "notify/notify.h"
#include "version.h"
#include "who/who.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Exit codes, as mount(8) has them. */
enum { EXIT_OK = 0, EXIT_USAGE = 1, EXIT_SYSTEM = 2 };

static void tell(const struct session_warnings *warnings)
{
	if (warnings->transport[0] != '\0')
		log_warning("%s", warnings->transport);
	if (warnings->data[0] != '\0')
		log_warning("%s", warnings->data);
	if (warnings->timeout[0] != '\0')
		log_warning("%s", warnings->timeout);
	if (warnings->confinement[0] != '\0')
		log_warning("%s", warnings->confinement);
}

/* The session from its first request to its end: the exit code. ready: for
 * background_ready(); -1: nobody waits for that. */
static int serve(struct fs *fs, int ready)
{
	const bool background = ready >= 0 || fs->handover->background;
	const bool again = fs->handover->init_size != 0;
	struct session_warnings warnings;
	message_line message;
	int status = EXIT_OK;

	if (fs->handover->background)
		log_to_system();
	if (session_begin(fs, message, &warnings) < 0) {
		log_error("%s", message);
		return again ? EX_TEMPFAIL : EXIT_SYSTEM;
	}
	tell(&warnings);
	fs->handover->background = background;
	if (background)
		log_to_system();
	else
		/* In the background it is not the process that a manager knows. */
		notify(fs->passthrough ? "READY=1\nSTATUS=passthrough: mappings are shared"
				       : "READY=1\nSTATUS=mapped: shared mappings are refused");
	if (ready >= 0) {
		background_ready(ready);
		fs->handover->told = true;
		close(ready);
	}
	if (session_serve(fs, message) < 0) {
		log_error("%s", message);
		status = EXIT_SYSTEM;
	}
	if (!background)
		notify("STOPPING=1");
	return status;
}

/* The same in a process whose parent keeps the mount. */
static int serve_kept(struct fs *fs, int ready)
{
	int status;

	fs->is_kept = true;
	status = serve(fs, ready);
	session_leave();
	session_stop(fs);
	return status;
}

static int keep(struct fs *fs, int ready)
{
	message_line message;
	const int status = keeper_keep(fs, serve_kept, ready, message);

	if (status >= 0)
		return status;
	log_error("%s", message);
	return EXIT_SYSTEM;
}

/* A user's mount is unmounted by fusermount3, which a process that serves may not
 * run any more. */
static bool needs_keeper(const struct options *options)
{
	return options->supervise != SUPERVISE_OFF || geteuid() != 0;
}

/* inherited: the handover of an earlier program, or -1. */
static int mount_and_serve(const struct options *options, int inherited, int ready)
{
	message_line message;
	struct fs fs;
	int status;

	if (session_mount(&fs, options, inherited, message) < 0) {
		log_error("%s", message);
		return EXIT_SYSTEM;
	}
	if (ready >= 0)
		background_leave();
	status = needs_keeper(options) ? keep(&fs, ready) : serve(&fs, ready);
	session_stop(&fs);
	return status;
}

static int mount_in_background(const struct options *options)
{
	int ready;
	const int status = background_enter(&ready);

	if (ready >= 0)
		return mount_and_serve(options, -1, ready);
	if (status < 0)
		log_error("no process in the background: %s", strerror(errno));
	return status < 0 ? EXIT_SYSTEM : status;
}

static int run(struct options *options)
{
	const int inherited = upgrade_inherited(&options->mountpoint);
	message_line message;
	char *mountpoint = NULL;
	int status = EXIT_USAGE;

	/* The mount point has been looked at, and this process serves what is there. */
	if (inherited >= 0)
		return mount_and_serve(options, inherited, -1);
	if (mountpoint_check_source(options->source, message) == 0 &&
	    mountpoint_resolve(options->mountpoint, &mountpoint, message) == 0) {
		options->mountpoint = mountpoint;
		status = options->foreground ? mount_and_serve(options, -1, -1)
					     : mount_in_background(options);
	} else {
		log_error("%s", message);
	}
	free(mountpoint);
	return status;
}

static int show_version(void)
{
	printf("shmfuse %s\nlibfuse %s\nhandover %d\n", SHMFUSE_VERSION, fuse_pkgversion(),
	       HANDOVER_VERSION);
	return EXIT_OK;
}

/* Else what is opened first would have the numbers of those that are closed, and get
 * what is meant for them. */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct options options;
	message_line message;
	int status = EXIT_USAGE;

	open_standard_descriptors();
	/* Ignored, which is inherited, it would hide the end of every child. */
	signal(SIGCHLD, SIG_DFL);
	if (argc > 1 && strcmp(argv[1], "who") == 0)
		return who_main(argc - 1, argv + 1);
	log_open();
	if (options_parse(&options, argc, argv, message) < 0)
		log_error("%s", message);
	else if (options.action == ACTION_HELP)
		options_help(stdout), status = EXIT_OK;
	else if (options.action == ACTION_VERSION)
		status = show_version();
	else if (options.action == ACTION_CHECK)
		status = check_machine(stdout);
	else
		status = run(&options);
	options_free(&options);
	return status;
}
