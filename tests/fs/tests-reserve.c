/* SPDX-License-Identifier: MIT */
/* Memory under a quota: reserved or not, mapped, and used by programs. */
#include "mount.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { KIB = 1024, LIMIT = 64 * KIB, PIECE = 8 * KIB };

static int make(const char *path, off_t size)
{
	int fd = ok(open(path, O_RDWR | O_CREAT | O_EXCL, 0600));

	ok(ftruncate(fd, size));
	return fd;
}

static const char piece[PIECE] = "piece";

/* ---- reserve ---- */

static void fill_natively(void)
{
	sh("head -c 100M /dev/zero >$SHM/full 2>/dev/null || :");
}

/* By the mount where it has shared mappings. */
static char *map_all(const char *name, size_t len)
{
	g_autofree char *path = g_strconcat(on_passthrough() ? MNT : SHM, "/", name, NULL);
	char *all = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, ok(open(path, O_RDWR)), 0);

	g_assert_true(all != MAP_FAILED);
	return all;
}

static void stores_fill(const char *name, size_t len)
{
	memset(map_all(name, len), 1, len);
}

static void reserved_growth_takes_every_store(void)
{
	int fd = make(MNT "/a", 100);

	ok(ftruncate(fd, 200 * KIB));
	ok(truncate(MNT "/a", 300 * KIB));
	make(MNT "/b", 0);
	ok(pwrite(ok(open(MNT "/b", O_RDWR)), "x", 1, 300 * KIB - 1));
	make(MNT "/c", 0);
	ok(fallocate(ok(open(MNT "/c", O_RDWR)), 0, 300 * KIB - 1, 1));
	fill_natively();
	stores_fill("a", 300 * KIB);
	stores_fill("b", 300 * KIB);
	stores_fill("c", 300 * KIB);
}

static void what_cannot_be_reserved_does_not_grow(void)
{
	int fd = make(MNT "/a", 5000);
	const blkcnt_t blocks = stat_of(SHM "/a").st_blocks;

	g_assert_cmpint(blocks, ==, 16);
	fill_natively();
	fails(ENOSPC, ftruncate(fd, 500 * KIB));
	fails(ENOSPC, truncate(MNT "/a", 500 * KIB));
	fails(ENOSPC, pwrite(fd, "x", 1, 500 * KIB));
	fails(ENOSPC, fallocate(fd, 0, 500 * KIB, 1));
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, 5000);
	g_assert_cmpint(stat_of(SHM "/a").st_blocks, ==, blocks);
	/* A write that leaves no hole does what it can, as on tmpfs. */
	ok(unlink(SHM "/full"));
	ok(ftruncate(fd, 0));
	sh("head -c $((2048 - 4))K /dev/zero >$SHM/full");
	g_assert_cmpint(ok(pwrite(fd, piece, PIECE, 0)), ==, 4 * KIB);
	fails(ENOSPC, pwrite(fd, piece, PIECE, 4 * KIB));
}

static void without_reserve_a_store_is_sigbus_as_it_is_natively(void)
{
	int fd = make(MNT "/a", 0);

	ok(ftruncate(fd, 300 * KIB));
	fill_natively();
	for (int native = 0; native < 2; native++) {
		pid_t child = (pid_t)ok(fork());
		int status;

		if (child == 0) {
			char *all = native ? mmap(NULL, 4096, PROT_WRITE, MAP_SHARED,
						  ok(open(SHM "/a", O_RDWR)), 0)
					   : map_all("a", 300 * KIB);

			signal(SIGBUS, SIG_DFL);
			all[0] = 1;
			_exit(0);
		}
		ok(waitpid(child, &status, 0));
		g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	}
}

/* ---- mappings and programs ---- */

static void mappings_stay_the_object(void)
{
	int fd = make(MNT "/a", LIMIT), native = ok(open(SHM "/a", O_RDWR));
	int reader = ok(open(MNT "/a", O_RDONLY));
	char *mine = mmap(NULL, LIMIT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *seen = mmap(NULL, LIMIT, PROT_READ, MAP_SHARED, reader, 0);
	char *theirs = mmap(NULL, LIMIT, PROT_READ | PROT_WRITE, MAP_SHARED, native, 0);
	char byte;

	g_assert_true(mine != MAP_FAILED && theirs != MAP_FAILED && seen != MAP_FAILED);
	mine[5000] = 'm';
	g_assert_cmpint(theirs[5000], ==, 'm');
	theirs[5001] = 't';
	g_assert_cmpint(mine[5001], ==, 't');
	ok(pwrite(fd, "w", 1, 5002));
	g_assert_cmpint(mine[5002], ==, 'w');
	g_assert_cmpint(seen[5002], ==, 'w');
	g_assert_cmpint(theirs[5002], ==, 'w');
	theirs[5003] = 'r';
	g_assert_cmpint(ok(pread(fd, &byte, 1, 5003)), ==, 1);
	g_assert_cmpint(byte, ==, 'r');
	g_assert_cmpint(ok(pread(reader, &byte, 1, 5003)), ==, 1);
	g_assert_cmpint(byte, ==, 'r');
}

static void programs_hear_no_space_left(void)
{
	sh("dd if=/dev/zero of=$MNT/a bs=4k count=1000 2>&1 | grep -q 'No space left'\n"
	   "test $(stat -c %s $SHM/a) = 1048576\n"
	   "rm $MNT/a\n"
	   "for engine in psync io_uring libaio $1; do\n"
	   "    fio --name=t --filename=$MNT/f --rw=randrw --bs=4k --size=512k --loops=3 \\\n"
	   "        --ioengine=$engine --verify=crc32c --verify_fatal=1 --output=$PLAIN/log\n"
	   "    rm $MNT/f\n"
	   "    ! fio --name=t --filename=$MNT/f --rw=write --bs=60k --size=2m \\\n"
	   "        --ioengine=$engine --fallocate=none --output=$PLAIN/log 2>/dev/null || exit 1\n"
	   "    test $(stat -c %s $SHM/f) -le 1048576\n"
	   "    rm $MNT/f\n"
	   "done",
	   on_passthrough() ? "mmap" : "");
}

static const struct mount_test tests[] = {
	{ TEST(reserved_growth_takes_every_store), .options = "reserve", .shm_options = "size=2m" },
	{ TEST(what_cannot_be_reserved_does_not_grow), .options = "size=100m,reserve",
	  .shm_options = "size=2m" },
	{ TEST(without_reserve_a_store_is_sigbus_as_it_is_natively), .options = "size=100m",
	  .shm_options = "size=2m" },
	{ TEST(mappings_stay_the_object), .paths = ONLY_PASSTHROUGH, .options = "size=64k" },
	{ TEST(programs_hear_no_space_left), .options = "size=1m", .needs = "fio" },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "reserve", tests, G_N_ELEMENTS(tests));
}
