/* SPDX-License-Identifier: MIT */
#include "storm.h"

#include <grp.h>
#include <signal.h>
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

void all_at_once(int n, void (*use)(int nth))
{
	g_autofree pid_t *pids = g_new(pid_t, n);

	for (int i = 0; i < n; i++)
		CHILD (pids[i])
			use(i);
	for (int i = 0; i < n; i++)
		ends_well(pids[i]);
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
