/* SPDX-License-Identifier: MIT */
/* log.c: what is told again, and what is not. */
#include "log.h"
#include "unit.h"

#include <fuse_log.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* What a function writes to standard error. */
static char *said_by(void (*run)(void))
{
	g_autofree char *path = NULL;
	const int fd = g_file_open_tmp("log-XXXXXX", &path, NULL);
	const int before = dup(STDERR_FILENO);
	char *said = NULL;

	dup2(fd, STDERR_FILENO);
	run();
	dup2(before, STDERR_FILENO);
	close(before);
	close(fd);
	g_assert_true(g_file_get_contents(path, &said, NULL, NULL));
	g_unlink(path);
	return said;
}

static void repeat(void)
{
	for (int i = 0; i < 3; i++)
		fuse_log(FUSE_LOG_ERR, "fuse: request %d\n", i);
	fuse_log(FUSE_LOG_ERR, "fuse: something else\n");
}

static void test_a_message_of_libfuse_is_told_once_in_a_while(void)
{
	g_autofree char *said = said_by(repeat);

	g_assert_cmpstr(said, ==, "fuse: request 0\nfuse: something else\n");
}

static void debug(void)
{
	for (int i = 0; i < 3; i++)
		fuse_log(FUSE_LOG_DEBUG, "LOOKUP %d\n", i);
}

static void test_all_of_option_d_is_told(void)
{
	g_autofree char *said = said_by(debug);

	g_assert_cmpstr(said, ==, "LOOKUP 0\nLOOKUP 1\nLOOKUP 2\n");
}

static void warn(void)
{
	for (int i = 0; i < 3; i++)
		log_warning("object %d", i);
}

static void test_all_of_our_own_is_told(void)
{
	g_autofree char *said = said_by(warn);

	g_assert_cmpstr(said, ==, "shmfuse: object 0\nshmfuse: object 1\nshmfuse: object 2\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_unsetenv("JOURNAL_STREAM");
	log_open();
	add("log", a_message_of_libfuse_is_told_once_in_a_while);
	add("log", all_of_option_d_is_told);
	add("log", all_of_our_own_is_told);
	return g_test_run();
}
