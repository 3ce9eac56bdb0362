/* SPDX-License-Identifier: MIT */
/* Quotas: what passes the limit is ENOSPC, whoever grows what in which way. */
#include "mount.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { KIB = 1024, MIB = 1024 * 1024, LIMIT = 64 * KIB, PIECE = 8 * KIB };

static int make(const char *path, off_t size)
{
	int fd = ok(open(path, O_RDWR | O_CREAT | O_EXCL, 0600));

	ok(ftruncate(fd, size));
	return fd;
}

/* ---- each way to grow ---- */

static char *piece(void)
{
	static _Alignas(4096) char bytes[PIECE];

	memset(bytes, 'p', sizeof(bytes));
	return bytes;
}

static ssize_t grow_by_write(int fd)
{
	ok(lseek(fd, 0, SEEK_END));
	return write(fd, piece(), PIECE);
}

static ssize_t grow_by_pwrite(int fd)
{
	return pwrite(fd, piece(), PIECE, fstat_of(fd).st_size);
}

static ssize_t grow_by_pwritev(int fd)
{
	const struct iovec parts[2] = { { piece(), PIECE / 2 }, { piece(), PIECE / 2 } };

	return pwritev(fd, parts, 2, fstat_of(fd).st_size);
}

static ssize_t with_flag(int fd, int flag)
{
	ssize_t count;

	ok(fcntl(fd, F_SETFL, flag));
	count = grow_by_write(fd);
	if (count < 0 && errno == ENOSPC)
		count = -ENOSPC;
	ok(fcntl(fd, F_SETFL, 0));
	errno = ENOSPC;
	return count == -ENOSPC ? -1 : count;
}

static ssize_t grow_by_direct_write(int fd)
{
	return with_flag(fd, O_DIRECT);
}

static ssize_t grow_by_append(int fd)
{
	return with_flag(fd, O_APPEND);
}

static ssize_t grow_by_splice(int fd)
{
	off_t end = fstat_of(fd).st_size;
	int ends[2], error;
	ssize_t count;

	ok(pipe(ends));
	g_assert_cmpint(ok(write(ends[1], piece(), PIECE)), ==, PIECE);
	count = splice(ends[0], NULL, fd, &end, PIECE, 0);
	error = errno;
	ok(close(ends[0]));
	ok(close(ends[1]));
	errno = error;
	return count;
}

static ssize_t grow_by_sendfile(int fd)
{
	const int source = ok(open(PLAIN "/source", O_RDONLY));
	off_t off = 0;
	ssize_t count;

	ok(lseek(fd, 0, SEEK_END));
	count = sendfile(fd, source, &off, PIECE);
	close(source);
	return count;
}

/* From the object's own beginning. */
static ssize_t grow_by_copy(int fd)
{
	off_t from = 0, to = fstat_of(fd).st_size;

	return copy_file_range(fd, &from, fd, &to, PIECE, 0);
}

static ssize_t grow_by_aio(int fd)
{
	struct iocb call = { .aio_fildes = (uint32_t)fd,
			     .aio_lio_opcode = IOCB_CMD_PWRITE,
			     .aio_buf = (uintptr_t)piece(),
			     .aio_nbytes = PIECE,
			     .aio_offset = fstat_of(fd).st_size };
	struct iocb *calls = &call;
	aio_context_t context = 0;
	struct io_event event;

	ok(syscall(SYS_io_setup, 1, &context));
	ok(syscall(SYS_io_submit, context, 1, &calls));
	g_assert_cmpint(ok(syscall(SYS_io_getevents, context, 1, 1, &event, NULL)), ==, 1);
	ok(syscall(SYS_io_destroy, context));
	errno = (int)-event.res;
	return event.res < 0 ? -1 : (ssize_t)event.res;
}

