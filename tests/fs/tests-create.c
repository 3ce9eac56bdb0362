/* SPDX-License-Identifier: MIT */
/* Making objects, and who may do what with them. */
#include "mount.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

static void created_object_is_reached_by_shm_open(void)
{
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT | O_EXCL, 0644));
	int native = ok(shm_open("/a", O_RDONLY, 0));
	char text[3] = "";

	ok(write(fd, "hi", 2));
	g_assert_cmpint(ok(read(native, text, 2)), ==, 2);
	g_assert_cmpstr(text, ==, "hi");
	g_assert_cmpint(fstat_of(fd).st_ino, ==, fstat_of(native).st_ino);
}

static void exclusive_create_refuses_what_exists(void)
{
	put(SHM "/native", "kept");
	fails(EEXIST, open(MNT "/native", O_RDWR | O_CREAT | O_EXCL, 0600));
	has_text(SHM "/native", "kept");
	ok(open(MNT "/mounted", O_RDWR | O_CREAT | O_EXCL, 0600));
	fails(EEXIST, open(MNT "/mounted", O_RDWR | O_CREAT | O_EXCL, 0600));
	fails(EEXIST, open(SHM "/mounted", O_RDWR | O_CREAT | O_EXCL, 0600));
}

static void create_opens_what_exists(void)
{
	put_new(SHM "/a", 0640, 0, 0);
	ok(open(MNT "/a", O_RDWR | O_CREAT, 0777));
	g_assert_cmpint(stat_of(SHM "/a").st_mode, ==, S_IFREG | 0640);
}

static void truncating_open_empties(void)
{
	put(SHM "/a", "text");
	ok(open(MNT "/a", O_WRONLY | O_TRUNC));
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, 0);
	put(SHM "/a", "again");
	ok(open(MNT "/a", O_RDWR | O_CREAT | O_TRUNC, 0600));
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, 0);
}

static void modes_and_umask_are_applied_as_natively(void)
{
	static const mode_t masks[] = { 0, 022, 027, 077, 0777 };
	static const mode_t modes[] = { 0, 0400, 0644, 0666, 0755, 0777, 02755, 04711, 01666 };

	for (size_t i = 0; i < G_N_ELEMENTS(masks); i++)
		for (size_t j = 0; j < G_N_ELEMENTS(modes); j++) {
			umask(masks[i]);
			ok(close(ok(open(MNT "/a", O_RDWR | O_CREAT | O_EXCL, modes[j]))));
			ok(close(ok(open(PLAIN "/a", O_RDWR | O_CREAT | O_EXCL, modes[j]))));
			g_assert_cmpint(stat_of(SHM "/a").st_mode, ==, stat_of(PLAIN "/a").st_mode);
			ok(unlink(MNT "/a"));
			ok(unlink(PLAIN "/a"));
		}
}

static void new_objects_belong_to_their_maker(void)
{
	for (uid_t uid = 1000; uid < 1003; uid++) {
		struct stat st;

		AS_USER (uid, uid + 1000) {
			int fd = ok(open(MNT "/a", O_RDWR | O_CREAT | O_EXCL, 0600));

			g_assert_cmpint(fstat_of(fd).st_uid, ==, uid);
		}
		st = stat_of(SHM "/a");
		g_assert_cmpint(st.st_uid, ==, uid);
		g_assert_cmpint(st.st_gid, ==, uid + 1000);
		ok(unlink(SHM "/a"));
	}
}

static void the_group_of_a_setgid_directory_is_inherited(void)
{
	ok(chown(SHM, 0, 3000));
	ok(chmod(SHM, 03777));
	AS_USER (1000, 1000)
		ok(open(MNT "/a", O_RDWR | O_CREAT | O_EXCL, 0600));
	g_assert_cmpint(stat_of(SHM "/a").st_uid, ==, 1000);
	g_assert_cmpint(stat_of(SHM "/a").st_gid, ==, 3000);
}

static void a_read_only_mode_does_not_bind_the_maker(void)
{
	AS_USER (1000, 1000) {
		int fd = ok(open(MNT "/a", O_RDWR | O_CREAT | O_EXCL, 0400));

		ok(write(fd, "text", 4));
	}
	has_text(SHM "/a", "text");
}

