/* SPDX-License-Identifier: MIT */
/* Quotas where many grow, shrink and rename at once. */
#include "storm.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { KIB = 1024, MIB = 1024 * 1024, LIMIT = 64 * KIB, PIECE = 8 * KIB };

static int make(const char *path, off_t size)
{
	int fd = ok(open(path, O_RDWR | O_CREAT | O_EXCL, 0600));

	ok(ftruncate(fd, size));
	return fd;
}

static const char piece[PIECE] = "piece";

enum { GROWERS = 6 };

/* Appends to one object of its own until nothing fits any more. */
static void grow_to_the_end(int number)
{
	g_autofree char *path = g_strdup_printf(MNT "/g%d", number);
	int fd = ok(open(path, O_WRONLY | O_CREAT | O_APPEND, 0600));
	off_t size = 0;
	ssize_t count = 0;

	while (count >= 0) {
		count = number % 2 ? write(fd, piece, 1000) : ftruncate(fd, size += 1000);
		if (count >= 0)
			size = fstat_of(fd).st_size;
	}
	g_assert_cmpint(errno, ==, ENOSPC);
}

static off_t size_of_all(void)
{
	g_autofree char *sum = sh_output("stat -c %s $SHM/* | paste -sd+ | bc 2>/dev/null || "
					 "stat -c %s $SHM/* | awk '{ s += $1 } END { print s }'");

	return g_ascii_strtoll(sum, NULL, 10);
}

static void growers_do_not_pass_the_limit_together(void)
{
	all_at_once(GROWERS, grow_to_the_end);
	g_assert_cmpint(size_of_all(), <=, MIB);
	g_assert_cmpint(size_of_all(), >, MIB - 1000);
}

/* What makes a count take its time. */
static void make_natively(int count)
{
	for (int i = 0; i < count; i++) {
		g_autofree char *path = g_strdup_printf(SHM "/filler%d", i);

		ok(close(make(path, 0)));
	}
}

enum { ROUNDS = 100, RIVALS = 3 };

static void of_rivals_for_the_room_one_has_it(void)
{
	_Atomic bool *start = mmap(NULL, sizeof(*start), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fds[RIVALS];

	g_assert_true(start != MAP_FAILED);
	make_natively(300);
	for (int i = 0; i < RIVALS; i++) {
		g_autofree char *path = g_strdup_printf(MNT "/r%d", i);

		fds[i] = make(path, 0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		pid_t rivals[RIVALS];
		int grown = 0;

		*start = false;
		for (int i = 0; i < RIVALS; i++)
			CHILD (rivals[i]) {
				while (!*start)
					sched_yield();
				(void)!(round % 2 ? ftruncate(fds[i], LIMIT * 2 / 3)
						  : fallocate(fds[i], 0, 0, LIMIT * 2 / 3));
			}
		*start = true;
		for (int i = 0; i < RIVALS; i++)
			ends_well(rivals[i]);
		for (int i = 0; i < RIVALS; i++) {
			grown += fstat_of(fds[i]).st_size > 0;
			ok(ftruncate(fds[i], 0));
		}
		g_assert_cmpint(grown, ==, 1);
	}
}

/* Writes at the end of an object that others cut off and that others' objects
 * take the place of. */
static void change_at_random(int number, gint64 end)
{
	const char *paths[] = { MNT "/a", MNT "/b", MNT "/c" };
	g_autoptr(GRand) random = g_rand_new_with_seed((guint32)number);

	while (g_get_monotonic_time() < end) {
		int fd = ok(open(paths[g_rand_int_range(random, 0, 3)], O_RDWR | O_CREAT, 0600));
		off_t size = fstat_of(fd).st_size;

		switch (g_rand_int_range(random, 0, 6)) {
		case 0:
			ok(ftruncate(fd, 0));
			break;
		case 1:
			ok(close(ok(open(paths[0], O_WRONLY | O_TRUNC | O_CREAT, 0600))));
			break;
		case 2:
			(void)!ftruncate(fd, g_rand_int_range(random, 0, LIMIT + 1));
			break;
		case 3:
			(void)!fallocate(fd, 0, size / 2, LIMIT / 2);
			break;
		case 4:
			(void)!rename(MNT "/b", MNT "/c");
			break;
		default:
			(void)!pwrite(fd, piece, PIECE, size > PIECE ? size - PIECE : size);
		}
		ok(close(fd));
	}
}

/* The count is not one moment's, so that it is taken when nothing happens. */
static void cutting_off_makes_no_room_for_two(void)
{
	pid_t users[GROWERS];

	for (int round = 0; round < 10; round++) {
		const gint64 end = g_get_monotonic_time() + G_USEC_PER_SEC / 5;

		for (int i = 0; i < GROWERS; i++)
			CHILD (users[i])
				change_at_random(round * GROWERS + i, end);
		for (int i = 0; i < GROWERS; i++)
			ends_well(users[i]);
		put(SHM "/none", "");
		g_assert_cmpint(size_of_all(), <=, LIMIT);
	}
}

static const struct mount_test tests[] = {
	{ TEST(growers_do_not_pass_the_limit_together), .options = "size=1m" },
	{ TEST(of_rivals_for_the_room_one_has_it), .options = "size=64k" },
	{ TEST(cutting_off_makes_no_room_for_two), .options = "size=64k" },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "quota-race", tests, G_N_ELEMENTS(tests));
}
