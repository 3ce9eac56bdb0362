/* SPDX-License-Identifier: MIT */
/* src/text: any bytes for people and for programs. */
#include "text/json.h"
#include "text/printable.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

static void test_printable_text_has_nothing_to_obey(void)
{
	static const char all[] = "a~ \"\\\n\r\t\x1b\x7f\x80\xff\xc3\xa4";
	char text[PRINTABLE_SIZE(sizeof(all))];

	g_assert_cmpuint(printable(all, text, sizeof(text)), ==, strlen(text));
	g_assert_cmpstr(text, ==, "a~ \\x22\\x5c\\x0a\\x0d\\x09\\x1b\\x7f\\x80\\xff\\xc3\\xa4");
}

static void test_printable_text_is_cut_between_bytes(void)
{
	char text[7];

	g_assert_cmpuint(printable("ab\n\n", text, sizeof(text)), ==, 6);
	g_assert_cmpstr(text, ==, "ab\\x0a");
	g_assert_cmpuint(printable("abcdefgh", text, sizeof(text)), ==, 6);
	g_assert_cmpuint(printable("abc\n", text, sizeof(text)), ==, 3);
}

static void is_written(const char *bytes, const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	json_string(stream, bytes);
	fclose(stream);
	g_assert_cmpstr(text, ==, wanted);
	free(text);
}

static void test_json_escapes_what_it_must(void)
{
	is_written("", "\"\"");
	is_written("a/b", "\"a/b\"");
	is_written("\"\\\n\x01\x7f", "\"\\\"\\\\\\u000a\\u0001\\u007f\"");
}

static void test_json_keeps_utf8(void)
{
	is_written("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xa4 \xe2\x82\xac "
							     "\xf0\x9f\x98\x80\"");
	is_written("\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"");
}

static void test_json_tells_bytes_that_are_no_utf8(void)
{
	is_written("\xff", "\"\\udcff\"");
	is_written("\x80", "\"\\udc80\"");
	is_written("\xc0\xaf", "\"\\udcc0\\udcaf\""); /* longer than need be */
	is_written("\xe0\x80\xaf", "\"\\udce0\\udc80\\udcaf\"");
	is_written("\xed\xb3\xbf", "\"\\udced\\udcb3\\udcbf\""); /* U+DCFF itself */
	is_written("\xf4\x90\x80\x80", "\"\\udcf4\\udc90\\udc80\\udc80\"");
	is_written("\xe2\x82", "\"\\udce2\\udc82\""); /* cut short */
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/who/text/printable", test_printable_text_has_nothing_to_obey);
	g_test_add_func("/who/text/printable-cut", test_printable_text_is_cut_between_bytes);
	g_test_add_func("/who/text/json", test_json_escapes_what_it_must);
	g_test_add_func("/who/text/json-utf8", test_json_keeps_utf8);
	g_test_add_func("/who/text/json-bytes", test_json_tells_bytes_that_are_no_utf8);
	return g_test_run();
}
