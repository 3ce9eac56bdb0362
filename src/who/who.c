/* SPDX-License-Identifier: MIT */
#include "who.h"

#include "print.h"

#include "shm/platform.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_USED = 0, EXIT_UNUSED = 1, EXIT_ERROR = 2 };

static const char usage[] =
	"Usage: shmfuse who [--json] [OBJECT...]\n"
	"\n"
	"Tells which processes have shared memory objects open or mapped, natively or\n"
	"through a mount.\n"
	"\n"
	"OBJECT is a name as shm_open(3) takes it, with or without the slash, or the\n"
	"path of a file or a directory in /dev/shm or in a mount. Without one: all\n"
	"objects that are in use, also those that have lost their names.\n"
	"\n"
	"      --json   for programs\n"
	"  -h, --help   this text\n"
	"\n"
	"Exit status: 0 somebody uses it, 1 nobody does, 2 an error.\n";

struct request {
	bool json, help;
	int count; /* of objects; 0: all */
	char **objects;
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "shmfuse who: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
	return EXIT_ERROR;
}

/* Options stand before the first object. An argument that is none of them: NULL
 * where all is well. */
static const char *parse(struct request *request, int argc, char **argv)
{
	int i = 1;

	*request = (struct request){ 0 };
	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "--json") == 0)
			request->json = true;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			request->help = true;
		else
			return argv[i];
	}
	request->count = argc - i;
	request->objects = argv + i;
	return NULL;
}

/* The scan with what it needs and what comes of it. */
struct search {
	struct targets targets;
	struct devices devices;
	struct scan scan;
	struct report report;
};

static int find_devices(struct search *search, int home)
{
	struct stat st;

	return fstat(home, &st) < 0 ? -errno : devices_find(&search->devices, st.st_dev);
}

static int search_run(struct search *search, int home)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < search->targets.count; i++)
		error = devices_want(&search->devices, search->targets.items[i].dev);
	for (size_t i = 0; error == 0 && i < search->targets.directory_count; i++)
		error = devices_want(&search->devices, search->targets.directories[i].dev);
	if (error == 0)
		error = scan_processes(&search->scan, &search->devices);
	/* Where a mount is on /dev/shm, what it shows was not known. */
	if (error == 0)
		error = devices_learn(&search->devices);
	if (error > 0) {
		scan_free(&search->scan);
		error = scan_processes(&search->scan, &search->devices);
	}
	if (error == 0)
		error = report_make(&search->report, &search->scan, &search->targets, home);
	return error;
}

static void search_free(struct search *search)
{
	report_free(&search->report);
	scan_free(&search->scan);
	devices_free(&search->devices);
	targets_free(&search->targets);
}

static int show(const struct search *search, bool json)
{
	const struct report *report = &search->report;

	if (json)
		print_json(stdout, report);
	else if (report->count > 0)
		print_table(stdout, report);
	if (search->scan.unreadable > 0)
		fprintf(stderr, "shmfuse who: processes not looked into, for lack of rights: %u\n",
			search->scan.unreadable);
	if (fflush(stdout) != 0 || ferror(stdout))
		return fail("standard output", strerror(errno));
	return report->count > 0 ? EXIT_USED : EXIT_UNUSED;
}

static int answer(const struct request *request, int home)
{
	struct search search = { 0 };
	char message[512];
	int status, error;

	error = find_devices(&search, home);
	if (error < 0) {
		status = fail("the mounts", strerror(-error));
	} else if (targets_find(&search.targets, &search.devices, home, request->count,
				request->objects, message, sizeof(message)) < 0) {
		status = fail(message, "");
	} else {
		error = search_run(&search, home);
		status = error < 0 ? fail("the scan", strerror(-error))
				   : show(&search, request->json);
	}
	search_free(&search);
	return status;
}

int who_main(int argc, char **argv)
{
	struct request request;
	const char *unknown = parse(&request, argc, argv);
	int home, status;

	if (unknown != NULL) {
		fprintf(stderr, "shmfuse who: unknown option '%s': see shmfuse who --help\n",
			unknown);
		return EXIT_ERROR;
	}
	if (request.help) {
		fputs(usage, stdout);
		return EXIT_USED;
	}
	home = pshm_space_open();
	if (home < 0)
		return fail(pshm_space_path(), strerror(errno));
	status = answer(&request, home);
	close(home);
	return status;
}
