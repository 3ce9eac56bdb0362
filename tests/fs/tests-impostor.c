/* SPDX-License-Identifier: MIT */
/*
 * Something else takes an object's name between the kernel's check and the
 * daemon's deed: at full speed, so that it happens in each place. What is done is
 * done to what was checked, and what is no object is left alone altogether.
 */
#include "storm.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/xattr.h>

#define PARK   SHM "/park" /* no object, and so not in the mount */
#define CANARY PLAIN "/canary"

enum { OWNER = 3001, USER = 3002 };

static const char *const impostors[] = { "secret", "fifo", "link", "directory", "socket" };
static struct stat real, secret;

static void parked_path(char path[PATH_MAX], const char *impostor)
{
	g_snprintf(path, PATH_MAX, PARK "/%s", impostor);
}

/* The name is the real one's, an impostor's, and the real one's again. */
static void change_places(void)
{
	char path[PATH_MAX];

	parked_path(path, ANY(impostors));
	ok(renameat2(AT_FDCWD, path, AT_FDCWD, SHM "/x", RENAME_EXCHANGE));
	ok(renameat2(AT_FDCWD, path, AT_FDCWD, SHM "/x", RENAME_EXCHANGE));
}

static void make_impostors(void)
{
	umask(0);
	ok(mkdir(PARK, 0711));
	put(SHM "/x", "real");
	ok(chmod(SHM "/x", 0666));
	ok(chown(SHM "/x", USER, USER));
	put(PARK "/secret", "secret");
	ok(chmod(PARK "/secret", 0600));
	ok(chown(PARK "/secret", OWNER, OWNER));
	ok(mkfifo(PARK "/fifo", 0666));
	put(CANARY, "canary");
	ok(symlink(CANARY, PARK "/link"));
	ok(mkdir(PARK "/directory", 0777));
	ok(mknod(PARK "/socket", S_IFSOCK | 0666, 0));
	real = stat_of(SHM "/x");
	secret = stat_of(PARK "/secret");
}

/* Of a name that is an impostor's. */
#define GONE ENOENT, EACCES, EPERM, EEXIST

static void open_it(void)
{
	static const int oflags[] = { O_RDONLY, O_RDWR, O_RDWR | O_TRUNC, O_RDWR | O_CREAT };
	const int oflag = ANY(oflags);
	int fd = (int)gives(open(MNT "/x", oflag, 0666), GONE);
	char text[8] = "";

	if (fd < 0)
		return;
	g_assert_cmpuint(fstat_of(fd).st_ino, ==, real.st_ino);
	/* Empty: cut off. */
	if (pread(fd, text, 4, 0) == 4 && text[0] != '\0')
		g_assert_cmpstr(text, ==, "real");
	if (oflag != O_RDONLY)
		g_assert_cmpint(ok(pwrite(fd, "real", 4, 0)), ==, 4);
	close(fd);
}

static void change_it(void)
{
	switch (g_random_int_range(0, 5)) {
	case 0:
		gives(truncate(MNT "/x", 4), GONE);
		break;
	case 1:
		gives(chmod(MNT "/x", 0666), GONE);
		break;
	case 2:
		gives(utimensat(AT_FDCWD, MNT "/x", NULL, 0), GONE);
		break;
	case 3:
		gives(setxattr(MNT "/x", "system.posix_acl_access", NULL, 0, 0), GONE, EINVAL);
		break;
	default:
		if (gives(link(MNT "/x", MNT "/y"), GONE) == 0) {
			g_assert_cmpuint(stat_of(MNT "/y").st_ino, ==, real.st_ino);
			ok(unlink(MNT "/y"));
		}
	}
}

static void storm_on_the_name(void (*step)(void))
{
	struct storm storm = { 0 };

	storm_add(&storm, 0, change_places);
	storm_add(&storm, USER, step);
	storm_add(&storm, USER, open_it);
	storm_ends_well(&storm);
}

static void what_is_opened_is_what_was_checked(void)
{
	make_impostors();
	storm_on_the_name(open_it);
}

