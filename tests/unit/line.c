/* SPDX-License-Identifier: MIT */
#include "line.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

void parse(struct line *line, const char *arguments)
{
	g_autofree char *all = g_strconcat("shmfuse ", arguments, NULL);
	char *none[] = { all, NULL };

	/* Where a line before ended in the middle of a word, getopt(3) would go on. */
	optind = 0;
	getopt(1, none, "+");

	*line = (struct line){ .argv = g_strsplit(all, " ", -1) };
	line->error = options_parse(&line->options, (int)g_strv_length(line->argv), line->argv,
				    line->message);
	g_test_message("%s: %s", arguments, line->message);
}

void line_clear(struct line *line)
{
	options_free(&line->options);
	g_strfreev(line->argv);
}

bool has_mount_option(const struct line *line, const char *wanted)
{
	g_auto(GStrv) words = g_strsplit(line->options.mount_options, ",", -1);

	return g_strv_contains((const char *const *)words, wanted);
}

void is_wrong(const char *arguments, const char *part)
{
	LINE line;

	parse(&line, arguments);
	g_assert_cmpint(line.error, ==, -1);
	g_assert_nonnull(strstr(line.message, part));
	g_assert_null(strchr(line.message, '\n'));
}
