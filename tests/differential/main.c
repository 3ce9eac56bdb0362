/* SPDX-License-Identifier: MIT */
/* The differential test by hand, on two directories; tests-differential.c is how `meson test` runs
 * it. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "differences.h"
#include "run.h"

static const char usage[] =
	"Usage: differential [OPTION...] A B\n"
	"Runs the same random calls in the directories A (a mount of shmfuse) and B (on a\n"
	"tmpfs) and compares everything that comes of them. Both must be empty.\n"
	"\n"
	"  --seed N         which calls; printed at the start (default: the time)\n"
	"  --calls N        how many (default 100000)\n"
	"  --round N        calls after which both sides are emptied (default 4000)\n"
	"  --first-round N  begin with a later round\n"
	"  --tree-every N   calls between comparisons of the whole trees (default 250)\n"
	"  --shared         shared mappings, too (passthrough)\n"
	"  --native-too DIR also change A's objects, which are in DIR, past the mount\n"
	"  --no-atime       do not compare access times\n"
	"  --tolerate TEXT  go on where 'OPERATION: what differs' begins with the text\n"
	"  --same-kind      A is an ordinary file system: no declared differences\n"
	"  --minimise N     look for the fewest calls for so many seconds (default 120)\n"
	"  --differences    list the declared differences and exit\n"
	"  --statistics     tell how often each operation succeeded and failed\n"
	"  --verbose        print every call\n";

static const struct option options[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "calls", required_argument, NULL, 'c' },
	{ "round", required_argument, NULL, 'r' },
	{ "first-round", required_argument, NULL, 'f' },
	{ "tree-every", required_argument, NULL, 't' },
	{ "shared", no_argument, NULL, 'S' },
	{ "native-too", required_argument, NULL, 'n' },
	{ "same-kind", no_argument, NULL, 'k' },
	{ "minimise", required_argument, NULL, 'm' },
	{ "differences", no_argument, NULL, 'd' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "tolerate", required_argument, NULL, 'o' },
	{ "no-atime", no_argument, NULL, 'a' },
	{ "statistics", no_argument, NULL, 'T' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void read_options(int argc, char **argv, struct world *world, struct settings *settings)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			settings->seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			settings->calls = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'r':
			settings->round_calls = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'f':
			settings->first_round = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 't':
			settings->tree_every = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'S':
			world->shared = true;
			break;
		case 'n':
			settings->native = true;
			world->native = open(optarg, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			break;
		case 'k':
			world->same_kind = true;
			break;
		case 'm':
			settings->minimise_seconds = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'v':
			settings->verbose = true;
			break;
		case 'o':
			if (world->n_tolerated < 16)
				world->tolerated[world->n_tolerated++] = optarg;
			break;
		case 'a':
			world->no_access_times = true;
			break;
		case 'T':
			settings->statistics = true;
			break;
		case 'd':
			differences_list(stdout);
			exit(0);
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	static struct world world = { .native = -1 };
	struct settings settings = SETTINGS_DEFAULT;
	bool agree;

	settings.seed = (uint64_t)time(NULL);
	read_options(argc, argv, &world, &settings);
	if (argc - optind != 2 || !settings.round_calls || !settings.tree_every) {
		fputs(usage, stderr);
		return 2;
	}
	umask(0);
	if (world_open(&world, argv[optind], argv[optind + 1]) < 0)
		return 2;
	printf("seed %lu, %u calls\n", (unsigned long)settings.seed, settings.calls);
	fflush(stdout);
	agree = run_rounds(&world, &settings);
	differences_report(stdout);
	world_close(&world);
	return agree ? 0 : 1;
}
