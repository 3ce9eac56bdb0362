/* SPDX-License-Identifier: MIT */
/* Hard links, and objects that get their name late. */
#include "mount.h"

#include <fcntl.h>
#include <stdio.h>

static void two_names_are_one_object(void)
{
	put(MNT "/a", "text");
	ok(link(MNT "/a", MNT "/b"));
	for (const char **path = (const char *[]){ MNT "/a", MNT "/b", SHM "/a", SHM "/b", NULL };
	     *path; path++) {
		g_assert_cmpint(stat_of(*path).st_nlink, ==, 2);
		g_assert_cmpint(stat_of(*path).st_ino, ==, stat_of(SHM "/a").st_ino);
	}
	put(MNT "/b", "through the other");
	has_text(MNT "/a", "through the other");
	ok(chmod(MNT "/a", 0600));
	g_assert_cmpint(stat_of(MNT "/b").st_mode, ==, S_IFREG | 0600);
	ok(unlink(MNT "/a"));
	g_assert_cmpint(stat_of(MNT "/b").st_nlink, ==, 1);
	has_names(SHM, "b ");
}

static void names_of_both_sides_count(void)
{
	int fd;

	put(SHM "/a", "text");
	fd = ok(open(MNT "/a", O_RDWR));
	ok(link(SHM "/a", SHM "/b"));
	ok(link(MNT "/b", MNT "/c"));
	g_assert_cmpint(fstat_of(fd).st_nlink, ==, 3);
	ok(unlink(SHM "/a"));
	g_assert_cmpint(fstat_of(fd).st_nlink, ==, 2);
	ok(unlink(MNT "/b"));
	ok(unlink(SHM "/c"));
	g_assert_cmpint(fstat_of(fd).st_nlink, ==, 0);
	ok(pwrite(fd, "T", 1, 0));
}

/* One inode with two names, each changed while the other is open. */
static void every_name_reaches_the_open_object(void)
{
	int a, b;

	put(SHM "/a", "text");
	ok(link(SHM "/a", SHM "/b"));
	a = ok(open(MNT "/a", O_RDWR));
	b = ok(open(MNT "/b", O_RDWR));
	ok(unlink(MNT "/a"));
	put(MNT "/a", "another");
	ok(pwrite(a, "T", 1, 0));
	has_text(MNT "/b", "Text");
	ok(ftruncate(b, 2));
	g_assert_cmpint(fstat_of(a).st_size, ==, 2);
	has_text(MNT "/a", "another");
	same_fstat(a, SHM "/b");
}

static void a_descriptor_outlives_names_made_and_removed(void)
{
	int fd;

	put(MNT "/a", "text");
	fd = ok(open(MNT "/a", O_PATH));
	ok(link(MNT "/a", MNT "/b"));
	ok(unlink(MNT "/b"));
	same_fstat(fd, SHM "/a");
	ok(link(MNT "/a", MNT "/c"));
	ok(unlink(MNT "/a"));
	same_fstat(fd, SHM "/c");
}

static void links_are_refused_as_natively(void)
{
	put(MNT "/a", "");
	put(MNT "/b", "");
	fails(EEXIST, link(MNT "/a", MNT "/b"));
	fails(EEXIST, link(MNT "/a", MNT "/a"));
	fails(ENOENT, link(MNT "/none", MNT "/c"));
	fails(ENOENT, link(MNT "/a", MNT "/none/c"));
	fails(ENOTDIR, link(MNT "/a", MNT "/b/c"));
	fails(EXDEV, link(MNT "/a", PLAIN "/a"));
	fails(EPERM, link(MNT, MNT "/c"));
	ok(mkdir(MNT "/d", 0755));
	fails(EPERM, link(MNT "/d", MNT "/c"));
}

static void links_cross_directories(void)
{
	ok(mkdir(MNT "/d", 0755));
	put(MNT "/a", "text");
	ok(link(MNT "/a", MNT "/d/sem.b"));
	has_names(SHM, "a d% sem.d%b ");
	g_assert_cmpint(stat_of(MNT "/d/sem.b").st_nlink, ==, 2);
	ok(unlink(MNT "/a"));
	has_text(MNT "/d/sem.b", "text");
}

