/* SPDX-License-Identifier: MIT */
/*
 * Many names, long names, and names that come and go faster than they can be
 * told: the daemon stays right, and answers.
 */
#include "storm.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { CROWD = 100000, DIRECTORIES = 3000 };

static void make_empty(const char *path)
{
	close((int)ok(open(path, O_WRONLY | O_CREAT | O_EXCL, 0700)));
}

/* ---- faster than they are told ---- */

static void flicker(const char *name)
{
	g_autofree char *other = g_strdup_printf(SHM "/other%d%%", getpid());

	for (;;) {
		ok(rename(name, other));
		ok(rename(other, name));
	}
}

/* Who looks finds the name gone. */
static void is_flickering(const char *name)
{
	wait_until (!exists(name))
		;
}

/* They go on until he has looked. */
static void names_that_come_and_go_keep_nobody_waiting(void)
{
	pid_t pids[4];

	ok(mkdir(MNT "/d", 0700));
	put(MNT "/d/a", "");
	has_names(MNT, "d ");
	for (size_t i = 0; i < G_N_ELEMENTS(pids); i++) {
		g_autofree char *name = g_strdup_printf(SHM "/one%zu%%", i);

		make_empty(name);
		CHILD (pids[i])
			flicker(name);
		is_flickering(name);
	}
	alarm(STORM_ALARM);
	for (int i = 0; i < 5; i++) {
		stat_of(MNT);
		count_names(MNT);
	}
	kill_all(pids, G_N_ELEMENTS(pids));
	g_assert_cmpuint(count_names(MNT), ==, 1 + G_N_ELEMENTS(pids));
	g_assert_cmpuint(stat_of(MNT).st_nlink, ==, 3 + G_N_ELEMENTS(pids));
}

/* ---- more than are told ---- */

static void make_crowd(void)
{
	char path[PATH_MAX];

	for (int i = 0; i < CROWD; i++) {
		g_snprintf(path, sizeof(path), SHM "/d%%%d", i);
		make_empty(path);
	}
}

/* inotify has room for 16384 events. */
static void all_is_right_after_a_crowd_came_during_a_listing(void)
{
	DIR *stream;
	pid_t pid;

	ok(mkdir(MNT "/d", 0700));
	put(MNT "/d/a", "");
	has_names(MNT "/d", "a ");
	stream = opendir(MNT "/d");
	g_assert_nonnull(readdir(stream));
	CHILD (pid)
		make_crowd();
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		rewinddir(stream);
		while (readdir(stream))
			;
	}
	closedir(stream);
	g_assert_cmpuint(count_names(MNT "/d"), ==, 1 + CROWD);
	ok(mkdir(MNT "/d/e", 0700));
	g_assert_cmpuint(stat_of(MNT "/d").st_nlink, ==, 3);
	sh("cd $SHM && find . -name 'd%[0-9]*' -delete");
	has_names(MNT "/d", "a e ");
	fails(ENOTEMPTY, rmdir(MNT "/d"));
}

/* ---- many and deep directories ---- */

static void thousands_of_directories_are_what_they_are(void)
{
	char path[PATH_MAX];

	for (int i = 0; i < DIRECTORIES; i++) {
		g_snprintf(path, sizeof(path), SHM "/d%d%%", i);
		make_empty(path);
		g_snprintf(path, sizeof(path), SHM "/d%d%%a", i);
		make_empty(path);
	}
	g_assert_cmpuint(count_names(MNT), ==, DIRECTORIES);
	g_assert_cmpuint(stat_of(MNT).st_nlink, ==, 2 + DIRECTORIES);
	has_names(MNT "/d7", "a ");
	for (int i = 0; i < DIRECTORIES; i += 2) {
		g_snprintf(path, sizeof(path), SHM "/d%d%%", i);
		ok(unlink(path));
	}
	g_assert_cmpuint(stat_of(MNT).st_nlink, ==, 2 + DIRECTORIES / 2);
	g_assert_cmpuint(count_names(MNT), ==, DIRECTORIES);
	g_assert_true(exists(MNT "/d8%a"));
	g_assert_true(exists(MNT "/d7/a"));
}

/* "a%a%a%...": the longest name has as many directories as can be. */
static void the_deepest_directory_is_reached_from_both_sides(void)
{
	enum { DEEPEST = NAME_MAX / 2 };
	GString *path = g_string_new(MNT), *name = g_string_new(SHM "/");

	for (int i = 0; i < DEEPEST; i++) {
		g_string_append(path, "/a");
		g_string_append(name, "a%");
		ok(mkdir(path->str, 0700));
	}
	g_string_append(path, "/b");
	g_string_append(name, "b");
	put(name->str, "deep");
	has_text(path->str, "deep");
	fails(ENAMETOOLONG, rename(MNT "/a", MNT "/ab"));
	ok(rename(MNT "/a", MNT "/c"));
	name->str[strlen(SHM "/")] = 'c';
	has_text(name->str, "deep");
	path->str[strlen(MNT "/")] = 'c';
	has_text(path->str, "deep");
	sh("rm -r $MNT/c");
	has_names(SHM, "");
}

static void names_of_separators_are_files(void)
{
	g_autofree char *name = g_strnfill(NAME_MAX, '%');
	g_autofree char *here = g_strconcat(MNT "/", name, NULL);
	g_autofree char *there = g_strconcat(SHM "/", name, NULL);
	g_autofree char *names = g_strconcat(name, " ", NULL);

	make_empty(there);
	has_names(MNT, names);
	same_stat(here, there);
	put(here, "text");
	has_text(there, "text");
	ok(unlink(here));
	has_names(SHM, "");
}

/* clang-format off */
static const struct mount_test tests[] = {
	{ TEST(names_that_come_and_go_keep_nobody_waiting) },
	{ TEST(all_is_right_after_a_crowd_came_during_a_listing) },
	{ TEST(thousands_of_directories_are_what_they_are) },
	{ TEST(the_deepest_directory_is_reached_from_both_sides) },
	{ TEST(names_of_separators_are_files) },
};
/* clang-format on */

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "crowd", tests, G_N_ELEMENTS(tests));
}
