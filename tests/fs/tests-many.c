/* SPDX-License-Identifier: MIT */
/* Many clients at once, many open files, many objects: and what is left behind. */
#include "mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

static long kilobytes_of(pid_t pid, const char *what)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid);
	g_autofree char *status = get(path);
	const char *line = strstr(status, what);

	g_assert_nonnull(line);
	return atol(line + strlen(what));
}

/* ---- many open files ---- */

#define CLIENTS 50
#define EACH	200 /* files of a client */
#define FEW	40  /* names */

/* Tells that its files are open, and keeps them until it is told to end. */
static void open_and_stay(int client, int told, int end)
{
	char c;

	for (int i = 0; i < EACH; i++) {
		g_autofree char *path = g_strdup_printf(MNT "/%d", (client + i) % FEW);
		int fd = (int)ok(open(path, O_RDWR));

		if (i == EACH - 1)
			ok(pwrite(fd, "x", 1, client));
	}
	ok(write(told, "", 1));
	ok(read(end, &c, 1));
}

static void ten_thousand_files_are_open_at_once(void)
{
	pid_t daemon = daemon_anew(NULL), clients[CLIENTS];
	int before = process_has(daemon, "fd"), told[2], end[2];
	char c;

	for (int i = 0; i < FEW; i++) {
		g_autofree char *path = g_strdup_printf(SHM "/%d", i);

		put(path, "text");
	}
	ok(pipe(told));
	ok(pipe(end));
	for (int i = 0; i < CLIENTS; i++)
		CHILD (clients[i]) {
			close(end[1]);
			open_and_stay(i, told[1], end[0]);
		}
	close(told[1]);
	for (int i = 0; i < CLIENTS; i++)
		g_assert_cmpint(ok(read(told[0], &c, 1)), ==, 1);
	g_assert_cmpint(process_has(daemon, "fd"), >=, before + CLIENTS * EACH);
	put(MNT "/new", "text");
	has_text(MNT "/new", "text");
	close(end[1]);
	for (int i = 0; i < CLIENTS; i++)
		ends_well(clients[i]);
	descriptors_come_back(daemon, before);
}

/* ---- clients that are killed ---- */

#define BOMB   150
#define ROUNDS 3

static void lock_for_a_moment(int fd)
{
	if (flock(fd, LOCK_EX) == 0)
		flock(fd, LOCK_UN);
	fcntl(fd, F_SETLKW, &(struct flock){ .l_type = F_WRLCK, .l_len = 10 });
}

/* Calls of all kinds, each of which may fail beside the others'. */
static void use_all(int seed)
{
	GRand *rand = g_rand_new_with_seed((guint32)seed);
	char buf[8192] = "";

	for (;;) {
		g_autofree char *name = g_strdup_printf("n%d", g_rand_int_range(rand, 0, 20));
		g_autofree char *other = g_strdup_printf("d/%d", g_rand_int_range(rand, 0, 20));
		int fd = open(name, O_RDWR | O_CREAT, 0600);
		void *map;
		DIR *dir;

		if (fd >= 0) {
			error_of(pwrite(fd, buf, sizeof(buf), g_rand_int_range(rand, 0, 8192)));
			error_of(pread(fd, buf, sizeof(buf), 0));
			map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
			lock_for_a_moment(fd);
			error_of(ftruncate(fd, g_rand_int_range(rand, 0, 8192)));
			if (map != MAP_FAILED)
				munmap(map, 4096);
			close(fd);
		}
		error_of(mkdir("d", 0700));
		error_of(link(name, other));
		error_of(rename(other, name));
		dir = opendir("d");
		while (dir != NULL && readdir(dir) != NULL)
			;
		if (dir != NULL)
			closedir(dir);
		error_of(unlink(other));
		error_of(unlink(name));
		error_of(rmdir("d"));
	}
}

static void start_bomb(pid_t *clients, int round)
{
	for (int i = 0; i < BOMB; i++) {
		clients[i] = (pid_t)ok(fork());
		if (clients[i] == 0) {
			ok(chdir(MNT));
			use_all(round * BOMB + i);
		}
	}
}

