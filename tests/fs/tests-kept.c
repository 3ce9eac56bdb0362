/* SPDX-License-Identifier: MIT */
/*
 * With the option ac the kernel keeps attributes for a clock tick. Calls on
 * paths and on open files see the present all the same, and no right is older
 * than the call that it decides on.
 */
#include "mount.h"

#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <sys/xattr.h>

enum { ROUNDS = 200 };

static void a_path_shows_the_present(void)
{
	put(SHM "/a", "");
	for (int i = 0; i < ROUNDS; i++) {
		ok(truncate(SHM "/a", i));
		same_stat(MNT "/a", SHM "/a");
		ok(chmod(SHM "/a", 0600 | (i & 077)));
		same_stat(MNT "/a", SHM "/a");
	}
}

static void a_new_object_of_the_name_is_seen(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		put_new(SHM "/a", 0644, 1000 + i, 0);
		same_stat(MNT "/a", SHM "/a");
		ok(unlink(SHM "/a"));
		fails(ENOENT, access(MNT "/a", F_OK));
	}
}

static void an_open_file_shows_the_present(void)
{
	put(SHM "/a", "");
	for (int i = 0; i < ROUNDS; i++) {
		int fd;

		same_stat(MNT "/a", SHM "/a");
		fd = ok(open(MNT "/a", O_RDWR));
		ok(truncate(SHM "/a", i));
		same_fstat(fd, SHM "/a");
		same_stat(MNT "/a", SHM "/a");
		ok(truncate(SHM "/a", 1000 + i));
		g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, 1000 + i);
		close(fd);
	}
}

static void a_created_file_shows_the_present(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		int fd = ok(open(MNT "/a", O_RDWR | O_CREAT | O_EXCL, 0644));

		ok(truncate(SHM "/a", 1 + i));
		same_fstat(fd, SHM "/a");
		close(fd);
		ok(unlink(MNT "/a"));
	}
}

static void a_file_that_is_held_only_is_soon_right(void)
{
	int fd;

	put(SHM "/a", "");
	fd = ok(open(MNT "/a", O_PATH));
	for (int i = 1; i < 10; i++) {
		ok(truncate(SHM "/a", i));
		wait_until (fstat_of(fd).st_size == i)
			;
	}
	close(fd);
}

static void the_times_of_a_directory_are_soon_right(void)
{
	for (int i = 0; i < 10; i++) {
		g_autofree char *name = g_strdup_printf(SHM "/%d", i);

		stat_of(MNT);
		put(name, "");
		wait_until (stat_of(MNT).st_mtim.tv_nsec == stat_of(SHM).st_mtim.tv_nsec &&
			    stat_of(MNT).st_mtim.tv_sec == stat_of(SHM).st_mtim.tv_sec)
			;
	}
}

/* What needs rights to the working directory, each the first to ask for them. */
static int find(void)
{
	struct stat st;

	return stat("a", &st);
}

static int open_object(void)
{
	return open("a", O_RDONLY);
}

static int open_directory(void)
{
	return open(".", O_RDONLY | O_DIRECTORY);
}

static int make_unnamed(void)
{
	return open(".", O_TMPFILE | O_RDWR, 0600);
}

static int make_and_remove(void)
{
	int fd = open("b", O_CREAT | O_EXCL, 0600);

	return fd < 0 ? fd : unlink("b");
}

static int (*const calls[])(void) = {
	find, open_object, open_directory, make_unnamed, make_and_remove,
};

/* As another user, and within a clock tick of what was done before. */
static int as_user(int (*call)(void))
{
	int error;

	ok(setegid(1000));
	ok(seteuid(1000));
	error = error_of(call());
	ok(seteuid(0));
	ok(setegid(0));
	return error;
}

static void rights_follow(const char *directory, const char *natively, const char *object)
{
	put_new(object, 0666, 1000, 1000);
	ok(chdir(directory));
	ok(setgroups(0, NULL));
	for (int i = 0; i < ROUNDS; i++) {
		int (*const call)(void) = calls[(size_t)i % G_N_ELEMENTS(calls)];

		ok(chmod(natively, 0777));
		g_assert_cmpint(as_user(call), ==, 0);
		g_assert_cmpint(as_user(find), ==, 0);
		ok(chmod(natively, 0700));
		g_assert_cmpint(as_user(call), ==, EACCES);
	}
	ok(chdir("/"));
}

static void rights_in_the_top_directory_are_never_old(void)
{
	rights_follow(MNT, SHM, SHM "/a");
}

static void rights_in_a_directory_are_never_old(void)
{
	ok(mkdir(MNT "/team", 0777));
	rights_follow(MNT "/team", SHM "/team%", SHM "/team%a");
}

static void the_owner_of_a_directory_is_never_old(void)
{
	put(SHM "/a", "");
	ok(chmod(SHM, 0700));
	ok(chdir(MNT));
	for (int i = 0; i < ROUNDS; i++) {
		ok(chown(SHM, 1000, 0));
		g_assert_cmpint(as_user(find), ==, 0);
		ok(chown(SHM, 0, 0));
		g_assert_cmpint(as_user(find), ==, EACCES);
	}
	ok(chdir("/"));
}

/* In the form of the kernel's linux/posix_acl_xattr.h: nothing for user 1000,
 * all for everybody else. */
static const struct {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entries[5];
} acl_against_user = { 2,
		       { { 0x01, 7, -1U },
			 { 0x02, 0, 1000 },
			 { 0x04, 7, -1U },
			 { 0x10, 7, -1U },
			 { 0x20, 7, -1U } } };

/* It leaves the directory's mode as it was. */
static void an_acl_of_the_directory_is_never_old(void)
{
	static const char name[] = "system.posix_acl_access";

	ok(mkdir(MNT "/team", 0777));
	ok(chmod(MNT "/team", 0777));
	put(MNT "/team/a", "");
	ok(chdir(MNT "/team"));
	for (int i = 0; i < ROUNDS; i++) {
		g_assert_cmpint(as_user(find), ==, 0);
		ok(setxattr(SHM "/team%", name, &acl_against_user, sizeof(acl_against_user), 0));
		g_assert_cmpint(as_user(find), ==, EACCES);
		ok(removexattr(SHM "/team%", name));
	}
	ok(chdir("/"));
}

int main(int argc, char **argv)
{
	static const struct mount_test tests[] = {
		{ TEST(a_path_shows_the_present), .options = "ac" },
		{ TEST(a_new_object_of_the_name_is_seen), .options = "ac" },
		{ TEST(an_open_file_shows_the_present), .options = "ac" },
		{ TEST(a_created_file_shows_the_present), .options = "ac" },
		{ TEST(a_file_that_is_held_only_is_soon_right), .options = "ac" },
		{ TEST(the_times_of_a_directory_are_soon_right), .options = "ac" },
		{ TEST(rights_in_the_top_directory_are_never_old), .options = "ac" },
		{ TEST(rights_in_a_directory_are_never_old), .options = "ac" },
		{ TEST(the_owner_of_a_directory_is_never_old), .options = "ac" },
		{ TEST(an_acl_of_the_directory_is_never_old), .options = "ac" },
	};

	return run_mount_tests(argc, argv, "kept", tests, G_N_ELEMENTS(tests));
}
