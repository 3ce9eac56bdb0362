/* SPDX-License-Identifier: MIT */
/* Option audit: one line for each thing that was done, and for what was denied. */
#include "mount.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* Lines of the log that have all of these words, one after the other. */
static unsigned lines_with(const char *pattern)
{
	g_autofree char *said = daemon_stderr();
	g_auto(GStrv) lines = g_strsplit(said, "\n", -1);
	unsigned count = 0;

	for (char **line = lines; *line; line++)
		count += g_pattern_match_simple(pattern, *line);
	return count;
}

/* What this process did. An answer comes after its line: there is nothing to wait for. */
static void is_logged(const char *what)
{
	g_autofree char *pattern = g_strdup_printf("shmfuse: audit: %s pid=%d uid=0 gid=0 "
						   "command=\"tests-audit\"",
						   what, (int)getpid());

	g_assert_cmpuint(lines_with(pattern), ==, 1);
}

static void makers_and_removers_are_logged(void)
{
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT | O_EXCL, 0644));

	close(fd);
	ok(mkdir(MNT "/team", 0755));
	put(MNT "/team/left", "text");
	ok(rename(MNT "/team/left", MNT "/team/right"));
	ok(link(MNT "/a", MNT "/b"));
	ok(unlink(MNT "/a"));
	ok(unlink(MNT "/team/right"));
	ok(rmdir(MNT "/team"));
	is_logged("create object=\"/a\"");
	is_logged("mkdir object=\"/team%\"");
	is_logged("create object=\"/team%left\"");
	is_logged("rename object=\"/team%left\" newobject=\"/team%right\"");
	is_logged("link object=\"/b\"");
	is_logged("unlink object=\"/a\"");
	is_logged("unlink object=\"/team%right\"");
	is_logged("rmdir object=\"/team%\"");
	g_assert_cmpuint(lines_with("*denied*"), ==, 0);
}

static void *make_a_file(void *arg)
{
	prctl(PR_SET_NAME, "thread");
	put(MNT "/a", "");
	return arg;
}

static void threads_are_logged_as_their_process(void)
{
	pthread_t thread;

	g_assert_cmpint(pthread_create(&thread, NULL, make_a_file, NULL), ==, 0);
	pthread_join(thread, NULL);
	is_logged("create object=\"/a\"");
}

static void opening_for_writing_is_logged_and_reading_is_not(void)
{
	put(SHM "/a", "text");
	close(ok(open(MNT "/a", O_RDONLY)));
	g_assert_cmpuint(lines_with("*audit: *"), ==, 0);
	close(ok(open(MNT "/a", O_WRONLY)));
	is_logged("open object=\"/a\"");
	ok(truncate(MNT "/a", 1));
	is_logged("truncate object=\"/a\"");
	ok(chmod(MNT "/a", 0600));
	g_assert_cmpuint(lines_with("*audit: *"), ==, 2);
}

static void a_file_without_a_name_is_logged_by_its_number(void)
{
	int fd = ok(open(MNT, O_TMPFILE | O_RDWR, 0600));
	g_autofree char *pattern =
		g_strdup_printf("create inode=%ju", (uintmax_t)fstat_of(fd).st_ino);

	is_logged(pattern);
	close(fd);
}

static void what_the_daemon_denies_is_logged(void)
{
	fails(EPERM, mkfifo(MNT "/fifo", 0600));
	fails(EPERM, symlink("a", MNT "/symlink"));
	is_logged("denied create object=\"/fifo\" error=EPERM");
	is_logged("denied create object=\"/symlink\" error=EPERM");
	fails(ENOENT, unlink(MNT "/missing"));
	g_assert_cmpuint(lines_with("*missing*"), ==, 0);
}

/* The kernel knows mode and owner, and asks nobody. */
static void what_the_kernel_denies_is_not(void)
{
	put_new(SHM "/a", 0600, 0, 0);
	AS_USER (1000, 1000)
		fails(EACCES, open(MNT "/a", O_RDWR));
	g_assert_cmpuint(lines_with("*audit: *"), ==, 0);
}

static void a_user_is_logged_with_his_identity(void)
{
	AS_USER (1000, 1001)
		put(MNT "/his", "");
	g_assert_cmpuint(
		lines_with("shmfuse: audit: create object=\"/his\" pid=* uid=1000 gid=1001 "
			   "command=\"tests-audit\""),
		==, 1);
}

static void no_name_can_forge_a_line(void)
{
	static const char name[] = MNT "/x\" uid=0\nshmfuse: audit: forged \\ \xff\x1b[2J";

	put(name, "");
	g_assert_cmpuint(lines_with("shmfuse: audit: forged*"), ==, 0);
	is_logged("create object=\"/x\\x22 uid=0\\x0ashmfuse: audit: forged "
		  "\\x5c \\xff\\x1b[2J\"");
}

static void without_the_option_nothing_is_logged(void)
{
	put(MNT "/a", "");
	ok(unlink(MNT "/a"));
	fails(EPERM, symlink("a", MNT "/symlink"));
	g_assert_cmpuint(lines_with("*"), ==, 0);
}

#define AUDIT .options = "audit", .says = "*"

static const struct mount_test tests[] = {
	{ TEST(makers_and_removers_are_logged), AUDIT },
	{ TEST(threads_are_logged_as_their_process), AUDIT },
	{ TEST(opening_for_writing_is_logged_and_reading_is_not), AUDIT },
	{ TEST(a_file_without_a_name_is_logged_by_its_number), AUDIT },
	{ TEST(what_the_daemon_denies_is_logged), AUDIT },
	{ TEST(what_the_kernel_denies_is_not), AUDIT },
	{ TEST(a_user_is_logged_with_his_identity), AUDIT },
	{ TEST(no_name_can_forge_a_line), AUDIT },
	{ TEST(without_the_option_nothing_is_logged) },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "audit", tests, G_N_ELEMENTS(tests));
}
