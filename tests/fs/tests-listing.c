/* SPDX-License-Identifier: MIT */
/* What directories say of themselves: their entries and counts of links, while these change. */
#include "mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void markers_that_come_and_go_break_nothing(void)
{
	pid_t native;

	put(SHM "/a%b", "text");
	CHILD (native)
		for (;;) {
			put(SHM "/a%", "");
			ok(unlink(SHM "/a%"));
		}
	for (int round = 0; round < 2000; round++) {
		g_autofree char *names = names_in(MNT);
		struct stat st;

		if (!g_str_equal(names, "a ") && !g_str_equal(names, "a%b "))
			g_error("listed: \"%s\"", names);
		if (stat(MNT "/a/b", &st) == -1)
			g_assert_cmpint(errno, ==, ENOENT);
		if (stat(MNT "/a%b", &st) == -1)
			g_assert_cmpint(errno, ==, ENOENT);
		if (close(open(MNT "/a/c", O_RDWR | O_CREAT, 0600)) == -1)
			g_assert_cmpint(errno, ==, EBADF);
		unlink(MNT "/a/c");
		unlink(SHM "/a%c");
	}
	ok(kill(native, SIGKILL));
}

static void links_count_the_directories_below(void)
{
	ok(mkdir(MNT "/a", 0755));
	ok(mkdir(MNT "/a/b", 0755));
	ok(mkdir(MNT "/e", 0755));
	g_assert_cmpint(stat_of(MNT).st_nlink, ==, 4);
	g_assert_cmpint(stat_of(MNT "/a").st_nlink, ==, 3);
	g_assert_cmpint(stat_of(MNT "/a/b").st_nlink, ==, 2);
	put(SHM "/a%native%", "");
	put(MNT "/a/file", "");
	g_assert_cmpint(stat_of(MNT "/a").st_nlink, ==, 4);
	ok(unlink(SHM "/a%native%"));
	g_assert_cmpint(stat_of(MNT "/a").st_nlink, ==, 3);
	ok(renameat2(AT_FDCWD, MNT "/a", AT_FDCWD, MNT "/e", RENAME_EXCHANGE));
	g_assert_cmpint(stat_of(MNT "/a").st_nlink, ==, 2);
	g_assert_cmpint(stat_of(MNT "/e").st_nlink, ==, 3);
	ok(rename(MNT "/e/b", MNT "/a/b"));
	g_assert_cmpint(stat_of(MNT "/a").st_nlink, ==, 3);
	g_assert_cmpint(stat_of(MNT "/e").st_nlink, ==, 2);
}

/* Native changes of more markers than the kernel's queue of events holds. */
static void links_are_right_after_many_changes(void)
{
	ok(mkdir(MNT "/a", 0755));
	g_assert_cmpint(stat_of(MNT "/a").st_nlink, ==, 2);
	for (int i = 0; i < 20000; i++) {
		put(SHM "/a%b%", "");
		ok(unlink(SHM "/a%b%"));
	}
	put(SHM "/a%c%", "");
	g_assert_cmpint(stat_of(MNT "/a").st_nlink, ==, 3);
}

/* What a listing says: the names, and of each the number that stat(2) has. */
static void has_entries(const char *path, const char *names)
{
	DIR *dir = opendir(path);

	g_assert_nonnull(dir);
	has_names(path, names);
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;

		if (g_str_equal(entry->d_name, ".") || g_str_equal(entry->d_name, ".."))
			continue;
		ok(fstatat(dirfd(dir), entry->d_name, &st, 0));
		g_assert_cmpint(entry->d_ino, ==, st.st_ino);
		g_assert_cmpint(DTTOIF(entry->d_type), ==, st.st_mode & S_IFMT);
	}
	ok(closedir(dir));
}

static void listings_follow_native_changes(void)
{
	ok(mkdir(MNT "/a", 0755));
	has_entries(MNT "/a", "");
	put(SHM "/a%x", "");
	put(SHM "/other", "");
	has_entries(MNT "/a", "x ");
	has_entries(MNT, "a other ");
	ok(link(SHM "/a%x", SHM "/a%y"));
	has_entries(MNT "/a", "x y ");
	ok(unlink(SHM "/a%x"));
	has_entries(MNT "/a", "y ");
	ok(rename(SHM "/other", SHM "/a%y"));
	has_entries(MNT "/a", "y ");
	has_entries(MNT, "a ");
	put(SHM "/other", "");
	ok(renameat2(AT_FDCWD, SHM "/a%y", AT_FDCWD, SHM "/other", RENAME_EXCHANGE));
	has_entries(MNT "/a", "y ");
	has_entries(MNT, "a other ");
	ok(rename(SHM "/a%y", SHM "/out"));
	has_entries(MNT "/a", "");
	has_entries(MNT, "a other out ");
	ok(unlink(SHM "/out"));
	ok(mkfifo(SHM "/out", 0600));
	has_entries(MNT, "a other ");
	put(SHM "/a%b%", "");
	put(SHM "/a%b%x", "");
	has_entries(MNT "/a", "b ");
	has_entries(MNT "/a/b", "x ");
	ok(unlink(SHM "/a%b%"));
	has_entries(MNT "/a", "b%x ");
	ok(unlink(SHM "/a%"));
	has_entries(MNT, "a%b%x other ");
	put(SHM "/a%", "");
	has_entries(MNT, "a other ");
}

