/* SPDX-License-Identifier: MIT */
/*
 * What could make the daemon wait for somebody else: there are more of each than
 * it has threads, and others are served all the same.
 */
#include "storm.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* More than the daemon has workers. */
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

/* ---- memory that somebody else serves, and does not ---- */

static void *unserved_page(void)
{
	const int fd = ok(syscall(SYS_userfaultfd, O_CLOEXEC));
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register page = { .mode = UFFDIO_REGISTER_MODE_MISSING,
					.range.len = (unsigned)getpagesize() };
	void *memory = mmap(NULL, page.range.len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	g_assert_true(memory != MAP_FAILED);
	page.range.start = (uintptr_t)memory;
	ok(ioctl(fd, UFFDIO_API, &api));
	ok(ioctl(fd, UFFDIO_REGISTER, &page));
	return memory;
}

static void transfer_forever(const char *path, bool writes)
{
	void *page = unserved_page();
	int fd = ok(open(path, O_RDWR));

	if (writes)
		error_of(pwrite(fd, page, 4096, 0));
	else
		error_of(pread(fd, page, 4096, 0));
}

/* "running" is no number, and neither call has the number 0. */
static bool is_asleep_in(pid_t pid, long call)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/syscall", pid);
	g_autofree char *state = get(path);

	return atol(state) == call;
}

static void transfers_that_never_end_keep_nobody_waiting(void)
{
	pid_t pids[2 * MANY];
	char path[PATH_MAX];

	for (int i = 0; i < 2 * MANY; i++) {
		nth_path(path, MNT, i);
		put(path, "text");
		CHILD (pids[i])
			transfer_forever(path, i % 2);
	}
	for (int i = 0; i < 2 * MANY; i++)
		wait_until (is_asleep_in(pids[i], i % 2 ? SYS_pwrite64 : SYS_pread64))
			;
	others_are_served();
	kill_all(pids, G_N_ELEMENTS(pids));
}

/* ---- clients that stop, or never take what they asked for ---- */

static void use_without_end(void)
{
	char buf[65536] = "", path[PATH_MAX];

	for (;;) {
		int fd;

		nth_path(path, MNT, g_random_int_range(0, MANY));
		fd = open(path, O_RDWR | O_CREAT, 0600);
		if (fd < 0)
			continue;
		error_of(pwrite(fd, buf, sizeof(buf), 0));
		error_of(pread(fd, buf, sizeof(buf), 0));
		error_of(flock(fd, LOCK_EX));
		close(fd);
		error_of(unlink(path));
	}
}

static void stopped_clients_keep_nobody_waiting(void)
{
	pid_t pids[MANY];

	for (int i = 0; i < MANY; i++)
		CHILD (pids[i])
			use_without_end();
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < MANY; i++)
			ok(kill(pids[i], SIGSTOP));
		others_are_served();
		for (int i = 0; i < MANY; i++)
			ok(kill(pids[i], SIGCONT));
		others_are_served();
	}
	kill_all(pids, G_N_ELEMENTS(pids));
}

/* With O_DIRECT, which has the kernel answer io_submit(2) before they are done. */
static void submit_and_wait(const char *path, int gate)
{
	enum { REQUESTS = 2000, SIZE = 65536 };
	static struct iocb requests[REQUESTS], *list[REQUESTS];
	void *buf = g_aligned_alloc0(1, SIZE, 4096);
	const int fd = ok(open(path, O_RDWR | O_CREAT | O_DIRECT, 0600));
	aio_context_t context = 0;

	for (int i = 0; i < REQUESTS; i++) {
		requests[i] =
			(struct iocb){ .aio_lio_opcode = i % 2 ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE,
				       .aio_fildes = (unsigned)fd,
				       .aio_buf = (uintptr_t)buf,
				       .aio_nbytes = SIZE,
				       .aio_offset = i % 16 * SIZE };
		list[i] = &requests[i];
	}
	ok(syscall(SYS_io_setup, REQUESTS, &context));
	g_assert_cmpint(ok(syscall(SYS_io_submit, context, REQUESTS, list)), ==, REQUESTS);
	ok(write(gate, "x", 1));
	pause();
}

static void requests_that_nobody_reaps_keep_nobody_waiting(void)
{
	const pid_t daemon = daemon_of_test();
	const int before = process_has(daemon, "fd");
	pid_t pids[4];
	int gate[2];

	ok(pipe(gate));
	for (size_t i = 0; i < G_N_ELEMENTS(pids); i++)
		CHILD (pids[i])
			submit_and_wait(MNT "/a", gate[1]);
	others_are_served();
	for (size_t i = 0; i < G_N_ELEMENTS(pids); i++)
		g_assert_cmpint(ok(read(gate[0], &(char){ 0 }, 1)), ==, 1);
	others_are_served();
	kill_all(pids, G_N_ELEMENTS(pids));
	descriptors_come_back(daemon, before);
}

/* clang-format off */
static const struct mount_test tests[] = {
	{ TEST(a_lease_keeps_no_open_waiting) },
	{ TEST(a_lease_keeps_no_truncation_waiting) },
	{ TEST(a_read_lease_keeps_no_truncation_waiting) },
	{ TEST(a_read_lease_keeps_no_truncating_open_waiting) },
	{ TEST(a_read_lease_keeps_no_lock_waiting) },
	{ TEST(transfers_that_never_end_keep_nobody_waiting) },
	{ TEST(stopped_clients_keep_nobody_waiting) },
	{ TEST(requests_that_nobody_reaps_keep_nobody_waiting) },
};
/* clang-format on */

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "stall", tests, G_N_ELEMENTS(tests));
}
