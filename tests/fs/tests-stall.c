/* SPDX-License-Identifier: MIT */
/*
 * What could make the daemon wait for somebody else: there are more of each than
 * it has threads, and others are served all the same.
 */
#include "storm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>

/* More than libfuse's loop has threads. */
enum { MANY = 20, USER = 1000 };

static void nth_path(char path[PATH_MAX], const char *directory, int i)
{
	g_snprintf(path, PATH_MAX, "%s/a%d", directory, i);
}

static void others_are_served(void)
{
	alarm(20);
	put(MNT "/other", "served");
	has_text(MNT "/other", "served");
	ok(truncate(MNT "/other", 1));
	ok(unlink(MNT "/other"));
	alarm(0);
}

/* ---- leases ---- */

/* Its holder is told, and does nothing. */
static void lease(const char *path, int type)
{
	int fd = ok(open(path, type == F_RDLCK ? O_RDONLY : O_RDWR));

	signal(SIGIO, SIG_IGN);
	ok(fcntl(fd, F_SETLEASE, type));
}

static void take_leases(int type)
{
	char path[PATH_MAX];

	for (int i = 0; i < MANY; i++) {
		nth_path(path, SHM, i);
		put(path, "text");
		lease(path, type);
	}
}

static void open_leased(const char *path)
{
	fails(EAGAIN, open(path, O_RDWR));
}

static void open_and_truncate_leased(const char *path)
{
	fails(EAGAIN, open(path, O_RDONLY | O_TRUNC));
}

static void truncate_leased(const char *path)
{
	fails(EAGAIN, truncate(path, 0));
}

static void lock_leased(const char *path)
{
	ok(flock(ok(open(path, O_RDONLY)), LOCK_EX));
}

static void nothing_waits_for(int type, void (*call)(const char *path))
{
	pid_t pids[MANY];
	char path[PATH_MAX];

	take_leases(type);
	for (int i = 0; i < MANY; i++)
		CHILD (pids[i]) {
			nth_path(path, MNT, i);
			alarm(20);
			call(path);
		}
	others_are_served();
	for (int i = 0; i < MANY; i++)
		ends_well(pids[i]);
}

static void a_lease_keeps_no_open_waiting(void)
{
	nothing_waits_for(F_WRLCK, open_leased);
}

static void a_lease_keeps_no_truncation_waiting(void)
{
	nothing_waits_for(F_WRLCK, truncate_leased);
}

static void a_read_lease_keeps_no_truncation_waiting(void)
{
	nothing_waits_for(F_RDLCK, truncate_leased);
}

static void a_read_lease_keeps_no_truncating_open_waiting(void)
{
	nothing_waits_for(F_RDLCK, open_and_truncate_leased);
}

static void a_read_lease_keeps_no_lock_waiting(void)
{
	nothing_waits_for(F_RDLCK, lock_leased);
}

/* clang-format off */
static const struct mount_test tests[] = {
	{ TEST(a_lease_keeps_no_open_waiting) },
	{ TEST(a_lease_keeps_no_truncation_waiting) },
	{ TEST(a_read_lease_keeps_no_truncation_waiting) },
	{ TEST(a_read_lease_keeps_no_truncating_open_waiting) },
	{ TEST(a_read_lease_keeps_no_lock_waiting) },
};
/* clang-format on */

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "stall", tests, G_N_ELEMENTS(tests));
}
