/* SPDX-License-Identifier: MIT */
/* protocol.c: requests as engines send them, and as nobody should. */
#include "protocol.h"

#include <glib.h>
#include <string.h>

static message_line said;

static int parse(struct request *request, enum call call, const char *body)
{
	said[0] = '\0';
	return request_parse(request, call, body, strlen(body), said);
}

static void is_refused(enum call call, const char *body)
{
	g_autofree char *printable = g_strescape(body, NULL);
	struct request request;

	g_test_message("%.80s", printable);
	g_assert_cmpint(parse(&request, call, body), ==, -1);
	g_assert_cmpstr(said, !=, "");
}

static void test_calls_are_known_by_their_paths(void)
{
	static const char *const paths[CALL_COUNT] = {
		[CALL_ACTIVATE] = "/Plugin.Activate",
		[CALL_CREATE] = "/VolumeDriver.Create",
		[CALL_REMOVE] = "/VolumeDriver.Remove",
		[CALL_MOUNT] = "/VolumeDriver.Mount",
		[CALL_UNMOUNT] = "/VolumeDriver.Unmount",
		[CALL_PATH] = "/VolumeDriver.Path",
		[CALL_GET] = "/VolumeDriver.Get",
		[CALL_LIST] = "/VolumeDriver.List",
		[CALL_CAPABILITIES] = "/VolumeDriver.Capabilities",
	};

	for (enum call call = 0; call < CALL_COUNT; call++)
		g_assert_cmpint(protocol_call(paths[call]), ==, call);
	g_assert_cmpint(protocol_call("/"), ==, CALL_COUNT);
	g_assert_cmpint(protocol_call("/VolumeDriver.Mountx"), ==, CALL_COUNT);
	g_assert_cmpint(protocol_call("/VolumeDriver.Moun"), ==, CALL_COUNT);
}

static void test_requests_have_names_ids_and_options(void)
{
	struct request request;

	g_assert_cmpint(parse(&request, CALL_CREATE,
			      "{\"Name\":\"v1\",\"Opts\":{\"size\":\"1g\",\"ro\":\"\"}}"),
			==, 0);
	g_assert_cmpstr(request.name, ==, "v1");
	g_assert_cmpint(request.option_count, ==, 2);
	g_assert_cmpstr(request.options[0].name, ==, "size");
	g_assert_cmpstr(request.options[0].value, ==, "1g");
	g_assert_cmpstr(request.options[1].value, ==, "");
	request_free(&request);
	g_assert_cmpint(parse(&request, CALL_MOUNT, "{\"Name\":\"v1\",\"ID\":\"2f73\",\"x\":1}"),
			==, 0);
	g_assert_cmpstr(request.id, ==, "2f73");
	request_free(&request);
}

static void test_create_without_options_may_leave_them_out(void)
{
	static const char *const bodies[] = { "{\"Name\":\"v1\"}", "{\"Name\":\"v1\",\"Opts\":{}}",
					      "{\"Name\":\"v1\",\"Opts\":null}" };
	struct request request;

	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_assert_cmpint(parse(&request, CALL_CREATE, bodies[i]), ==, 0);
		g_assert_cmpint(request.option_count, ==, 0);
		request_free(&request);
	}
}

static void test_calls_without_arguments_need_no_body(void)
{
	static const enum call calls[] = { CALL_ACTIVATE, CALL_LIST, CALL_CAPABILITIES };
	struct request request;

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
		g_assert_cmpint(request_parse(&request, calls[i], NULL, 0, said), ==, 0);
		request_free(&request);
		g_assert_cmpint(parse(&request, calls[i], "{}"), ==, 0);
		request_free(&request);
	}
}

static void test_wrong_json_is_refused(void)
{
	struct request request;

	g_assert_cmpint(request_parse(&request, CALL_GET, NULL, 0, said), ==, -1);
	is_refused(CALL_GET, "");
	is_refused(CALL_GET, "v1");
	is_refused(CALL_GET, "{\"Name\":\"v1\"");
	is_refused(CALL_GET, "{\"Name\":\"v1\"} more");
	is_refused(CALL_GET, "{\"Name\":\"v1\",\"Name\":\"v2\"}");
	is_refused(CALL_GET, "{\"Name\":\"v\\u0000x\"}");
	is_refused(CALL_GET, "{\"Name\":\"\377\"}");
	is_refused(CALL_GET, "[\"Name\",\"v1\"]");
	is_refused(CALL_GET, "null");
}