/* fs.protected_hardlinks is the machine's: both sides meet what it is now. */
static void links_to_other_users_objects_are_judged_as_natively(void)
{
	static const mode_t modes[] = { 0600, 0644, 0666, 06777 };

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		put_new(SHM "/a", modes[i], 1001, 1001);
		AS_USER (1000, 1000)
			g_assert_cmpint(error_of(link(MNT "/a", MNT "/mounted")), ==,
					error_of(link(SHM "/a", SHM "/native")));
		g_assert_cmpint(exists(SHM "/mounted"), ==, exists(SHM "/native"));
		sh("rm -f $SHM/*");
	}
}

static char *descriptor_path(int fd)
{
	return g_strdup_printf("/proc/self/fd/%d", fd);
}

static void an_unnamed_object_can_get_a_name(void)
{
	static const uid_t users[] = { 0, 1000 };

	for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
		AS_USER (users[i], users[i]) {
			int fd = ok(open(MNT, O_RDWR | O_TMPFILE, 0640));
			g_autofree char *path = descriptor_path(fd);

			g_assert_cmpint(fstat_of(fd).st_nlink, ==, 0);
			ok(write(fd, "text", 4));
			has_names(SHM, "");
			has_names(MNT, "");
			ok(linkat(AT_FDCWD, path, AT_FDCWD, MNT "/a", AT_SYMLINK_FOLLOW));
			g_assert_cmpint(fstat_of(fd).st_nlink, ==, 1);
			ok(pwrite(fd, "T", 1, 0));
		}
		has_text(SHM "/a", "Text");
		same_stat(MNT "/a", SHM "/a");
		g_assert_cmpint(stat_of(SHM "/a").st_mode, ==, S_IFREG | 0640);
		g_assert_cmpint(stat_of(SHM "/a").st_uid, ==, users[i]);
		ok(unlink(MNT "/a"));
	}
}

static void an_exclusive_unnamed_object_gets_no_name(void)
{
	int fd = ok(open(MNT, O_RDWR | O_TMPFILE | O_EXCL, 0600));
	g_autofree char *path = descriptor_path(fd);

	fails(ENOENT, linkat(AT_FDCWD, path, AT_FDCWD, MNT "/a", AT_SYMLINK_FOLLOW));
	ok(write(fd, "text", 4));
}

static void an_unlinked_object_gets_no_new_name(void)
{
	g_autofree char *path = NULL;
	int fd;

	put(MNT "/a", "text");
	fd = ok(open(MNT "/a", O_RDWR));
	path = descriptor_path(fd);
	ok(unlink(MNT "/a"));
	fails(ENOENT, linkat(AT_FDCWD, path, AT_FDCWD, MNT "/b", AT_SYMLINK_FOLLOW));
	fails(ENOENT, linkat(fd, "", AT_FDCWD, MNT "/b", AT_EMPTY_PATH));
	put(MNT "/a", "new");
	fails(ENOENT, linkat(AT_FDCWD, path, AT_FDCWD, MNT "/b", AT_SYMLINK_FOLLOW));
}

static void a_descriptor_can_be_linked(void)
{
	int fd;

	put(MNT "/a", "text");
	fd = ok(open(MNT "/a", O_RDONLY));
	ok(linkat(fd, "", AT_FDCWD, MNT "/b", AT_EMPTY_PATH));
	ok(rename(MNT "/a", MNT "/c"));
	ok(linkat(fd, "", AT_FDCWD, MNT "/d", AT_EMPTY_PATH));
	has_names(SHM, "b c d ");
	g_assert_cmpint(fstat_of(fd).st_nlink, ==, 3);
}

static const struct mount_test tests[] = {
	{ TEST(two_names_are_one_object) },
	{ TEST(names_of_both_sides_count) },
	{ TEST(every_name_reaches_the_open_object) },
	{ TEST(a_descriptor_outlives_names_made_and_removed) },
	{ TEST(links_are_refused_as_natively) },
	{ TEST(links_cross_directories) },
	{ TEST(links_to_other_users_objects_are_judged_as_natively) },
	{ TEST(an_unnamed_object_can_get_a_name) },
	{ TEST(an_exclusive_unnamed_object_gets_no_name) },
	{ TEST(an_unlinked_object_gets_no_new_name) },
	{ TEST(a_descriptor_can_be_linked) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "link", tests, G_N_ELEMENTS(tests));
}