static bool something_was_made(void)
{
	g_autofree char *names = names_in(SHM);

	return names[0] != '\0';
}

/* In the middle of their calls; then all that they had must go. */
static void run_bomb(int round)
{
	pid_t clients[BOMB];

	start_bomb(clients, round);
	wait_until (something_was_made())
		;
	g_usleep(200000); /* not awaited: it makes the middle */
	for (int i = 0; i < BOMB; i++)
		ok(kill(clients[i], SIGKILL));
	for (int i = 0; i < BOMB; i++)
		ok(waitpid(clients[i], NULL, 0));
	sh("rm -rf $MNT/*");
}

/* What the daemon takes then, in KiB. */
static long run_bomb_and_clean(int round, pid_t daemon, int descriptors)
{
	long now;

	run_bomb(round);
	has_names(SHM, "");
	descriptors_come_back(daemon, descriptors);
	/* Workers and the thread of SIGUSR1 stay; waits for locks and holds go. */
	wait_until (process_has(daemon, "task") <= 1 + MOST_WORKERS + 1)
		;
	now = kilobytes_of(daemon, "VmRSS:");
	g_test_message("round %d: %ld KiB", round, now);
	return now;
}

static void killed_clients_leave_nothing_behind(void)
{
	pid_t daemon;
	int descriptors, round = 0;
	bool all_work;
	long early;

	/* The address sanitizer keeps what was freed, else. */
	g_setenv("ASAN_OPTIONS", "quarantine_size_mb=0", TRUE);
	daemon = daemon_anew(NULL);
	descriptors = process_has(daemon, "fd");

	/* Workers start when they are needed, stay, and have a MiB each: all of them
	 * serve the first round that counts. */
	do {
		all_work = workers_of(daemon) == MOST_WORKERS;
		early = run_bomb_and_clean(round++, daemon, descriptors);
	} while (!all_work);
	for (int i = 0; i < ROUNDS; i++)
		g_assert_cmpint(run_bomb_and_clean(round++, daemon, descriptors), <, early + 1024);
	put(MNT "/a", "text");
	has_text(SHM "/a", "text");
}

/* ---- many objects ---- */

#define OBJECTS 100000

static void a_hundred_thousand_objects_are_a_directory(void)
{
	pid_t daemon = daemon_anew(NULL);
	long before = kilobytes_of(daemon, "VmRSS:");
	int at;

	ok(mkdir(MNT "/d", 0755));
	at = (int)ok(open(SHM, O_RDONLY | O_DIRECTORY));
	for (int i = 0; i < OBJECTS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%%object-%d", i);
		ok(mknodat(at, name, S_IFREG | 0644, 0));
	}
	g_assert_cmpint(count_names(MNT "/d"), ==, OBJECTS);
	for (int i = 0; i < OBJECTS; i += 97) {
		g_autofree char *path = g_strdup_printf(MNT "/d/object-%d", i);

		g_assert_cmpint(stat_of(path).st_size, ==, 0);
	}
	fails(ENOTEMPTY, rmdir(MNT "/d"));
	ok(rename(MNT "/d", MNT "/e"));
	g_assert_cmpint(count_names(MNT "/e"), ==, OBJECTS);
	g_assert_cmpint(count_names(SHM), ==, OBJECTS + 1);
	for (int i = 0; i < OBJECTS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "e%%object-%d", i);
		ok(unlinkat(at, name, 0));
	}
	ok(rmdir(MNT "/e"));
	has_names(MNT, "");
	g_test_message("%ld KiB before, %ld after", before, kilobytes_of(daemon, "VmRSS:"));
}

static const struct mount_test tests[] = {
	{ TEST(ten_thousand_files_are_open_at_once) },
	{ TEST(killed_clients_leave_nothing_behind) },
	{ TEST(a_hundred_thousand_objects_are_a_directory) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "many", tests, G_N_ELEMENTS(tests));
}