static void test_wrong_types_are_refused(void)
{
	is_refused(CALL_GET, "{}");
	is_refused(CALL_GET, "{\"name\":\"v1\"}");
	is_refused(CALL_GET, "{\"Name\":null}");
	is_refused(CALL_GET, "{\"Name\":1}");
	is_refused(CALL_GET, "{\"Name\":[\"v1\"]}");
	is_refused(CALL_GET, "{\"Name\":\"../v1\"}");
	is_refused(CALL_MOUNT, "{\"Name\":\"v1\"}");
	is_refused(CALL_MOUNT, "{\"Name\":\"v1\",\"ID\":\"\"}");
	is_refused(CALL_MOUNT, "{\"Name\":\"v1\",\"ID\":7}");
	is_refused(CALL_MOUNT, "{\"Name\":\"v1\",\"ID\":\"a\\n\"}");
	is_refused(CALL_CREATE, "{\"Name\":\"v1\",\"Opts\":[]}");
	is_refused(CALL_CREATE, "{\"Name\":\"v1\",\"Opts\":\"ro\"}");
	is_refused(CALL_CREATE, "{\"Name\":\"v1\",\"Opts\":{\"size\":1}}");
	is_refused(CALL_CREATE, "{\"Name\":\"v1\",\"Opts\":{\"ro\":null}}");
	is_refused(CALL_CREATE, "{\"Name\":\"v1\",\"Opts\":{\"ro\":\"\",\"ro\":\"\"}}");
}

static void test_too_much_is_refused(void)
{
	g_autofree char *deep = g_strnfill(MOST_BODY, '[');
	g_autofree char *id = g_strnfill(HOLDER_LENGTH + 1, 'a');
	g_autofree char *mount = g_strdup_printf("{\"Name\":\"v1\",\"ID\":\"%s\"}", id);
	g_autofree char *space = g_strnfill(MOST_BODY, ' ');
	g_autofree char *big = g_strconcat("{\"Name\":\"v1\"}", space, NULL);
	g_autoptr(GString) many = g_string_new("{\"Name\":\"v1\",\"Opts\":{");

	for (int i = 0; i <= MOST_OPTIONS; i++)
		g_string_append_printf(many, "%s\"o%d\":\"\"", i > 0 ? "," : "", i);
	g_string_append(many, "}}");
	is_refused(CALL_GET, deep);
	is_refused(CALL_GET, big);
	is_refused(CALL_MOUNT, mount);
	is_refused(CALL_CREATE, many->str);
}

static void test_answers_are_those_of_the_protocol(void)
{
	const struct description list[] = { { "v1", "/run/v1", "team", "size=1g", 2 },
					    { "v2", "", "v2", "", 0 } };
	g_autofree char *volume = answer_volume(&list[0]), *volumes = answer_list(list, 2);
	g_autofree char *none = answer_list(NULL, 0), *place = answer_mountpoint("/run/v1");
	g_autofree char *error = answer_error("no \"v\""), *done = answer_done();
	g_autofree char *activated = answer_activated(), *scope = answer_capabilities();

	g_assert_cmpstr(activated, ==, "{\"Implements\":[\"VolumeDriver\"]}");
	g_assert_cmpstr(scope, ==, "{\"Capabilities\":{\"Scope\":\"local\"}}");
	g_assert_cmpstr(done, ==, "{\"Err\":\"\"}");
	g_assert_cmpstr(error, ==, "{\"Err\":\"no \\\"v\\\"\"}");
	g_assert_cmpstr(place, ==, "{\"Mountpoint\":\"/run/v1\",\"Err\":\"\"}");
	g_assert_cmpstr(none, ==, "{\"Volumes\":[],\"Err\":\"\"}");
	g_assert_cmpstr(
		volume, ==,
		"{\"Volume\":{\"Name\":\"v1\",\"Mountpoint\":\"/run/v1\",\"Status\":{"
		"\"subdir\":\"team\",\"options\":\"size=1g\",\"holders\":2}},\"Err\":\"\"}");
	g_assert_nonnull(strstr(volumes, "},{\"Name\":\"v2\",\"Mountpoint\":\"\","));
}

static void test_messages_are_one_line_of_ascii(void)
{
	message_line message;
	g_autofree char *much = g_strnfill(2 * sizeof(message), 'a');

	g_assert_cmpint(fail(message, "%s", "a\nb\033[1m\303\244"), ==, -1);
	g_assert_cmpstr(message, ==, "a?b?[1m??");
	fail(message, "%s", much);
	g_assert_cmpint(strlen(message), ==, sizeof(message) - 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/protocol/calls", test_calls_are_known_by_their_paths);
	g_test_add_func("/protocol/requests", test_requests_have_names_ids_and_options);
	g_test_add_func("/protocol/no-options", test_create_without_options_may_leave_them_out);
	g_test_add_func("/protocol/no-body", test_calls_without_arguments_need_no_body);
	g_test_add_func("/protocol/json", test_wrong_json_is_refused);
	g_test_add_func("/protocol/types", test_wrong_types_are_refused);
	g_test_add_func("/protocol/much", test_too_much_is_refused);
	g_test_add_func("/protocol/answers", test_answers_are_those_of_the_protocol);
	g_test_add_func("/protocol/messages", test_messages_are_one_line_of_ascii);
	return g_test_run();
}