static void listings_follow_changes_through_the_mount(void)
{
	ok(mkdir(MNT "/a", 0755));
	ok(mkdir(MNT "/a/b", 0755));
	put(MNT "/a/b/x", "");
	put(MNT "/a/b/sem.x", "");
	has_entries(MNT "/a/b", "sem.x x ");
	ok(rename(MNT "/a/b", MNT "/c"));
	has_entries(MNT "/a", "");
	has_entries(MNT "/c", "sem.x x ");
	ok(rename(MNT "/c/x", MNT "/a/y"));
	has_entries(MNT "/a", "y ");
	has_entries(MNT "/c", "sem.x ");
	fails(ENOTEMPTY, rmdir(MNT "/c"));
	ok(unlink(MNT "/c/sem.x"));
	ok(rmdir(MNT "/c"));
	has_entries(MNT, "a ");
}

/* Names that begin with a marker and lie beside its directory, and the other way
 * round. */
static void listings_have_what_lies_beside_a_directory(void)
{
	put(SHM "/a%", "");
	put(SHM "/a%b%", "");
	put(SHM "/a%b%sem.x", "");
	put(SHM "/a%b%.", "");
	put(SHM "/a%b%.y", "");
	put(SHM "/a%sem.b%", "");
	put(SHM "/a%sem.b%z", "");
	put(SHM "/a%b+", "");
	put(SHM "/sem.a%", "");
	put(SHM "/sem.a%s", "");
	put(SHM "/sem.a%b%", "");
	put(SHM "/sem.a%b%s", "");
	put(SHM "/sem.a%b+", "");
	put(SHM "/sem.", "");
	has_entries(MNT, "a a%sem.b% a%sem.b%z sem. sem.a% ");
	has_entries(MNT "/a", "b b%. b%sem.x b+ sem.b% sem.b+ sem.s ");
	has_entries(MNT "/a/b", ".y sem.s ");
}

static void listings_leave_out_hidden_rivals(void)
{
	put(SHM "/a%", "");
	put(SHM "/a%x", "");
	wait_until (later_than(SHM "/a%x"))
		;
	put(SHM "/a%x%", "");
	put(SHM "/a%x%file", "");
	put(SHM "/a%y%", "");
	wait_until (later_than(SHM "/a%y%"))
		;
	put(SHM "/a%y", "");
	put(SHM "/a%y%file", "");
	has_entries(MNT "/a", "x x%file y ");
	has_entries(MNT "/a/y", "file ");
	ok(unlink(SHM "/a%x"));
	ok(unlink(SHM "/a%y%"));
	has_entries(MNT "/a", "x y y%file ");
	has_entries(MNT "/a/x", "file ");
}

/* More native changes than the kernel's queue of events holds. */
static void listings_are_right_after_many_changes(void)
{
	ok(mkdir(MNT "/a", 0755));
	put(MNT "/a/gone", "");
	has_entries(MNT "/a", "gone ");
	ok(unlink(SHM "/a%gone"));
	for (int i = 0; i < 20000; i++) {
		put(SHM "/a%x", "");
		ok(unlink(SHM "/a%x"));
	}
	put(SHM "/a%y", "");
	put(SHM "/sem.a%z", "");
	has_entries(MNT "/a", "sem.z y ");
	fails(ENOTEMPTY, rmdir(MNT "/a"));
	ok(unlink(SHM "/a%y"));
	ok(unlink(SHM "/sem.a%z"));
	ok(rmdir(MNT "/a"));
	has_entries(MNT, "");
}

/* A slow build sees fewer of them. */
static void see_what_stays(void)
{
	const gint64 end = g_get_monotonic_time() + 3 * G_USEC_PER_SEC;
	int round = 0;

	do {
		g_autofree char *names = names_in(MNT "/0");

		if (strstr(names, "stays ") == NULL)
			g_error("listed: \"%s\"", names);
		has_names(MNT "/2", "stays ");
		has_names(MNT, "0 1 2 ");
	} while (++round < 500 && g_get_monotonic_time() < end);
}

/* Between names that come and go in its neighbours. */
static void what_stays_is_in_every_listing(void)
{
	pid_t native, readers[3];

	for (int i = 0; i < 3; i++) {
		g_autofree char *dir = g_strdup_printf(MNT "/%d", i);
		g_autofree char *file = g_strdup_printf("%s/stays", dir);

		ok(mkdir(dir, 0755));
		put(file, "");
	}
	CHILD (native)
		for (int i = 0;; i++) {
			g_autofree char *name = g_strdup_printf(SHM "/%d%%%d", i % 2, i % 1000);
			g_autofree char *marker = g_strdup_printf(SHM "/%d%%m%%", i % 2);

			put(name, "");
			put(marker, "");
			ok(rename(name, SHM "/1%moved"));
			ok(unlink(marker));
		}
	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
		CHILD (readers[i])
			see_what_stays();
	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
		ends_well(readers[i]);
	ok(kill(native, SIGKILL));
}

static const struct mount_test tests[] = {
	{ TEST(markers_that_come_and_go_break_nothing) },
	{ TEST(links_count_the_directories_below) },
	{ TEST(links_are_right_after_many_changes), ONLY_MAPPED },
	{ TEST(listings_follow_native_changes) },
	{ TEST(listings_follow_changes_through_the_mount) },
	{ TEST(listings_have_what_lies_beside_a_directory) },
	{ TEST(listings_leave_out_hidden_rivals), .says = "*x%*y*" },
	{ TEST(listings_are_right_after_many_changes), ONLY_MAPPED },
	{ TEST(what_stays_is_in_every_listing) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "listing", tests, G_N_ELEMENTS(tests));
}
