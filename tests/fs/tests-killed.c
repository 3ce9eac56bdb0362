/* SPDX-License-Identifier: MIT */
/*
 * Clients that are killed: in any call, and in waits for locks. They leave nothing
 * behind in the daemon, and nobody waits for what they had.
 */
#include "storm.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>

enum { NAMES = 8, LIVES_MS = 5 };

/* ---- in calls ---- */

static void any_path(char path[PATH_MAX])
{
	g_snprintf(path, PATH_MAX, MNT "/%s%d", one_in(2) ? "d/" : "",
		   g_random_int_range(0, NAMES));
}

static void lock_somehow(int fd)
{
	struct flock range = { .l_type = F_WRLCK };

	if (one_in(2))
		error_of(flock(fd, LOCK_EX));
	else
		error_of(fcntl(fd, one_in(2) ? F_SETLKW : F_OFD_SETLKW, &range));
}

static void open_and_use(const char *path)
{
	char buf[16384] = "";
	int fd = open(path, O_RDWR | O_CREAT | (one_in(2) ? O_TRUNC : 0), 0600);

	if (fd < 0)
		return;
	error_of(pwrite(fd, buf, sizeof(buf), 0));
	error_of(pread(fd, buf, sizeof(buf), 0));
	lock_somehow(fd);
	close(fd);
}

static void live(void)
{
	char path[PATH_MAX], to[PATH_MAX];

	any_path(path);
	any_path(to);
	switch (g_random_int_range(0, 8)) {
	case 0:
		error_of(rename(path, to));
		break;
	case 1:
		error_of(link(path, to));
		break;
	case 2:
		error_of(unlink(path));
		break;
	case 3:
		error_of(truncate(path, 4096));
		break;
	case 4: {
		DIR *stream = opendir(MNT);

		if (stream != NULL && readdir(stream) != NULL)
			closedir(stream);
		break;
	}
	case 5:
		close(open(MNT "/d", O_RDWR | O_TMPFILE, 0600));
		break;
	default:
		open_and_use(path);
	}
}

/* A life that ends at any moment of it. */
static void live_and_die(void)
{
	pid_t pid;

	CHILD (pid) {
		g_random_set_seed((guint32)getpid());
		for (;;)
			live();
	}
	g_usleep((gulong)g_random_int_range(100, LIVES_MS * 1000));
	ok(kill(pid, SIGKILL));
	ok(waitpid(pid, NULL, 0));
}

static void every_lock_is_free(void)
{
	for (int i = 0; i < NAMES; i++) {
		g_autofree char *path = g_strdup_printf(MNT "/%d", i);
		int fd = ok(open(path, O_RDWR | O_CREAT, 0600));

		wait_until (flock(fd, LOCK_EX | LOCK_NB) == 0)
			;
		wait_until (fcntl(fd, F_SETLK, &(struct flock){ .l_type = F_WRLCK }) == 0)
			;
		close(fd);
		ok(unlink(path));
	}
}

/* Open files and the locks on them. What else it has open may still grow at the
 * beginning, with io_uring. */
static int objects_of(pid_t daemon)
{
	g_autofree char *pid = g_strdup_printf("%d", daemon);
	g_autofree char *count = sh_output("ls -l /proc/$1/fd | grep -c -- \"-> $SHM/\" || :", pid);

	return atoi(count);
}

static void a_storm_of_deaths_leaves_nothing_behind(void)
{
	const pid_t daemon = daemon_of_test();
	struct storm storm = { 0 };
	int others;

	ok(mkdir(MNT "/d", 0700));
	others = process_has(daemon, "task") - workers_of(daemon);
	for (int i = 0; i < 6; i++)
		storm_add(&storm, 0, live_and_die);
	storm_ends_well(&storm);
	every_lock_is_free();
	wait_until (objects_of(daemon) == 0)
		;
	/* Each wait for a lock had one. */
	wait_until (process_has(daemon, "task") <= others + MOST_WORKERS)
		;
}

/* ---- in waits for locks ---- */

static int flock_it(int fd)
{
	return flock(fd, LOCK_EX);
}

static int lock_process(int fd)
{
	return fcntl(fd, F_SETLKW, &(struct flock){ .l_type = F_WRLCK });
}

static int lock_file(int fd)
{
	return fcntl(fd, F_OFD_SETLKW, &(struct flock){ .l_type = F_WRLCK });
}

static pid_t start_waiter(int (*lock)(int fd))
{
	const unsigned others = waiters_of(SHM "/a");
	pid_t pid;

	CHILD (pid)
		ok(lock(ok(open(MNT "/a", O_RDWR))));
	wait_until (waiters_of(SHM "/a") > others)
		;
	return pid;
}

static void the_next_gets_it(int (*lock)(int fd))
{
	int gate[2];
	pid_t holder, killed[2], next;

	put(MNT "/a", "");
	ok(pipe(gate));
	CHILD (holder) {
		ok(lock(ok(open(MNT "/a", O_RDWR))));
		ok(write(gate[1], "x", 1));
		pause();
	}
	ok(read(gate[0], &(char){ 0 }, 1));
	killed[0] = start_waiter(lock);
	next = start_waiter(lock);
	killed[1] = start_waiter(lock);
	for (size_t i = 0; i < G_N_ELEMENTS(killed); i++) {
		ok(kill(killed[i], SIGKILL));
		ok(waitpid(killed[i], NULL, 0));
	}
	ok(kill(holder, SIGKILL));
	ok(waitpid(holder, NULL, 0));
	ends_well(next);
}

static void the_killed_leave_the_lock_to_the_next(void)
{
	the_next_gets_it(flock_it);
	the_next_gets_it(lock_process);
	the_next_gets_it(lock_file);
}

/* clang-format off */
static const struct mount_test tests[] = {
	{ TEST(a_storm_of_deaths_leaves_nothing_behind) },
	{ TEST(the_killed_leave_the_lock_to_the_next) },
};
/* clang-format on */

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "killed", tests, G_N_ELEMENTS(tests));
}
