/* SPDX-License-Identifier: MIT */
#include "storm.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void become(uid_t uid)
{
	ok(setgroups(0, NULL));
	ok(setresgid(uid, uid, uid));
	ok(setresuid(uid, uid, uid));
}

void storm_add(struct storm *storm, uid_t uid, void (*step)(void))
{
	pid_t *pid = &storm->pids[storm->count++];

	g_assert_cmpuint(storm->count, <=, G_N_ELEMENTS(storm->pids));
	CHILD (*pid) {
		const gint64 end = g_get_monotonic_time() + STORM_SECONDS * G_USEC_PER_SEC;

		/* GLib has seeded it: all would do the same. */
		g_random_set_seed((guint32)getpid());
		alarm(STORM_ALARM);
		if (uid != 0)
			become(uid);
		while (g_get_monotonic_time() < end)
			step();
	}
}

void storm_ends_well(struct storm *storm)
{
	for (size_t i = 0; i < storm->count; i++)
		ends_well(storm->pids[i]);
	storm->count = 0;
}

void kill_all(const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ok(kill(pids[i], SIGKILL));
		ok(waitpid(pids[i], NULL, 0));
	}
}

pid_t the_daemon(void)
{
	g_autofree char *pids =
		sh_output("grep -lsxF \"$(basename \"$SHMFUSE\" | cut -c-15)\" /proc/[0-9]*/comm");
	int pid = 0;

	g_assert_cmpint(sscanf(pids, "/proc/%d/comm\n", &pid), ==, 1);
	return pid;
}

unsigned count_names(const char *directory)
{
	DIR *stream = opendir(directory);
	unsigned count = 0;

	g_assert_nonnull(stream);
	while (readdir(stream))
		count++;
	closedir(stream);
	return count - 2; /* "." and ".." */
}

static unsigned entries_of(pid_t pid, const char *directory)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, directory);

	return count_names(path);
}

unsigned descriptors_of(pid_t pid)
{
	return entries_of(pid, "fd");
}

unsigned threads_of(pid_t pid)
{
	return entries_of(pid, "task");
}

void descriptors_come_back(pid_t pid, unsigned count)
{
	wait_until (descriptors_of(pid) <= count)
		;
}

long expect_one_of(long result, const int *allowed, const char *call, const char *file, int line)
{
	const int got = error_of(result);

	while (*allowed != 0 && *allowed != got)
		allowed++;
	if (got != 0 && *allowed == 0)
		g_error("%s:%d: %s: %s", file, line, call, g_strerror(got));
	return result;
}
