/* SPDX-License-Identifier: MIT */
/* Requests to the volume plugin. Input: the call, a letter from 'A' on; then the
 * body. What is understood is read as settings too, and these once more. */
#include "fuzz.h"

#include "protocol.h"

#include <stdio.h>
#include <string.h>

static void check_directory(const char *directory)
{
	REQUIRE(directory[0] != '\0' && directory[0] != '/');
	REQUIRE(strchr(directory, '%') == NULL && strchr(directory, ',') == NULL);
	REQUIRE(strstr(directory, "//") == NULL && strstr(directory, "/../") == NULL);
	REQUIRE(strncmp(directory, "../", 3) != 0 && strcmp(directory, "..") != 0);
}

static void check_settings(const struct request *request)
{
	message_line message = "";
	struct settings settings, again;
	char mode[MODE_LENGTH + 1];

	if (settings_read(&settings, request->name, request->options, request->option_count,
			  message) < 0) {
		REQUIRE(message[0] != '\0');
		return;
	}
	check_directory(settings.directory);
	for (const char *c = settings.words; *c != '\0'; c++)
		REQUIRE((unsigned char)*c >= ' ' && *c != 0x7f);
	REQUIRE((settings.mode & ~01777U) == 0);
	snprintf(mode, sizeof(mode), "%o", (unsigned)settings.mode);
	REQUIRE(settings_restore(&again, settings.directory, settings.words, mode, message) == 0);
	REQUIRE(settings_equal(&settings, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	message_line message = "";
	struct request request;
	enum call call;

	if (size < 1 || data[0] < 'A' || data[0] >= 'A' + CALL_COUNT)
		return 0;
	call = (enum call)(data[0] - 'A');
	if (request_parse(&request, call, (const char *)data + 1, size - 1, message) < 0) {
		REQUIRE(message[0] != '\0');
		return 0;
	}
	if (request.name != NULL)
		REQUIRE(strchr(request.name, '/') == NULL && request.name[0] != '.');
	if (call == CALL_CREATE)
		check_settings(&request);
	request_free(&request);
	return 0;
}