static const struct way {
	const char *name;
	ssize_t (*grow)(int fd);
} ways[] = {
	{ "write", grow_by_write },	{ "pwrite", grow_by_pwrite },
	{ "pwritev", grow_by_pwritev }, { "O_DIRECT", grow_by_direct_write },
	{ "splice", grow_by_splice },	{ "sendfile", grow_by_sendfile },
	{ "copy", grow_by_copy },	{ "io_submit", grow_by_aio },
	{ "O_APPEND", grow_by_append },
};

static void a_write_does_the_part_that_fits(void)
{
	int fd;

	sh("head -c 8192 /dev/zero >$PLAIN/source");
	fd = make(MNT "/a", LIMIT);
	for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_test_message("%s", ways[i].name);
		ok(ftruncate(fd, LIMIT - 4 * KIB));
		g_assert_cmpint(ok(ways[i].grow(fd)), ==, 4 * KIB);
		fails(ENOSPC, ways[i].grow(fd));
		g_assert_cmpint(stat_of(SHM "/a").st_size, ==, LIMIT);
	}
	fails(ENOSPC, pwrite(fd, "x", 1, LIMIT));
	fails(ENOSPC, pwrite(fd, "x", 1, 10 * MIB));
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, LIMIT);
}

static void what_is_inside_has_no_limit(void)
{
	int fd = make(MNT "/a", LIMIT);

	for (int i = 0; i < 3; i++)
		g_assert_cmpint(ok(pwrite(fd, piece(), PIECE, LIMIT - PIECE)), ==, PIECE);
	g_assert_cmpint(ok(pwrite(fd, piece(), PIECE, LIMIT - 1)), ==, 1);
	ok(fallocate(fd, 0, 0, LIMIT));
	ok(ftruncate(fd, LIMIT));
	ok(truncate(MNT "/a", LIMIT));
	ok(ftruncate(fd, 1));
	ok(pwrite(fd, piece(), PIECE, 1));
}

static void truncate_beyond_the_limit_changes_nothing(void)
{
	int fd = make(MNT "/a", 100);

	fails(ENOSPC, ftruncate(fd, LIMIT + 1));
	fails(ENOSPC, truncate(MNT "/a", LIMIT + 1));
	fails(ENOSPC, ftruncate(fd, G_MAXINT64));
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, 100);
	ok(ftruncate(fd, LIMIT));
	make(MNT "/b", 0);
	fails(ENOSPC, truncate(MNT "/b", 1));
	ok(close(ok(open(MNT "/a", O_RDWR | O_TRUNC))));
	ok(truncate(MNT "/b", LIMIT));
}

static void fallocate_is_all_or_nothing(void)
{
	int fd = make(MNT "/a", 100);

	fails(ENOSPC, fallocate(fd, 0, 0, LIMIT + 1));
	fails(ENOSPC, fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, LIMIT + 1));
	g_assert_cmpint(posix_fallocate(fd, 50, LIMIT), ==, ENOSPC);
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, 100);
	g_assert_cmpint(stat_of(SHM "/a").st_blocks, ==, 0);
	ok(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, LIMIT));
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, 100);
	ok(fallocate(fd, 0, 0, LIMIT));
	ok(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, LIMIT));
	fails(EOPNOTSUPP, fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, LIMIT));
	fails(EINVAL, fallocate(fd, 0, 0, 0));
}

/* ---- what counts ---- */

static void native_objects_count_at_once(void)
{
	int fd = make(MNT "/a", 0), native = make(SHM "/b", LIMIT - 10);

	fails(ENOSPC, ftruncate(fd, 11));
	ok(ftruncate(fd, 10));
	ok(ftruncate(native, 100));
	ok(ftruncate(fd, LIMIT - 100));
	fails(ENOSPC, ftruncate(fd, LIMIT - 99));
	ok(rename(SHM "/b", SHM "/c"));
	fails(ENOSPC, ftruncate(fd, LIMIT - 99));
	/* A growth that no notification of the kernel's tells of. */
	ok(ftruncate(fd, LIMIT - 100 - PIECE));
	g_assert_cmpint(ok(grow_by_aio(native)), ==, PIECE);
	fails(ENOSPC, ftruncate(fd, LIMIT - 99 - PIECE));
	ok(ftruncate(fd, LIMIT - 100 - PIECE));
	ok(unlink(SHM "/c"));
	ok(ftruncate(fd, LIMIT));
}