static void what_is_changed_is_what_was_checked(void)
{
	struct stat now;

	make_impostors();
	storm_on_the_name(change_it);
	now = stat_of(PARK "/secret");
	g_assert_cmpmem(&now.st_mtim, sizeof(now.st_mtim), &secret.st_mtim, sizeof(now.st_mtim));
	g_assert_cmpint(now.st_size, ==, secret.st_size);
	g_assert_cmpuint(now.st_mode, ==, secret.st_mode);
}

static void watch_opens(int watch, const char *path)
{
	ok(inotify_add_watch(watch, path, IN_OPEN));
}

static void what_is_no_object_is_never_opened(void)
{
	int watch = ok(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	char event[4096];

	make_impostors();
	watch_opens(watch, PARK "/fifo");
	watch_opens(watch, PARK "/directory");
	watch_opens(watch, CANARY);
	storm_on_the_name(open_it);
	fails(EAGAIN, read(watch, event, sizeof(event)));
}

/* ---- names in a directory with the sticky bit ---- */

static int owners;

static void make_for(const char *path, uid_t uid)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return;
	ok(fchown(fd, uid, uid));
	close(fd);
}

/* The owner's object has the one name or the other, and always one. */
static void exchange_names(void)
{
	if (error_of(renameat2(AT_FDCWD, SHM "/x", AT_FDCWD, SHM "/y", RENAME_EXCHANGE)) == ENOENT)
		make_for(exists(SHM "/x") ? SHM "/y" : SHM "/x", USER);
	g_assert_cmpuint(fstat_of(owners).st_nlink, ==, 1);
}

/* Each has a name of his own for what he took. */
static void take_a_name(void)
{
	g_autofree char *mine = g_strdup_printf(MNT "/taken%d", getpid());

	switch (g_random_int_range(0, 4)) {
	case 0:
		gives(unlink(MNT "/x"), ENOENT, EPERM);
		break;
	case 1:
		gives(rename(mine, MNT "/x"), ENOENT, EPERM);
		break;
	case 2:
		gives(rename(MNT "/x", mine), ENOENT, EPERM);
		break;
	default:
		gives(renameat2(AT_FDCWD, mine, AT_FDCWD, MNT "/x", RENAME_EXCHANGE), ENOENT,
		      EPERM);
	}
	if (exists(mine))
		g_assert_cmpuint(stat_of(mine).st_uid, ==, USER);
}

static void nobody_loses_a_name_to_another_user(void)
{
	struct storm storm = { 0 };

	make_for(SHM "/x", USER);
	make_for(SHM "/y", OWNER);
	owners = ok(open(SHM "/y", O_RDONLY | O_CLOEXEC));
	storm_add(&storm, 0, exchange_names);
	storm_add(&storm, USER, take_a_name);
	storm_add(&storm, USER, take_a_name);
	storm_ends_well(&storm);
}

/* CAP_FOWNER in a user namespace is over the ids of that. */
static void root_of_a_user_namespace_removes_what_its_users_have(void)
{
	enum { FIRST = 100000 };
	pid_t pid;

	put_new(SHM "/his", 0600, FIRST + 1000, FIRST + 1000);
	put_new(SHM "/mixed", 0600, FIRST + 1000, 1000);
	put_new(SHM "/others", 0600, 1000, 1000);
	CHILD (pid) {
		ok(setns(user_namespace(FIRST, FIRST), CLONE_NEWUSER));
		ok(setresgid(0, 0, 0));
		ok(setresuid(0, 0, 0));
		fails(EPERM, unlink(MNT "/others"));
		fails(EPERM, unlink(MNT "/mixed"));
		ok(rename(MNT "/his", MNT "/hers"));
		ok(unlink(MNT "/hers"));
	}
	ends_well(pid);
}

/* clang-format off */
static const struct mount_test tests[] = {
	{ TEST(what_is_opened_is_what_was_checked) },
	{ TEST(what_is_changed_is_what_was_checked) },
	{ TEST(what_is_no_object_is_never_opened) },
	{ TEST(nobody_loses_a_name_to_another_user) },
	{ TEST(root_of_a_user_namespace_removes_what_its_users_have) },
};
/* clang-format on */

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "impostor", tests, G_N_ELEMENTS(tests));
}
