/* SPDX-License-Identifier: MIT */
/* The command line. Input: arguments with a null byte behind each. */
#include "fuzz.h"

#include "options.h"

#include <string.h>
#include <unistd.h>

#define MOST_ARGUMENTS 32
#define MOST_BYTES     4096

/* The process's first line is parsed once: here each is. */
static void forget_last_line(void)
{
	char name[] = "shmfuse", *argv[] = { name, NULL };

	optind = 0;
	getopt(1, argv, "+");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char bytes[MOST_BYTES + 1], name[] = "shmfuse";
	message_line message;
	char *argv[MOST_ARGUMENTS + 2] = { name };
	struct options options;
	int argc = 1;

	if (size > MOST_BYTES)
		size = MOST_BYTES;
	memcpy(bytes, data, size);
	bytes[size] = '\0';
	for (size_t at = 0; at < size && argc <= MOST_ARGUMENTS; at += strlen(bytes + at) + 1)
		argv[argc++] = bytes + at;

	forget_last_line();
	message[0] = '\0';
	if (options_parse(&options, argc, argv, message) < 0) {
		REQUIRE(message[0] != '\0');
		REQUIRE(strlen(message) < sizeof(message));
	} else if (options.action == ACTION_MOUNT) {
		REQUIRE(options.mountpoint != NULL);
		REQUIRE(options.separator != '/' && options.separator != '\0');
	}
	options_free(&options);
	return 0;
}