static void beyond_the_limit_natively_nothing_grows(void)
{
	struct statvfs status;
	int native = make(SHM "/a", 2 * LIMIT), fd = ok(open(MNT "/a", O_RDWR));

	ok(statvfs(MNT, &status));
	g_assert_cmpint(status.f_bfree, ==, 0);
	g_assert_cmpint(status.f_bavail, ==, 0);
	fails(ENOSPC, grow_by_write(fd));
	fails(ENOSPC, ftruncate(fd, 2 * LIMIT + 1));
	g_assert_cmpint(ok(pwrite(fd, piece(), PIECE, 2 * LIMIT - 1)), ==, 1);
	ok(ftruncate(fd, LIMIT + 10));
	fails(ENOSPC, ftruncate(fd, LIMIT + 11));
	ok(close(native));
}

/* As many bytes as a number holds, and a few more. */
static void no_length_makes_the_sum_small(void)
{
	struct statvfs status;

	ok(close(make(SHM "/a", INT64_MAX)));
	ok(close(make(SHM "/b", INT64_MAX)));
	ok(close(make(SHM "/c", 10)));
	fails(ENOSPC, ftruncate(ok(open(MNT "/d", O_RDWR | O_CREAT, 0600)), 1));
	ok(statvfs(MNT, &status));
	g_assert_cmpint(status.f_bfree, ==, 0);
}

static void an_object_counts_once_by_all_its_names(void)
{
	int fd = make(MNT "/a", LIMIT / 2);

	ok(link(MNT "/a", MNT "/b"));
	ok(link(SHM "/a", SHM "/c"));
	ok(mkdir(MNT "/d", 0700));
	ok(rename(MNT "/c", MNT "/d/c"));
	ok(ftruncate(fd, LIMIT));
	fails(ENOSPC, ftruncate(fd, LIMIT + 1));
	ok(unlink(MNT "/a"));
	ok(unlink(SHM "/b"));
	fails(ENOSPC, grow_by_write(fd));
	ok(ftruncate(fd, 10));
	ok(ftruncate(make(MNT "/e", 0), LIMIT - 10));
}

static void unlinked_objects_count_while_they_are_open(void)
{
	int fd = make(MNT "/a", LIMIT - 10), other = make(MNT "/b", 0);

	ok(unlink(MNT "/a"));
	fails(ENOSPC, ftruncate(other, 11));
	fails(ENOSPC, ftruncate(fd, LIMIT + 1));
	ok(ftruncate(fd, LIMIT));
	fails(ENOSPC, ftruncate(other, 1));
	ok(close(fd));
	wait_until (ftruncate(other, LIMIT) == 0)
		;
	ok(ftruncate(other, 0));
	fd = ok(open(MNT, O_RDWR | O_TMPFILE, 0600));
	ok(ftruncate(fd, LIMIT));
	fails(ENOSPC, ftruncate(other, 1));
	ok(close(fd));
	wait_until (ftruncate(other, LIMIT) == 0)
		;
}

static void the_count_survives_the_daemon(void)
{
	g_autofree char *options = g_strconcat(options_of_path(), ",size=64k", NULL);

	make(SHM "/a", LIMIT - 10);
	for (int i = 0; i < 3; i++) {
		pid_t daemon = daemon_start(options);
		int fd = ok(open(MNT "/b", O_RDWR | O_CREAT, 0600));

		fails(ENOSPC, ftruncate(fd, 11));
		ok(ftruncate(fd, 10));
		ok(close(fd));
		if (i == 1)
			ok(kill(daemon, SIGKILL));
		if (i == 1)
			daemon_status(daemon);
		unmount();
		if (i != 1)
			g_assert_cmpint(daemon_status(daemon), ==, 0);
	}
}

