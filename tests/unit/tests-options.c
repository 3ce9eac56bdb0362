/* SPDX-License-Identifier: MIT */
/* options.c: command lines and what becomes of them. */
#include "line.h"
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

static void test_line_without_options_has_the_defaults(void)
{
	LINE line;

	parse(&line, "/mnt");
	g_assert_cmpint(line.error, ==, 0);
	g_assert_cmpint(line.options.action, ==, ACTION_MOUNT);
	g_assert_null(line.options.source);
	g_assert_cmpstr(line.options.mountpoint, ==, "/mnt");
	g_assert_false(line.options.foreground);
	g_assert_false(line.options.debug);
	g_assert_false(line.options.flat);
	g_assert_cmpint(line.options.data, ==, DATA_AUTO);
	g_assert_cmpint(line.options.local_lock, ==, LOCAL_NONE);
	g_assert_cmpint(line.options.separator, ==, '%');
	g_assert_cmpint(line.options.allow_other, ==, geteuid() == 0);
	g_assert_true(has_mount_option(&line, "default_permissions"));
	g_assert_true(has_mount_option(&line, "subtype=shmfuse"));
}

static void test_source_stands_before_the_mount_point(void)
{
	LINE line;

	parse(&line, "shm /mnt");
	g_assert_cmpint(line.error, ==, 0);
	g_assert_cmpstr(line.options.source, ==, "shm");
	g_assert_cmpstr(line.options.mountpoint, ==, "/mnt");
}

/* Each line asks for the mapped path, + as separator, and the foreground. */
static void test_options_stand_where_they_like(void)
{
	static const char *const lines[] = {
		"-f -o data=mapped,separator=+ shm /mnt",
		"shm /mnt -f -o data=mapped,separator=+",
		"shm -o data=mapped -f /mnt -o separator=+",
		"-fodata=mapped,separator=+ shm /mnt",
		"-odata=mapped -oseparator=+ -f -- shm /mnt",
		"-d -o separator=- -o data=auto,data=mapped -o separator=+ shm /mnt",
		"-o ,data=mapped,,separator=+, -f shm /mnt",
		"-o debug,data=mapped,separator=+ shm /mnt",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		LINE line;

		parse(&line, lines[i]);
		g_assert_cmpint(line.error, ==, 0);
		g_assert_cmpint(line.options.data, ==, DATA_MAPPED);
		g_assert_cmpint(line.options.separator, ==, '+');
		g_assert_true(line.options.foreground);
		g_assert_cmpstr(line.options.source, ==, "shm");
		g_assert_cmpstr(line.options.mountpoint, ==, "/mnt");
	}
}

/* A keeper executes its program with them. */
static void test_command_line_is_kept_as_it_was_given(void)
{
	g_autofree char *words = NULL;
	LINE line;

	parse(&line, "-o ac,flat -f shm /m");
	words = g_strjoinv(" ", line.options.as_given);
	g_assert_cmpstr(words, ==, "shmfuse -o ac,flat -f shm /m");
}

static void test_questions_need_no_mount_point(void)
{
	static const struct {
		const char *arguments;
		enum action action;
	} lines[] = {
		{ "--check", ACTION_CHECK }, { "--help", ACTION_HELP },
		{ "-h", ACTION_HELP },	     { "--version", ACTION_VERSION },
		{ "-V", ACTION_VERSION },    { "/m -V", ACTION_VERSION },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		LINE line;

		parse(&line, lines[i].arguments);
		g_assert_cmpint(line.error, ==, 0);
		g_assert_cmpint(line.options.action, ==, lines[i].action);
	}
}

static void test_wrong_line_has_one_line_that_says_so(void)
{
	static const struct {
		const char *arguments, *part;
	} lines[] = {
		{ "-f", "no mount point" },    { "shm /mnt more", "'more'" },
		{ "-o /m", "'/m'" },	       { "-x /m", "'-x'" },
		{ "-fx /m", "'-x'" },	       { "/m -o", "'-o' needs a value" },
		{ "--bogus /m", "'--bogus'" }, { "--check=1", "'--check=1'" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
		is_wrong(lines[i].arguments, lines[i].part);
}

static void test_what_stands_behind_two_dashes_is_no_option(void)
{
	LINE line;

	parse(&line, "-- -f -o");
	g_assert_cmpint(line.error, ==, 0);
	g_assert_cmpstr(line.options.source, ==, "-f");
	g_assert_cmpstr(line.options.mountpoint, ==, "-o");
	g_assert_false(line.options.foreground);
}

static void test_long_word_is_cut_in_the_message(void)
{
	g_autofree char *word = g_strnfill(2000, 'x');
	g_autofree char *arguments = g_strdup_printf("-o %s /m", word);
	LINE line;

	parse(&line, arguments);
	g_assert_cmpint(line.error, ==, -1);
	g_assert_cmpuint(strlen(line.message), <, sizeof(line.message));
}

static void test_help_names_every_option_within_80_columns(void)
{
	static const char *const words[] = {
		"-o",	     "-f",	   "-d",	   "--check",	      "--help",
		"--version", "data=",	   "local_lock=",  "separator=",      "noallow_other",
		"flat",	     "  ac ",	   "io_uring=",	   "map_uid=",	      "map_gid=",
		"uid=",	     " gid=",	   "create_mode=", "  audit ",	      "shmfuse who",
		"size=",     "nr_inodes=", "  reserve ",   "request_timeout="
	};
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	options_help(stream);
	fclose(stream);
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		g_assert_nonnull(strstr(text, words[i]));
	lines = g_strsplit(text, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++)
		g_assert_cmpuint(strlen(lines[i]), <=, 80);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("options", line_without_options_has_the_defaults);
	add("options", source_stands_before_the_mount_point);
	add("options", options_stand_where_they_like);
	add("options", command_line_is_kept_as_it_was_given);
	add("options", questions_need_no_mount_point);
	add("options", wrong_line_has_one_line_that_says_so);
	add("options", what_stands_behind_two_dashes_is_no_option);
	add("options", long_word_is_cut_in_the_message);
	add("options", help_names_every_option_within_80_columns);
	return g_test_run();
}
