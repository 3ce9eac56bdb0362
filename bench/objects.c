/* SPDX-License-Identifier: MIT */
/* Many objects at once, for scripts/bench: made, listed, looked up, removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

static const char usage[] =
	"Usage: objects make|stat|remove DIRECTORY PREFIX COUNT\n"
	"       objects list|walk DIRECTORY\n"
	"Makes, looks up or removes the objects PREFIX0000000 and so on, or counts the\n"
	"entries of a directory; walk looks each of them up. Prints how many, and how long\n"
	"it took.\n";

static int make(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? -1 : close(fd);
}

static int look_up(int directory, const char *name)
{
	struct stat st;

	return fstatat(directory, name, &st, 0);
}

static int remove_it(int directory, const char *name)
{
	return unlinkat(directory, name, 0);
}

static int each(const char *path, const char *prefix, unsigned long count,
		int (*call)(int directory, const char *name))
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[256];

	if (directory < 0)
		return -1;
	for (unsigned long i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s%07lu", prefix, i);
		if (call(directory, name) < 0)
			return -1;
	}
	return close(directory);
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int list(const char *path, bool with_stat, unsigned long *count)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory)
		return -1;
	while (errno = 0, (entry = readdir(directory))) {
		if (is_dot(entry->d_name))
			continue;
		if (with_stat && look_up(dirfd(directory), entry->d_name) < 0)
			return -1;
		++*count;
	}
	return errno ? -1 : closedir(directory);
}

static const struct {
	const char *name;
	int (*call)(int directory, const char *name);
} calls[] = { { "make", make }, { "stat", look_up }, { "remove", remove_it } };

static int run(int argc, char **argv, unsigned long *count)
{
	const char *work = argc > 1 ? argv[1] : "";

	if (argc == 3 && (strcmp(work, "list") == 0 || strcmp(work, "walk") == 0))
		return list(argv[2], strcmp(work, "walk") == 0, count);
	for (size_t i = 0; argc == 5 && i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(work, calls[i].name) != 0)
			continue;
		*count = strtoul(argv[4], NULL, 10);
		return each(argv[2], argv[3], *count, calls[i].call);
	}
	fputs(usage, stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	unsigned long count = 0;
	double start = seconds_now();

	if (run(argc, argv, &count) < 0) {
		fprintf(stderr, "objects: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	printf("{\"work\": \"%s\", \"count\": %lu, \"seconds\": %.6f}\n", argv[1], count,
	       seconds_now() - start);
	return 0;
}
