/* SPDX-License-Identifier: MIT */
/* attr.c */
#include <sys/statvfs.h>
#include <time.h>

#include "helpers.h"

/* The 13 members that POSIX gives struct stat. */
static void test_fstat_tells_all_13_members(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "text");
	g_autofree char *path = g_strconcat("/dev/shm", name, NULL);
	struct timespec now;
	struct stat st, by_path;

	assert_ok(pshm_fstat(fd, &st));
	assert_ok(stat(path, &by_path));
	clock_gettime(CLOCK_REALTIME, &now);

	g_assert_cmpuint(st.st_dev, ==, by_path.st_dev);
	g_assert_cmpuint(st.st_ino, ==, by_path.st_ino);
	g_assert_cmpuint(st.st_mode, ==, S_IFREG | 0600);
	g_assert_cmpuint(st.st_nlink, ==, 1);
	g_assert_cmpuint(st.st_uid, ==, geteuid());
	g_assert_cmpuint(st.st_gid, ==, getegid());
	g_assert_cmpuint(st.st_rdev, ==, 0);
	g_assert_cmpint(st.st_size, ==, 4);
	g_assert_cmpint(st.st_blksize, ==, sysconf(_SC_PAGESIZE));
	g_assert_cmpint(st.st_blocks, ==, sysconf(_SC_PAGESIZE) / 512);
	g_assert_cmpint(ABS(now.tv_sec - st.st_atim.tv_sec), <=, 5);
	g_assert_cmpint(ABS(now.tv_sec - st.st_mtim.tv_sec), <=, 5);
	g_assert_cmpint(ABS(now.tv_sec - st.st_ctim.tv_sec), <=, 5);
}

static void test_fstat_counts_links(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "");
	struct stat st;

	assert_ok(pshm_unlink(name));
	assert_ok(pshm_fstat(fd, &st));
	g_assert_cmpuint(st.st_nlink, ==, 0);
}

static void test_times_have_nanoseconds(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);
	struct timespec times[2] = { { 1, 123456789 }, { 2, 987654321 } };
	struct stat st;

	assert_ok(pshm_futimens(fd, times));
	assert_ok(pshm_fstat(fd, &st));
	g_assert_cmpint(st.st_atim.tv_sec, ==, 1);
	g_assert_cmpint(st.st_atim.tv_nsec, ==, 123456789);
	g_assert_cmpint(st.st_mtim.tv_sec, ==, 2);
	g_assert_cmpint(st.st_mtim.tv_nsec, ==, 987654321);
}

static void test_utime_omit_leaves_a_time_alone(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);
	struct timespec first[2] = { { 1, 0 }, { 2, 0 } };
	struct timespec second[2] = { { 0, UTIME_OMIT }, { 3, 0 } };

	assert_ok(pshm_futimens(fd, first));
	assert_ok(pshm_futimens(fd, second));
	g_assert_cmpint(status_of(fd).st_atim.tv_sec, ==, 1);
	g_assert_cmpint(status_of(fd).st_mtim.tv_sec, ==, 3);
}

static void test_no_times_are_now(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);
	struct timespec long_ago[2] = { { 1, 0 }, { 1, 0 } };

	assert_ok(pshm_futimens(fd, long_ago));
	assert_ok(pshm_futimens(fd, NULL));
	g_assert_cmpint(ABS(time(NULL) - status_of(fd).st_mtim.tv_sec), <=, 5);
}

static void test_bad_nanoseconds_are_einval(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);
	struct timespec times[2] = { { 1, 1000000000 }, { 1, 0 } };

	assert_fails(pshm_futimens(fd, times), EINVAL);
}

static void test_fchmod_is_exact_under_any_umask(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);
	mode_t before = umask(0777);

	assert_ok(pshm_fchmod(fd, PSHM_USER_ALL | PSHM_GROUP_READ | PSHM_OTHER_EXEC));
	umask(before);
	g_assert_cmpuint(mode_of(fd), ==, 0741);
}

static void test_fchown_of_minus_1_changes_nothing(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	assert_ok(pshm_fchown(fd, (uid_t)-1, (gid_t)-1));
	g_assert_cmpuint(status_of(fd).st_uid, ==, geteuid());
	g_assert_cmpuint(status_of(fd).st_gid, ==, getegid());
}

/* What root may do nobody else may: one fact, seen from where we stand. */
static void test_only_root_gives_an_object_away(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	if (geteuid() != 0) {
		assert_fails(pshm_fchown(fd, geteuid() + 1, (gid_t)-1), EPERM);
		return;
	}
	if (pshm_fchown(fd, 12345, 23456) == -1) {
		g_assert_cmpint(errno, ==, EINVAL);
		g_test_skip("root of a user namespace that lacks other users");
		return;
	}
	g_assert_cmpuint(status_of(fd).st_uid, ==, 12345);
	g_assert_cmpuint(status_of(fd).st_gid, ==, 23456);
}

static void test_bad_descriptor_is_ebadf(void)
{
	struct stat st;

	assert_fails(pshm_fstat(-1, &st), EBADF);
	assert_fails(pshm_fchmod(-1, 0), EBADF);
	assert_fails(pshm_fchown(-1, 0, 0), EBADF);
	assert_fails(pshm_futimens(-1, NULL), EBADF);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("attr", fstat_tells_all_13_members);
	add("attr", fstat_counts_links);
	add("attr", times_have_nanoseconds);
	add("attr", utime_omit_leaves_a_time_alone);
	add("attr", no_times_are_now);
	add("attr", bad_nanoseconds_are_einval);
	add("attr", fchmod_is_exact_under_any_umask);
	add("attr", fchown_of_minus_1_changes_nothing);
	add("attr", only_root_gives_an_object_away);
	add("attr", bad_descriptor_is_ebadf);
	return g_test_run();
}