static void what_is_no_object_cannot_be_made(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = MNT "/socket" };
	int sock = ok(socket(AF_UNIX, SOCK_STREAM, 0));

	fails(EPERM, symlink("a", MNT "/a"));
	fails(EPERM, mkfifo(MNT "/a", 0600));
	fails(EPERM, mknod(MNT "/a", S_IFCHR | 0600, 0x103));
	fails(EPERM, mknod(MNT "/a", S_IFBLK | 0600, 0x700));
	fails(EPERM, bind(sock, (struct sockaddr *)&address, sizeof address));
	has_names(SHM, "");
}

static void mknod_makes_an_empty_object(void)
{
	AS_USER (1000, 1000)
		ok(mknod(MNT "/a", S_IFREG | 0666, 0));
	g_assert_cmpint(stat_of(SHM "/a").st_mode, ==, S_IFREG | 0644);
	g_assert_cmpint(stat_of(SHM "/a").st_uid, ==, 1000);
	fails(EEXIST, mknod(MNT "/a", S_IFREG | 0666, 0));
}

/* Asks the same of both sides as one user. */
static void agree_on_access(const char *native, const char *mounted)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC };

	for (int amode = 0; amode <= 7; amode++)
		g_assert_cmpint(error_of(access(mounted, amode)), ==,
				error_of(access(native, amode)));
	for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
		g_assert_cmpint(error_of(open(mounted, flags[i])), ==,
				error_of(open(native, flags[i])));
	g_assert_cmpint(error_of(truncate(mounted, 0)), ==, error_of(truncate(native, 0)));
	g_assert_cmpint(error_of(chmod(mounted, 0600)), ==, error_of(chmod(native, 0600)));
	g_assert_cmpint(error_of(chown(mounted, 1000, 1000)), ==,
			error_of(chown(native, 1000, 1000)));
	g_assert_cmpint(error_of(utimensat(AT_FDCWD, mounted, NULL, 0)), ==,
			error_of(utimensat(AT_FDCWD, native, NULL, 0)));
}

static void access_is_granted_as_natively(void)
{
	static const mode_t modes[] = { 0, 0111, 0222, 0444, 0640, 0604, 0606, 0755, 0071, 0777 };
	static const struct {
		uid_t uid;
		gid_t gid, group;
	} users[] = { { 0, 0, 0 },
		      { 1000, 1000, 1000 },
		      { 1001, 2000, 2000 },
		      { 1002, 1002, 2000 },
		      { 1003, 1003, 1003 } };

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++)
		for (size_t j = 0; j < G_N_ELEMENTS(users); j++) {
			put_new(SHM "/a", modes[i], 1000, 2000);
			put_new(SHM "/twin", modes[i], 1000, 2000);
			AS_MEMBER (users[j].uid, users[j].gid, users[j].group)
				agree_on_access(SHM "/twin", MNT "/a");
			ok(unlink(SHM "/a"));
			ok(unlink(SHM "/twin"));
		}
}

static void only_the_owner_removes_from_a_sticky_directory(void)
{
	put_new(SHM "/a", 0666, 1000, 1000);
	put_new(SHM "/b", 0666, 1001, 1001);
	AS_USER (1001, 1001) {
		fails(EPERM, unlink(MNT "/a"));
		fails(EPERM, rename(MNT "/a", MNT "/c"));
		fails(EPERM, rename(MNT "/b", MNT "/a"));
		ok(unlink(MNT "/b"));
	}
	has_names(SHM, "a ");
}

static void a_directory_without_write_permission_takes_nothing(void)
{
	put_new(SHM "/a", 0666, 1000, 1000);
	ok(chmod(SHM, 0755));
	AS_USER (1000, 1000) {
		fails(EACCES, open(MNT "/b", O_RDWR | O_CREAT, 0600));
		fails(EACCES, unlink(MNT "/a"));
		fails(EACCES, rename(MNT "/a", MNT "/b"));
		fails(EACCES, link(MNT "/a", MNT "/b"));
		fails(EACCES, mkdir(MNT "/b", 0700));
		ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));
	}
}

/* fs.protected_regular is the machine's: both sides meet what it is now. */
static void create_of_another_users_object_is_judged_as_natively(void)
{
	put_new(SHM "/a", 0666, 1000, 1000);
	for (uid_t uid = 0; uid <= 1001; uid += 1001)
		AS_USER (uid, uid) {
			g_assert_cmpint(error_of(open(MNT "/a", O_RDWR | O_CREAT, 0600)), ==,
					error_of(open(SHM "/a", O_RDWR | O_CREAT, 0600)));
			ok(open(MNT "/a", O_RDWR | O_TRUNC));
		}
}