/* In a view, what is shared has no limit, until it is made private. */
static void in_a_view_private_objects_count(void)
{
	g_autofree char *options = g_strconcat(
		options_of_path(), ",subdir=team,share=cam_*,size=64k,nr_inodes=4", NULL);
	pid_t daemon;
	int fd, cam;

	make(SHM "/team%", 0);
	make(SHM "/other", MIB);
	make(SHM "/team%a", LIMIT - 10);
	daemon = daemon_start(options);
	fd = ok(open(MNT "/a", O_RDWR));
	cam = make(MNT "/cam_a", MIB);
	g_assert_cmpint(stat_of(SHM "/cam_a").st_size, ==, MIB);
	g_assert_cmpint(ok(grow_by_write(cam)), ==, PIECE);
	g_assert_cmpint(ok(grow_by_write(fd)), ==, 10);
	fails(ENOSPC, grow_by_write(fd));
	fails(ENOSPC, link(MNT "/cam_a", MNT "/b"));
	fails(ENOSPC, rename(MNT "/cam_a", MNT "/b"));
	fails(ENOSPC, renameat2(AT_FDCWD, MNT "/cam_a", AT_FDCWD, MNT "/a", RENAME_EXCHANGE));
	ok(ftruncate(cam, 100));
	fails(ENOSPC, rename(MNT "/cam_a", MNT "/b"));
	ok(ftruncate(fd, LIMIT - 100));
	ok(rename(MNT "/cam_a", MNT "/b"));
	fails(ENOSPC, grow_by_write(cam));
	ok(close(make(MNT "/c", 0)));
	fails(ENOSPC, open(MNT "/d", O_RDWR | O_CREAT, 0600));
	sh("for i in 1 2 3 4 5; do touch $MNT/cam_$i; done");
	ok(rename(MNT "/b", MNT "/cam_b"));
	g_assert_cmpint(ok(grow_by_write(cam)), ==, PIECE);
	ok(ftruncate(fd, LIMIT));
	ok(close(fd));
	ok(close(cam));
	sh("test $(df --output=avail $MNT | tail -n 1) = 0");
	unmount();
	g_assert_cmpint(daemon_status(daemon), ==, 0);
}

/* ---- inodes ---- */

/* The root, a, b and c. */
static void no_name_beyond_nr_inodes(void)
{
	int fd;

	make(MNT "/a", 0);
	make(SHM "/b", 0);
	ok(mkdir(MNT "/c", 0700));
	fails(ENOSPC, open(MNT "/x", O_RDWR | O_CREAT, 0600));
	fails(ENOSPC, mkdir(MNT "/x", 0700));
	fails(ENOSPC, mknod(MNT "/c/x", S_IFREG | 0600, 0));
	fails(ENOSPC, open(MNT, O_RDWR | O_TMPFILE, 0600));
	fails(ENOSPC, link(MNT "/a", MNT "/x"));
	fails(EEXIST, mkdir(MNT "/c", 0700));
	ok(rename(MNT "/a", MNT "/c/x"));
	ok(close(ok(open(MNT "/c/x", O_RDWR | O_CREAT, 0600))));
	ok(unlink(SHM "/b"));
	fd = ok(open(MNT, O_RDWR | O_TMPFILE, 0600));
	fails(ENOSPC, mknod(MNT "/y", S_IFREG | 0600, 0));
	ok(linkat(AT_FDCWD, g_strdup_printf("/proc/self/fd/%d", fd), AT_FDCWD, MNT "/y",
		  AT_SYMLINK_FOLLOW));
	fails(ENOSPC, link(MNT "/y", MNT "/z"));
	ok(unlink(MNT "/y"));
	fails(ENOSPC, mknod(MNT "/y", S_IFREG | 0600, 0));
	ok(close(fd));
	wait_until (mknod(MNT "/y", S_IFREG | 0600, 0) == 0)
		;
}

