/* SPDX-License-Identifier: MIT */
#include "storm.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>

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

pid_t the_daemon(void)
{
	g_autofree char *pids =
		sh_output("grep -lsxF \"$(basename \"$SHMFUSE\" | cut -c-15)\" /proc/[0-9]*/comm");
	int pid = 0;

	g_assert_cmpint(sscanf(pids, "/proc/%d/comm\n", &pid), ==, 1);
	return pid;
}

unsigned descriptors_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
	DIR *stream = opendir(path);
	unsigned count = 0;

	g_assert_nonnull(stream);
	while (readdir(stream))
		count++;
	closedir(stream);
	return count;
}

void descriptors_come_back(pid_t pid, unsigned count)
{
	wait_until (descriptors_of(pid) <= count)
		;
}

size_t memory_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid);
	g_autofree char *status = get(path);
	const char *line = strstr(status, "VmRSS:");
	size_t kib = 0;

	g_assert_cmpint(sscanf(line, "VmRSS: %zu kB", &kib), ==, 1);
	return kib * 1024;
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
