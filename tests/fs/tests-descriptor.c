/* SPDX-License-Identifier: MIT */
/* A daemon that may have few descriptors. */
#include "storm.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/xattr.h>

#define LIMIT 64

/* The fixture's daemon makes place for one that may have few descriptors. */
static void limit_daemon(void)
{
	const struct rlimit limit = { LIMIT, LIMIT };

	ok(prlimit(daemon_anew(NULL), RLIMIT_NOFILE, &limit, NULL));
	put(SHM "/a", "text");
}

/* Opens as often as it can be done: how often. */
static int open_all(const char *path, int oflag, int fds[LIMIT])
{
	int count = 0;

	while (count < LIMIT && (fds[count] = open(path, oflag)) >= 0)
		count++;
	g_assert_cmpint(count, <, LIMIT);
	g_assert_cmpint(errno, ==, ENFILE);
	return count;
}

/* To open a file takes a second descriptor for a moment, to make one does not: so
 * one more may be made. */
static int make_all(int *fds, int count)
{
	while (count < LIMIT && (fds[count] = open(MNT, O_TMPFILE | O_RDWR, 0600)) >= 0)
		count++;
	g_assert_cmpint(errno, ==, ENFILE);
	return count;
}

static void close_all(const int *fds, int count)
{
	while (count-- > 0)
		ok(close(fds[count]));
}

static void too_many_open_files_are_enfile(void)
{
	int fds[LIMIT], first = 0;

	limit_daemon();
	for (int round = 0; round < 3; round++) {
		const int opened = open_all(MNT "/a", O_RDWR, fds), count = make_all(fds, opened);

		g_assert_cmpint(opened, >=, LIMIT / 4);
		fails(ENFILE, open(MNT "/a", O_RDWR | O_CREAT, 0600));
		fails(ENFILE, open(MNT, O_TMPFILE | O_RDWR, 0600));
		close_all(fds, count);
		/* A close is told to the daemon a moment later. */
		first = MAX(first, opened);
		for (int again = 0; again < first; again++)
			wait_until ((fds[again] = open(MNT "/a", O_RDWR)) >= 0)
				;
		close_all(fds, first);
	}
}

static void an_open_that_fails_changes_nothing(void)
{
	struct stat before;
	int fds[LIMIT];

	limit_daemon();
	make_all(fds, open_all(MNT "/a", O_RDWR, fds));
	before = stat_of(SHM "/a");
	fails(ENFILE, open(MNT "/new", O_RDWR | O_CREAT, 0600));
	fails(ENFILE, open(MNT "/new", O_RDWR | O_CREAT | O_EXCL, 0600));
	has_names(SHM, "a ");
	fails(ENFILE, open(MNT "/a", O_RDWR | O_TRUNC));
	fails(ENFILE, open(MNT "/a", O_RDWR | O_CREAT | O_TRUNC, 0600));
	has_text(SHM "/a", "text");
	g_assert_cmpint(stat_of(SHM "/a").st_mtim.tv_sec, ==, before.st_mtim.tv_sec);
	g_assert_cmpint(stat_of(SHM "/a").st_mtim.tv_nsec, ==, before.st_mtim.tv_nsec);
}

static void calls_on_names_go_on(void)
{
	struct stat st, later;

	ok(mkdir(MNT "/d", 0755));
	ok(mknod(MNT "/d/n", S_IFREG | 0644, 0));
	st = stat_of(MNT "/d");
	ok(link(MNT "/d/n", MNT "/d/m"));
	later = stat_of(MNT "/d");
	g_assert_true(st.st_mtim.tv_nsec != later.st_mtim.tv_nsec ||
		      st.st_mtim.tv_sec != later.st_mtim.tv_sec);
	ok(rename(MNT "/d", MNT "/e"));
	has_names(MNT "/e", "m n ");
	ok(truncate(MNT "/e/n", 5000));
	ok(chmod(MNT "/e/n", 0600));
	ok(chown(MNT "/e/n", 1000, 1000));
	ok(utimensat(AT_FDCWD, MNT "/e/n", NULL, 0));
	ok(setxattr(MNT "/e/n", "trusted.x", "value", 5, 0));
	g_assert_cmpint(ok(getxattr(MNT "/e/n", "trusted.x", NULL, 0)), ==, 5);
	g_assert_cmpint(stat_of(MNT "/e/n").st_size, ==, 5000);
	AS_USER (1000, 1000)
		ok(access(MNT "/e/n", R_OK | W_OK));
	ok(unlink(MNT "/e/n"));
	ok(unlink(MNT "/e/m"));
	ok(rmdir(MNT "/e"));
	has_names(MNT, "a ");
}

