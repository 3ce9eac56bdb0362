/* SPDX-License-Identifier: MIT */
/* Memory under an object: full file systems, shrinking objects, holes. */
#include "mount.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

enum { MIB = 1024 * 1024 };

static void a_full_file_system_is_enospc(void)
{
	static const size_t pieces[] = { 4096, 100000, MIB };
	g_autofree char *buf = g_malloc0(MIB);

	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));

	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		ssize_t n;

		ok(ftruncate(fd, 0));
		ok(lseek(fd, 0, SEEK_SET));
		while ((n = write(fd, buf, pieces[i])) > 0)
			;
		fails(ENOSPC, n);
		fails(ENOSPC, pwrite(fd, buf, 1, 4 * MIB));
		g_assert_cmpint(ok(pread(fd, buf, 4096, 0)), ==, 4096);
	}
}

static void a_hole_on_a_full_file_system_is_enospc(void)
{
	g_autofree char *buf = g_malloc0(MIB), *zeros = g_malloc0(MIB);
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));

	ok(ftruncate(fd, 4 * MIB));
	sh("head -c 100M /dev/zero >$SHM/full 2>/dev/null || :");
	for (size_t len = 1; len <= MIB; len *= 4)
		fails(ENOSPC, pwrite(fd, buf, len, MIB));
	memset(buf, 1, MIB);
	for (off_t at = 0; at < 4 * MIB; at += MIB) {
		g_assert_cmpint(ok(pread(fd, buf, MIB, at)), ==, MIB);
		g_assert_cmpmem(buf, MIB, zeros, MIB);
	}
	g_assert_cmpint(fstat_of(fd).st_blocks, ==, 0);
	fails(ENOSPC, fallocate(fd, 0, 0, MIB));
	g_assert_cmpint(posix_fallocate(fd, 0, MIB), ==, ENOSPC);
	ok(unlink(MNT "/full"));
	g_assert_cmpint(ok(pwrite(fd, buf, MIB, MIB)), ==, MIB);
}

static void a_write_ends_where_the_memory_ends(void)
{
	g_autofree char *buf = g_malloc(3 * MIB);
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));
	int plain = ok(open(SHM "/b", O_RDWR | O_CREAT, 0600));
	ssize_t native;

	memset(buf, 1, 3 * MIB);
	native = ok(write(plain, buf, 3 * MIB));
	ok(ftruncate(plain, 0));
	g_assert_cmpint(native, <, 3 * MIB);
	g_assert_cmpint(ok(write(fd, buf, 3 * MIB)), ==, native);
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, native);
}

static void no_more_objects_than_inodes(void)
{
	int made = 0;

	for (char path[] = MNT "/a"; path[sizeof MNT] < 'a' + 10; path[sizeof MNT]++)
		if (mknod(path, S_IFREG | 0600, 0) == 0)
			made++;
		else
			g_assert_cmpint(errno, ==, ENOSPC);
	g_assert_cmpint(made, ==, 4);
	fails(ENOSPC, open(MNT "/z", O_RDWR | O_CREAT, 0600));
	has_names(SHM, "a b c d ");
}

/* Reads and writes over the whole object while it shrinks and grows. */
static void use_while_it_changes(size_t len, int rounds)
{
	g_autofree char *buf = g_malloc(len);
	int fd = ok(open(MNT "/a", O_RDWR));

	for (int i = 0; i < rounds; i++) {
		off_t at = i * 12345 % (4 * MIB);

		memset(buf, 'w', len);
		g_assert_cmpint(ok(pwrite(fd, buf, len, at)), ==, len);
		for (ssize_t n = ok(pread(fd, buf, len, at)); n-- > 0;)
			g_assert_true(buf[n] == 'w' || buf[n] == 0);
	}
}

static void objects_may_shrink_under_readers_and_writers(void)
{
	static const size_t lengths[] = { 1, 4096, 65536, MIB };
	pid_t users[G_N_ELEMENTS(lengths)], changer;

	put(SHM "/a", "");
	CHILD (changer)
		for (;;) {
			ok(truncate(SHM "/a", 5 * MIB));
			ok(truncate(SHM "/a", 0));
		}
	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++)
		CHILD (users[i])
			use_while_it_changes(lengths[i], lengths[i] < MIB ? 1000 : 100);
	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++)
		ends_well(users[i]);
	ok(kill(changer, SIGKILL));
}

