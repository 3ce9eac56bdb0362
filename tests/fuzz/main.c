/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target on the files of directories: what it was fed once, it is
 * to stand for ever, without a fuzzer at hand. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int run_file(const char *directory, const char *name)
{
	uint8_t data[65536];
	char path[4096];
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "rb");
	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	return 0;
}

/* How many files there were, or -1. */
static int run_directory(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	int count = 0;

	if (directory == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	while (count >= 0 && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			count = run_file(path, entry->d_name) < 0 ? -1 : count + 1;
	closedir(directory);
	return count;
}

int main(int argc, char **argv)
{
	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		const int count = run_directory(argv[i]);

		if (count <= 0)
			return 1;
		printf("%s: %d inputs\n", argv[i], count);
	}
	return 0;
}
