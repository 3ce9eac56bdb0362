/* SPDX-License-Identifier: MIT */
/* Objects of a TiB, and of the largest size that there is, with little in them. */
#include "mount.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE	4096
#define TIB	(INT64_C(1) << 40)
#define LARGEST INT64_MAX

/* The largest of whole pages. */
#define LARGEST_EVEN (LARGEST - PAGE + 1)

struct sides {
	int fd, native;
};

static struct sides open_both(void)
{
	return (struct sides){ (int)ok(open(MNT "/a", O_RDWR | O_CREAT, 0600)),
			       (int)ok(open(PLAIN "/a", O_RDWR | O_CREAT, 0600)) };
}

static void agree(const char *call, long result, int error, long native, int native_error)
{
	if (result != native || error != native_error)
		g_error("%s: %ld (%s), natively %ld (%s)", call, result, g_strerror(error), native,
			g_strerror(native_error));
}

/* The same call on both sides, which must give the same. */
#define SAME(sides, call)                                            \
	do {                                                         \
		int fd = (sides).fd;                                 \
		long mine = (call);                                  \
		int error = error_of(mine);                          \
		fd = (sides).native;                                 \
		long theirs = (call);                                \
		agree(#call, mine, error, theirs, error_of(theirs)); \
		same_size(sides);                                    \
	} while (0)

static void same_size(struct sides sides)
{
	g_assert_cmpint(fstat_of(sides.fd).st_size, ==, fstat_of(sides.native).st_size);
	g_assert_cmpint(fstat_of(sides.fd).st_blocks, ==, fstat_of(sides.native).st_blocks);
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, fstat_of(sides.native).st_size);
}

static void seeks_agree(struct sides sides, off_t size)
{
	const off_t places[] = { 0,	      1,	size / 2, size - 3 * PAGE,
				 size - PAGE, size - 2, size - 1, size };

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		SAME(sides, lseek(fd, places[i], SEEK_DATA));
		SAME(sides, lseek(fd, places[i], SEEK_HOLE));
	}
	SAME(sides, lseek(fd, 0, SEEK_END));
	SAME(sides, lseek(fd, -1, SEEK_END));
	SAME(sides, lseek(fd, 1, SEEK_END));
}

static void calls_agree_at(off_t size)
{
	const struct sides sides = open_both();
	char buf[3] = "";

	SAME(sides, ftruncate(fd, size));
	seeks_agree(sides, size);
	SAME(sides, pread(fd, buf, 3, size - 2));
	SAME(sides, pwrite(fd, "end", 3, size - 3));
	SAME(sides, pread(fd, buf, 3, size - 3));
	g_assert_cmpmem(buf, 3, "end", 3);
	seeks_agree(sides, size);
	SAME(sides, pread(fd, buf, 3, size));
	SAME(sides, fallocate(fd, 0, size - 2 * PAGE, PAGE));
	SAME(sides, fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 1, size - 1));
	SAME(sides, fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, INT64_MAX));
	seeks_agree(sides, size);
	SAME(sides, ftruncate(fd, 0));
	ok(close(sides.fd));
	ok(close(sides.native));
}

static void a_tebibyte_has_an_end(void)
{
	calls_agree_at(TIB);
	calls_agree_at(TIB + 1);
	ok(truncate(MNT "/a", TIB));
	g_assert_cmpint(stat_of(MNT "/a").st_size, ==, TIB);
}

static void the_largest_object_has_an_end(void)
{
	calls_agree_at(LARGEST_EVEN);
	ok(truncate(MNT "/a", LARGEST));
	g_assert_cmpint(stat_of(MNT "/a").st_size, ==, LARGEST);
}

static void nothing_is_behind_the_largest_size(void)
{
	const struct sides sides = open_both();

	SAME(sides, ftruncate(fd, LARGEST));
	SAME(sides, pwrite(fd, "xy", 2, LARGEST));
	SAME(sides, pwrite(fd, "xy", 2, LARGEST - 1));
	SAME(sides, pwrite(fd, "x", 1, LARGEST - 1));
	SAME(sides, lseek(fd, LARGEST, SEEK_SET));
	SAME(sides, write(fd, "x", 1));
	SAME(sides, fallocate(fd, 0, LARGEST, 1));
	SAME(sides, fallocate(fd, 0, LARGEST - 1, 2));
	SAME(sides, ftruncate(fd, -1));
	SAME(sides, lseek(fd, 1, SEEK_END));
}

/* Where no hole follows before the size that is no whole pages, tmpfs counts pages
 * beyond what a position can be, and lseek(2) gives that. */
static void a_position_that_is_none_is_an_error(void)
{
	const struct sides sides = open_both();

	SAME(sides, ftruncate(fd, LARGEST));
	SAME(sides, pwrite(fd, "x", 1, LARGEST - 1));
	g_assert_cmpint(lseek(sides.native, LARGEST - 1, SEEK_HOLE), <, 0);
	fails(EINVAL, lseek(sides.fd, LARGEST - 1, SEEK_HOLE));
	SAME(sides, lseek(fd, 0, SEEK_HOLE));
	SAME(sides, lseek(fd, 0, SEEK_DATA));
}

static void the_end_can_be_mapped(void)
{
	static const off_t sizes[] = { TIB, LARGEST_EVEN };
	const int fd = (int)ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));
	char got[4] = "";

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		char *map;

		ok(ftruncate(fd, sizes[i]));
		map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, sizes[i] - PAGE);
		if (!on_passthrough()) {
			g_assert_true(map == MAP_FAILED && errno == ENODEV);
			map = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, sizes[i] - PAGE);
			g_assert_true(map != MAP_FAILED);
			g_assert_cmpint(map[PAGE - 1], ==, 0);
		} else {
			g_assert_true(map != MAP_FAILED);
			memcpy(map + PAGE - 4, "text", 4);
			g_assert_cmpint(ok(pread(fd, got, 4, sizes[i] - 4)), ==, 4);
			g_assert_cmpmem(got, 4, "text", 4);
		}
		ok(munmap(map, PAGE));
	}
}

static void copies_stay_sparse(void)
{
	const int fd = (int)ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));

	ok(ftruncate(fd, TIB));
	ok(pwrite(fd, "middle", 6, TIB / 2));
	ok(pwrite(fd, "end", 3, TIB - 3));
	ok(close(fd));
	sh("cd $MNT; for to in $MNT $PLAIN $SHM; do\n"
	   "  cp --sparse=auto a $to/b; test $(stat -c %s $to/b) = $1\n"
	   "  test $(stat -c %b $to/b) = 16; test $(du $to/b | cut -f 1) = 8\n"
	   "  test \"$(tail -c 3 $to/b)\" = end; rm $to/b\n"
	   "done",
	   G_STRINGIFY(1099511627776));
	g_assert_cmpint(stat_of(SHM "/a").st_blocks, ==, 16);
}

static const struct mount_test tests[] = {
	{ TEST(a_tebibyte_has_an_end) },
	{ TEST(the_largest_object_has_an_end) },
	{ TEST(nothing_is_behind_the_largest_size) },
	{ TEST(a_position_that_is_none_is_an_error) },
	{ TEST(the_end_can_be_mapped) },
	{ TEST(copies_stay_sparse) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "sparse", tests, G_N_ELEMENTS(tests));
}