/* tmpfs itself does the same with as many. */
static void nr_inodes_count_as_those_of_tmpfs(void)
{
	static const char script[] = "cd \"$1\"; for i in 1 2 3 4 5 6 7 8; do\n"
				     "touch a$i 2>/dev/null || echo touch $i\n"
				     "ln a1 l$i 2>/dev/null || echo link $i\n"
				     "mkdir d$i 2>/dev/null || echo mkdir $i\n"
				     "done; df --output=itotal,iused,iavail . | tail -n 1";
	g_autofree char *mine = sh_output(script, MNT), *native = NULL;

	sh("mkdir /run/twin; mount -t tmpfs -o nr_inodes=10 tmpfs /run/twin");
	native = sh_output(script, "/run/twin");
	g_assert_cmpstr(mine, ==, native);
}

/* ---- statfs ---- */

static void statfs_shows_the_quota(void)
{
	struct statvfs status;

	make(MNT "/a", 10000);
	ok(statvfs(MNT, &status));
	g_assert_cmpint(status.f_blocks * status.f_frsize, ==, MIB);
	g_assert_cmpint(status.f_bfree * status.f_frsize, ==, MIB - 12 * KIB);
	g_assert_cmpint(status.f_bavail, ==, status.f_bfree);
	g_assert_cmpint(status.f_files, ==, 2048);
	g_assert_cmpint(status.f_ffree, ==, 2046);
	sh("test \"$(df --output=size,used,avail $MNT | tail -n 1 | xargs)\" = '1024 12 1012'");
	/* The shm file system has 2 MiB. */
	sh("head -c 2000K /dev/zero >$SHM/full; rm -f $SHM/a; ln $SHM/full $SHM/twin; "
	   "truncate -s 0 $SHM/full; fallocate -n -l 2000K $SHM/full");
	ok(statvfs(MNT, &status));
	g_assert_cmpint(status.f_bfree * status.f_frsize, ==, 48 * KIB);
}

static void no_limit_shows_what_the_shm_file_system_has(void)
{
	struct statvfs mine, native;

	ok(statvfs(MNT, &mine));
	ok(statvfs(SHM, &native));
	g_assert_cmpint(mine.f_blocks, ==, native.f_blocks);
	g_assert_cmpint(mine.f_bfree, ==, native.f_bfree);
	g_assert_cmpint(mine.f_files, ==, native.f_files);
	make(MNT "/a", 10 * MIB);
}

static const struct mount_test tests[] = {
	{ TEST(a_write_does_the_part_that_fits), .options = "size=64k" },
	{ TEST(what_is_inside_has_no_limit), .options = "size=64k" },
	{ TEST(truncate_beyond_the_limit_changes_nothing), .options = "size=64k" },
	{ TEST(fallocate_is_all_or_nothing), .options = "size=64k" },
	{ TEST(native_objects_count_at_once), .options = "size=64k" },
	{ TEST(beyond_the_limit_natively_nothing_grows), .options = "size=64k" },
	{ TEST(no_length_makes_the_sum_small), .options = "size=64k" },
	{ TEST(an_object_counts_once_by_all_its_names), .options = "size=64k" },
	{ TEST(unlinked_objects_count_while_they_are_open), .options = "size=64k" },
	{ TEST(the_count_survives_the_daemon), .paths = NO_MOUNT },
	{ TEST(no_name_beyond_nr_inodes), .options = "nr_inodes=4" },
	{ TEST(nr_inodes_count_as_those_of_tmpfs), .options = "nr_inodes=10" },
	{ TEST(in_a_view_private_objects_count), .paths = NO_MOUNT },
	{ TEST(statfs_shows_the_quota), .options = "size=1m,nr_inodes=2k",
	  .shm_options = "size=2m" },
	{ TEST(no_limit_shows_what_the_shm_file_system_has), .options = "size=0,nr_inodes=0",
	  .shm_options = "size=2m,nr_inodes=50" },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "quota", tests, G_N_ELEMENTS(tests));
}