static void a_read_only_mount_refuses_every_change(void)
{
	put(SHM "/a", "text");
	has_text(MNT "/a", "text");
	same_stat(MNT "/a", SHM "/a");
	fails(EROFS, open(MNT "/a", O_RDWR));
	fails(EROFS, open(MNT "/a", O_RDONLY | O_TRUNC));
	fails(EROFS, open(MNT "/b", O_RDWR | O_CREAT, 0600));
	fails(EROFS, access(MNT "/a", W_OK));
	fails(EROFS, unlink(MNT "/a"));
	fails(EROFS, truncate(MNT "/a", 0));
	fails(EROFS, chmod(MNT "/a", 0600));
	fails(EROFS, chown(MNT "/a", 1, 1));
	fails(EROFS, utimensat(AT_FDCWD, MNT "/a", NULL, 0));
	fails(EROFS, setxattr(MNT "/a", "user.x", "", 0, 0));
	fails(EROFS, rename(MNT "/a", MNT "/b"));
	fails(EROFS, link(MNT "/a", MNT "/b"));
	fails(EROFS, mkdir(MNT "/b", 0700));
	fails(EROFS, symlink("a", MNT "/b"));
	fails(EROFS, open(MNT, O_RDWR | O_TMPFILE, 0600));
	has_names(SHM, "a ");
	put(SHM "/a", "changed below");
	has_text(MNT "/a", "changed below");
}

static void what_is_no_object_keeps_its_name(void)
{
	ok(mkdir(SHM "/dir", 0755));
	ok(symlink("nowhere", SHM "/link"));
	ok(mkfifo(SHM "/fifo", 0600));
	fails(EEXIST, open(MNT "/dir", O_RDWR | O_CREAT, 0600));
	fails(EEXIST, open(MNT "/link", O_RDWR | O_CREAT, 0600));
	fails(EEXIST, open(MNT "/fifo", O_RDWR | O_CREAT | O_EXCL, 0600));
	has_names(MNT, "");
	has_names(SHM, "dir fifo link ");
}

/* A name that others make and remove all the time can be created or opened. */
static void creating_a_name_that_comes_and_goes_succeeds(void)
{
	pid_t native;

	CHILD (native)
		for (;;) {
			put(SHM "/a", "text");
			unlink(SHM "/a");
		}
	for (int round = 0; round < 3000; round++)
		ok(close(ok(open(MNT "/a", O_RDWR | O_CREAT, 0666))));
	ok(kill(native, SIGKILL));
}

/* The kernel takes what CREATE opens for new, and checks no rights to it. */
static void creating_opens_nobody_elses_object(void)
{
	pid_t native;

	CHILD (native)
		for (;;) {
			int fd = open(SHM "/a", O_RDWR | O_CREAT | O_EXCL, 0600);

			if (fd != -1)
				ok(fchown(fd, 1001, 1001));
			close(fd);
			unlink(SHM "/a");
		}
	AS_USER (1000, 1000)
		for (int round = 0; round < 3000; round++) {
			int fd = open(MNT "/a", O_RDWR | O_CREAT, 0666);

			if (fd == -1) {
				g_assert_cmpint(errno, ==, EACCES);
				continue;
			}
			g_assert_cmpint(fstat_of(fd).st_uid, ==, 1000);
			unlink(MNT "/a");
			close(fd);
		}
	ok(kill(native, SIGKILL));
}

static const struct mount_test tests[] = {
	{ TEST(what_is_no_object_keeps_its_name) },
	{ TEST(creating_a_name_that_comes_and_goes_succeeds) },
	{ TEST(creating_opens_nobody_elses_object) },
	{ TEST(created_object_is_reached_by_shm_open) },
	{ TEST(exclusive_create_refuses_what_exists) },
	{ TEST(create_opens_what_exists) },
	{ TEST(truncating_open_empties) },
	{ TEST(modes_and_umask_are_applied_as_natively) },
	{ TEST(new_objects_belong_to_their_maker) },
	{ TEST(the_group_of_a_setgid_directory_is_inherited) },
	{ TEST(a_read_only_mode_does_not_bind_the_maker) },
	{ TEST(what_is_no_object_cannot_be_made) },
	{ TEST(mknod_makes_an_empty_object) },
	{ TEST(access_is_granted_as_natively) },
	{ TEST(only_the_owner_removes_from_a_sticky_directory) },
	{ TEST(a_directory_without_write_permission_takes_nothing) },
	{ TEST(create_of_another_users_object_is_judged_as_natively) },
	{ TEST(a_read_only_mount_refuses_every_change), .options = "ro" },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "create", tests, G_N_ELEMENTS(tests));
}