static void fallocate_does_what_it_does_natively(void)
{
	static const struct {
		int mode;
		off_t off, len;
	} calls[] = {
		{ 0, 0, 10000 },
		{ FALLOC_FL_KEEP_SIZE, 0, 500000 },
		{ FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192 },
		{ FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 100 },
		{ 0, 100000, 1 },
		{ FALLOC_FL_PUNCH_HOLE, 0, 4096 },
		{ FALLOC_FL_ZERO_RANGE, 0, 4096 },
		{ FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, 4096 },
		{ FALLOC_FL_COLLAPSE_RANGE, 0, 4096 },
		{ FALLOC_FL_INSERT_RANGE, 0, 4096 },
		{ 0, 0, 0 },
		{ 0, -1, 10 },
		{ 0x4000, 0, 10 },
		{ 0, 0, 1L << 62 },
	};
	int fd, native;

	put(SHM "/a", "text");
	put(SHM "/twin", "text");
	fd = ok(open(MNT "/a", O_RDWR));
	native = ok(open(SHM "/twin", O_RDWR));
	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
		g_test_message("call %zu", i);
		g_assert_cmpint(
			error_of(fallocate(fd, calls[i].mode, calls[i].off, calls[i].len)), ==,
			error_of(fallocate(native, calls[i].mode, calls[i].off, calls[i].len)));
		g_assert_cmpint(fstat_of(fd).st_size, ==, fstat_of(native).st_size);
		g_assert_cmpint(fstat_of(fd).st_blocks, ==, fstat_of(native).st_blocks);
		sh("cmp $SHM/a $SHM/twin");
	}
	fails(EBADF, fallocate(ok(open(MNT "/a", O_RDONLY)), 0, 0, 10));
}

static void data_and_holes_are_where_they_are_natively(void)
{
	static const off_t places[] = { 0, 1, 4096, 100000, 262144, 262145, 300000, 999999,
					1000000, -1 };
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));
	int native = ok(open(SHM "/a", O_RDWR));

	ok(ftruncate(fd, 1000000));
	ok(pwrite(fd, "x", 1, 4096));
	ok(pwrite(native, "x", 1, 262144));
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
		for (int whence = SEEK_DATA; whence <= SEEK_HOLE; whence++) {
			off_t mine = lseek(fd, places[i], whence);
			int error = error_of(mine);

			g_assert_cmpint(lseek(native, places[i], whence), ==, mine);
			if (mine == -1)
				g_assert_cmpint(errno, ==, error);
		}
}

static void reading_a_hole_takes_no_memory(void)
{
	g_autofree char *buf = g_malloc(MIB);
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));

	ok(ftruncate(fd, 4 * MIB));
	for (off_t at = 0; at < 4 * MIB; at += MIB)
		g_assert_cmpint(ok(pread(fd, buf, MIB, at)), ==, MIB);
	for (off_t at = 0; at < MIB; at += 5000)
		g_assert_cmpint(ok(pread(fd, buf, 100, at)), ==, 100);
	g_assert_cmpint(stat_of(SHM "/a").st_blocks, ==, 0);
}

static void unlinked_memory_comes_back_when_closed(void)
{
	struct statvfs before, after;
	int fd;

	ok(statvfs(SHM, &before));
	fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));
	ok(fallocate(fd, 0, 0, MIB));
	g_assert_cmpint(stat_of(MNT "/a").st_blocks, ==, MIB / 512);
	ok(unlink(MNT "/a"));
	ok(close(fd));
	wait_until ((ok(statvfs(SHM, &after)), after.f_bfree == before.f_bfree))
		;
	g_assert_cmpint(after.f_ffree, ==, before.f_ffree);
}

static const struct mount_test tests[] = {
	{ TEST(a_full_file_system_is_enospc), .shm_options = "size=2m" },
	{ TEST(a_hole_on_a_full_file_system_is_enospc), .shm_options = "size=2m" },
	{ TEST(a_write_ends_where_the_memory_ends), .shm_options = "size=2m" },
	{ TEST(no_more_objects_than_inodes), .shm_options = "nr_inodes=5" },
	{ TEST(objects_may_shrink_under_readers_and_writers) },
	{ TEST(fallocate_does_what_it_does_natively), .shm_options = "size=64m" },
	{ TEST(data_and_holes_are_where_they_are_natively) },
	{ TEST(reading_a_hole_takes_no_memory) },
	{ TEST(unlinked_memory_comes_back_when_closed) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "space", tests, G_N_ELEMENTS(tests));
}
