/* SPDX-License-Identifier: MIT */
#include "protocol.h"

#include <jansson.h>
#include <string.h>

enum needs { NOTHING = 0, NAME = 1, ID = 2, OPTIONS = 4 };

static const struct {
	const char *path;
	unsigned needs;
} calls[CALL_COUNT] = {
	[CALL_ACTIVATE] = { "/Plugin.Activate", NOTHING },
	[CALL_CREATE] = { "/VolumeDriver.Create", NAME | OPTIONS },
	[CALL_REMOVE] = { "/VolumeDriver.Remove", NAME },
	[CALL_MOUNT] = { "/VolumeDriver.Mount", NAME | ID },
	[CALL_UNMOUNT] = { "/VolumeDriver.Unmount", NAME | ID },
	[CALL_PATH] = { "/VolumeDriver.Path", NAME },
	[CALL_GET] = { "/VolumeDriver.Get", NAME },
	[CALL_LIST] = { "/VolumeDriver.List", NOTHING },
	[CALL_CAPABILITIES] = { "/VolumeDriver.Capabilities", NOTHING },
};

enum call protocol_call(const char *path)
{
	enum call call = 0;

	while (call < CALL_COUNT && strcmp(calls[call].path, path) != 0)
		call++;
	return call;
}

/* ---- requests ---- */

static const char *string_of(const json_t *document, const char *key, message_line message)
{
	const json_t *value = json_object_get(document, key);

	if (value == NULL)
		fail(message, "the request has no %s: give it as a string", key);
	else if (!json_is_string(value))
		fail(message, "%s is no string: give one", key);
	return json_string_value(value);
}

static int read_name(struct request *request, message_line message)
{
	request->name = string_of(request->document, "Name", message);
	return request->name != NULL ? settings_check_name(request->name, message) : -1;
}

static int read_id(struct request *request, message_line message)
{
	request->id = string_of(request->document, "ID", message);
	if (request->id == NULL)
		return -1;
	return settings_check_holder(request->id, message);
}

/* Docker leaves Opts out, or gives null, where there are none. */
static int read_options(struct request *request, message_line message)
{
	json_t *options = json_object_get(request->document, "Opts"), *value;
	const char *key;

	if (options == NULL || json_is_null(options))
		return 0;
	if (!json_is_object(options))
		return fail(message, "Opts is no object: give names with strings as values");
	if (json_object_size(options) > MOST_OPTIONS)
		return fail(message, "more than %d options: give fewer", MOST_OPTIONS);
	json_object_foreach(options, key, value)
	{
		if (!json_is_string(value))
			return fail(message, "option '%s': its value is no string: give one", key);
		request->options[request->option_count++] =
			(struct volume_option){ key, json_string_value(value) };
	}
	return 0;
}

static int read_words(struct request *request, unsigned needs, message_line message)
{
	if ((needs & NAME) != 0 && read_name(request, message) < 0)
		return -1;
	if ((needs & ID) != 0 && read_id(request, message) < 0)
		return -1;
	if ((needs & OPTIONS) != 0 && read_options(request, message) < 0)
		return -1;
	return 0;
}

int request_parse(struct request *request, enum call call, const char *body, size_t size,
		  message_line message)
{
	json_error_t error;
	int result;

	*request = (struct request){ 0 };
	/* Where nothing is asked for, nothing is read: podman sends no body there. */
	if (calls[call].needs == NOTHING)
		return 0;
	if (size > MOST_BODY)
		return fail(message, "the request has more than %d bytes: give fewer", MOST_BODY);
	request->document = json_loadb(body, size, JSON_REJECT_DUPLICATES, &error);
	if (request->document == NULL)
		return fail(message, "the request is not JSON: %s", error.text);
	result = json_is_object((json_t *)request->document)
			 ? read_words(request, calls[call].needs, message)
			 : fail(message, "the request is no JSON object: give one");
	if (result < 0)
		request_free(request);
	return result;
}

void request_free(struct request *request)
{
	json_decref(request->document);
	request->document = NULL;
}

/* ---- answers ---- */

static char *text_of(json_t *document)
{
	char *text = json_dumps(document, JSON_COMPACT);

	json_decref(document);
	return text;
}

char *answer_activated(void)
{
	return text_of(json_pack("{s:[s]}", "Implements", "VolumeDriver"));
}

char *answer_capabilities(void)
{
	return text_of(json_pack("{s:{s:s}}", "Capabilities", "Scope", "local"));
}

char *answer_error(const char *text)
{
	return text_of(json_pack("{s:s}", "Err", text));
}

char *answer_done(void)
{
	return answer_error("");
}

char *answer_mountpoint(const char *path)
{
	return text_of(json_pack("{s:s, s:s}", "Mountpoint", path, "Err", ""));
}

static json_t *volume_to_json(const struct description *volume)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:I}}", "Name", volume->name, "Mountpoint",
			 volume->mountpoint, "Status", "subdir", volume->directory, "options",
			 volume->words, "holders", (json_int_t)volume->holders);
}

char *answer_volume(const struct description *volume)
{
	return text_of(json_pack("{s:o, s:s}", "Volume", volume_to_json(volume), "Err", ""));
}

char *answer_list(const struct description *volumes, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, volume_to_json(&volumes[i]));
	return text_of(json_pack("{s:o, s:s}", "Volumes", list, "Err", ""));
}
