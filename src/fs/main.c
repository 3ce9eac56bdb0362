/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "log.h"
#include "mountpoint.h"
#include "options.h"
#include "session.h"

#include "version.h"

#include <stdio.h>
#include <stdlib.h>

/* Exit codes, as mount(8) has them. */
enum { EXIT_OK = 0, EXIT_USAGE = 1, EXIT_SYSTEM = 2 };

static int mount_and_serve(struct options *options)
{
	message_line message, warning;
	struct fs fs;
	int status = EXIT_OK;

	if (session_start(&fs, options, message, warning) < 0) {
		log_error("%s", message);
		return EXIT_SYSTEM;
	}
	if (warning[0] != '\0')
		log_warning("%s", warning);
	if (!options->foreground) {
		/* The parent ends here: what it started is mounted. */
		if (fuse_daemonize(0) < 0)
			status = EXIT_SYSTEM;
		log_to_system();
	}
	if (status == EXIT_OK && session_serve(&fs, message) < 0) {
		log_error("%s", message);
		status = EXIT_SYSTEM;
	}
	session_stop(&fs);
	return status;
}

static int run(struct options *options)
{
	message_line message;
	char *mountpoint = NULL;
	int status = EXIT_USAGE;

	if (mountpoint_check_source(options->source, message, sizeof(message)) == 0 &&
	    mountpoint_resolve(options->mountpoint, &mountpoint, message, sizeof(message)) == 0) {
		options->mountpoint = mountpoint;
		status = mount_and_serve(options);
	} else {
		log_error("%s", message);
	}
	free(mountpoint);
	return status;
}

static int show_version(void)
{
	printf("shmfuse %s\nlibfuse %s\n", SHMFUSE_VERSION, fuse_pkgversion());
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	struct options options;
	message_line message;
	int status = EXIT_USAGE;

	log_open();
	if (options_parse(&options, argc, argv, message, sizeof(message)) < 0)
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
