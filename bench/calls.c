/* SPDX-License-Identifier: MIT */
/* Calls on names, counted: the metadata part of scripts/bench, also of use by hand. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "crew.h"
#include "works.h"

/* Reading the clock costs about as much as a tenth of a native stat(2). */
#define CALLS_PER_CLOCK 8

static const char usage[] =
	"Usage: calls [-p PROCESSES] [-n COUNT] [-s SECONDS] [-N NATIVE] WORK DIRECTORY\n"
	"Makes calls on names in DIRECTORY and prints how many, and how long it took.\n"
	"\n"
	"  -p PROCESSES  so many at once, each with names of its own (default 1)\n"
	"  -n COUNT      names of each process (default 10000)\n"
	"  -s SECONDS    stop after so long; works that can use a name twice go on until\n"
	"                then (default: each name once)\n"
	"  -N NATIVE     where the objects of a mount are: they are made and removed there\n"
	"                (default: DIRECTORY)\n"
	"  -l            list the works\n";

struct settings {
	const struct work *work;
	const char *target, *native;
	unsigned processes, count;
	double seconds;
};

struct job {
	const struct work *work;
	double seconds;
	struct names_of *names; /* of each process */
};

static int read_options(int argc, char **argv, struct settings *settings)
{
	int option;

	while ((option = getopt(argc, argv, "p:n:s:N:l")) != -1) {
		switch (option) {
		case 'p':
			settings->processes = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			settings->count = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			settings->seconds = strtod(optarg, NULL);
			break;
		case 'N':
			settings->native = optarg;
			break;
		case 'l':
			works_print();
			exit(0);
		default:
			return -1;
		}
	}
	return 0;
}

static int read_arguments(int argc, char **argv, struct settings *settings)
{
	if (read_options(argc, argv, settings) < 0 || argc - optind != 2)
		return -1;
	settings->work = work_find(argv[optind]);
	settings->target = argv[optind + 1];
	if (!settings->native)
		settings->native = settings->target;
	if (settings->processes < 1 || settings->processes > CREW_MAX || settings->count < 1)
		return -1;
	return settings->work ? 0 : -1;
}

/* Whether there is a next call, the i-th. */
static bool goes_on(const struct job *job, unsigned count, unsigned long long i, double end)
{
	if (i >= count && (!job->work->repeats || job->seconds <= 0))
		return false;
	return job->seconds <= 0 || i % CALLS_PER_CLOCK != 0 || i == 0 || seconds_now() < end;
}

/* A whole listing is one call, so the clock is asked after each. */
static void list_until_end(const struct job *job, const struct names_of *names, double end,
			   struct done *done)
{
	do {
		int calls = job->work->call(names->target, names->names[0]);

		if (calls < 0) {
			done->error = errno;
			return;
		}
		done->calls += (unsigned)calls;
	} while (seconds_now() < end);
}

static void call_until_end(const struct job *job, const struct names_of *names, double end,
			   struct done *done)
{
	for (unsigned long long i = 0; goes_on(job, names->count, i, end); i++) {
		int calls = job->work->call(names->target, names->names[i % names->count]);

		if (calls < 0) {
			done->error = errno;
			return;
		}
		done->calls += (unsigned)calls;
	}
}

static void work_on(unsigned process, void *context, struct done *done)
{
	const struct job *job = context;
	double end = done->start + job->seconds;

	if (work_lists(job->work))
		list_until_end(job, &job->names[process], end, done);
	else
		call_until_end(job, &job->names[process], end, done);
}

static int print_result(const struct settings *settings, const struct done *results)
{
	unsigned long long calls = 0;

	for (unsigned i = 0; i < settings->processes; i++) {
		if (results[i].error) {
			fprintf(stderr, "calls: %s: %s\n", settings->work->name,
				strerror(results[i].error));
			return 1;
		}
		calls += results[i].calls;
	}
	printf("{\"work\": \"%s\", \"processes\": %u, \"calls\": %llu, \"seconds\": %.6f}\n",
	       settings->work->name, settings->processes, calls,
	       crew_seconds(results, settings->processes));
	return 0;
}

static int open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fprintf(stderr, "calls: %s: %s\n", path, strerror(errno));
	return fd;
}

static int make_names(const struct settings *settings, struct names_of *names, int target,
		      int native)
{
	for (unsigned i = 0; i < settings->processes; i++) {
		names[i] = (struct names_of){ target, native, settings->count, "", NULL };
		if (names_init(&names[i], settings->work, i) < 0 ||
		    names_make(&names[i], settings->work->before) < 0) {
			perror("calls: making the names");
			return -1;
		}
	}
	return 0;
}

static void remove_names(const struct settings *settings, struct names_of *names)
{
	for (unsigned i = 0; i < settings->processes && names[i].names; i++) {
		names_remove(&names[i], settings->work->after);
		names_free(&names[i]);
	}
}

static int run(const struct settings *settings)
{
	static struct names_of names[CREW_MAX];
	static struct done results[CREW_MAX];
	struct job job = { settings->work, settings->seconds, names };
	int target = open_directory(settings->target);
	int native = target < 0 ? -1 : open_directory(settings->native);
	int ret = 1;

	if (native < 0)
		return 1;
	if (make_names(settings, names, target, native) == 0) {
		if (crew_run(settings->processes, work_on, &job, results) == 0)
			ret = print_result(settings, results);
		else
			perror("calls: starting the processes");
	}
	remove_names(settings, names);
	return ret;
}

int main(int argc, char **argv)
{
	struct settings settings = { .processes = 1, .count = 10000 };

	if (read_arguments(argc, argv, &settings) < 0) {
		fputs(usage, stderr);
		return 2;
	}
	return run(&settings);
}