static void calls_on_open_files_go_on(int fd)
{
	char buf[4];

	ok(pwrite(fd, "more", 4, 4));
	ok(pread(fd, buf, 4, 4));
	g_assert_cmpmem(buf, 4, "more", 4);
	ok(ftruncate(fd, 100));
	ok(fallocate(fd, 0, 0, 8192));
	ok(lseek(fd, 0, SEEK_HOLE));
	ok(fchmod(fd, 0640));
	ok(fsync(fd));
	ok(copy_file_range(fd, &(off_t){ 0 }, fd, &(off_t){ 4096 }, 100, 0));
	g_assert_cmpint(fstat_of(fd).st_mode, ==, S_IFREG | 0640);
}

static void all_other_calls_go_on(void)
{
	int fds[LIMIT];

	limit_daemon();
	open_all(MNT "/a", O_RDWR, fds);
	calls_on_names_go_on();
	calls_on_open_files_go_on(fds[0]);
	ok(flock(fds[0], LOCK_EX));
	ok(fcntl(fds[0], F_SETLK, &(struct flock){ .l_type = F_WRLCK }));
	ok(unlink(MNT "/a"));
	g_assert_cmpint(fstat_of(fds[0]).st_nlink, ==, 0);
}

static void use_a_name(int user)
{
	g_autofree char *path = g_strdup_printf(MNT "/d/%d", user);

	for (int i = 0; i < 50; i++) {
		ok(mknod(path, S_IFREG | 0600, 0));
		ok(truncate(path, 10));
		ok(chmod(path, 0644));
		ok(unlink(path));
	}
}

static void as_many_calls_at_once_as_there_are_workers_go_on(void)
{
	int fds[LIMIT];

	limit_daemon();
	ok(mkdir(MNT "/d", 0777));
	open_all(MNT "/a", O_RDWR, fds);
	all_at_once(20, use_a_name);
	has_names(MNT "/d", "");
}

static void too_many_locks_are_enolck(void)
{
	int fds[LIMIT], count, locked = 0, error = 0;

	limit_daemon();
	count = open_all(MNT "/a", O_RDWR, fds);
	while (locked < count && (error = error_of(flock(fds[locked], LOCK_SH))) == 0)
		locked++;
	g_assert_cmpint(error, ==, ENOLCK);
	fails(ENOLCK, flock(fds[locked], LOCK_SH | LOCK_NB));
	fails(ENOLCK, fcntl(fds[locked], F_OFD_SETLK, &(struct flock){ .l_type = F_RDLCK }));
	fails(ENOLCK, fcntl(fds[locked], F_OFD_SETLKW, &(struct flock){ .l_type = F_RDLCK }));
	ok(close(fds[0]));
	wait_until (error_of(flock(fds[locked], LOCK_SH)) == 0)
		;
}

static void too_many_open_directories_are_enfile(void)
{
	int fds[LIMIT], count;

	limit_daemon();
	count = open_all(MNT, O_RDONLY | O_DIRECTORY, fds);
	g_assert_cmpint(count, >=, LIMIT / 4);
	ok(truncate(MNT "/a", 0));
	ok(rename(MNT "/a", MNT "/b"));
	close_all(fds, count);
	wait_until ((fds[0] = open(MNT, O_RDONLY | O_DIRECTORY)) >= 0)
		;
	has_names(MNT, "b ");
}

static void it_starts_or_says_why_not(void)
{
	/* To look for leaks at the end takes descriptors, too. */
	g_setenv("ASAN_OPTIONS", "detect_leaks=0", TRUE);
	unmount();
	sh("n=3\n"
	   "until (ulimit -n $n; exec \"$SHMFUSE\" -o $1 $MNT) 2>/run/said; do\n"
	   "    code=$?; n=$((n + 1))\n"
	   "    test $code -le 2 || test $code = 127 # the loader\n"
	   "    test -s /run/said; cp /run/said /run/last\n"
	   "    ! grep ' $MNT ' /proc/self/mounts\n"
	   "done\n"
	   "grep -q '^shmfuse: ' /run/last; mkdir $MNT/d; mv $MNT/d $MNT/e; ls $MNT; rmdir $MNT/e",
	   options_of_path());
}

static const struct mount_test tests[] = {
	{ TEST(too_many_open_files_are_enfile) },
	{ TEST(an_open_that_fails_changes_nothing) },
	{ TEST(all_other_calls_go_on) },
	{ TEST(as_many_calls_at_once_as_there_are_workers_go_on) },
	{ TEST(too_many_locks_are_enolck) },
	{ TEST(too_many_open_directories_are_enfile) },
	{ TEST(it_starts_or_says_why_not) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "descriptor", tests, G_N_ELEMENTS(tests));
}
