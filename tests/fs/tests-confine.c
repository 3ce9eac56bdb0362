/* SPDX-License-Identifier: MIT */
/* What running daemons have given away before they serve (doc/security.md), as
 * /proc tells it. */
#include "server.h"

#include "version.h"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>

#define BIT(capability) (G_GUINT64_CONSTANT(1) << (capability))
#define OF_OBJECTS                                                                             \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) | \
	 BIT(CAP_FSETID) | BIT(CAP_SETUID) | BIT(CAP_SETGID))

/* In the place of the fixture's, which unmounts it at the end. */
static pid_t fresh_daemon(const char *more)
{
	g_autofree char *options = g_strconcat(options_of_path(), more, NULL);

	unmount();
	return daemon_start(options);
}

static char *value_in(const char *status, const char *name)
{
	g_autofree char *key = g_strdup_printf("\n%s:\t", name);
	const char *at = strstr(status, key);

	g_assert_nonnull(at);
	at += strlen(key);
	return g_strndup(at, strcspn(at, "\n"));
}

static guint64 mask_in(const char *status, const char *name)
{
	g_autofree char *value = value_in(status, name);

	return g_ascii_strtoull(value, NULL, 16);
}

static void has_capabilities(const char *status, guint64 expected)
{
	g_assert_cmphex(mask_in(status, "CapPrm"), ==, expected);
	g_assert_cmphex(mask_in(status, "CapEff"), ==, expected);
	g_assert_cmphex(mask_in(status, "CapBnd"), ==, expected);
	g_assert_cmphex(mask_in(status, "CapInh"), ==, 0);
	g_assert_cmphex(mask_in(status, "CapAmb"), ==, 0);
}

static void is_filtered(const char *status)
{
	g_assert_cmphex(mask_in(status, "NoNewPrivs"), ==, 1);
	g_assert_cmphex(mask_in(status, "Seccomp"), ==, INSTRUMENTED ? 0 : SECCOMP_MODE_FILTER);
}

/* Calls each with /proc/PID/task/TID/status. */
static void each_thread(pid_t daemon, void (*each)(const char *status, guint64 arg), guint64 arg)
{
	g_autofree char *tasks = g_strdup_printf("/proc/%d/task", daemon);
	g_auto(GStrv) ids = list_of(tasks);

	g_assert_cmpint(g_strv_length(ids), >=, 2);
	for (char **id = ids; *id; id++) {
		g_autofree char *path = g_strdup_printf("%s/%s/status", tasks, *id);
		g_autofree char *status = get(path);

		each(status, arg);
	}
}

static void is_users(const char *status, guint64 capabilities)
{
	g_assert_cmphex(mask_in(status, "CapPrm"), ==, capabilities);
	is_filtered(status);
}

static void is_confined(const char *status, guint64 capabilities)
{
	has_capabilities(status, capabilities);
	is_filtered(status);
}

/* By default root's daemon unmounts by itself, and may have root as a caller. */
static void each_thread_has_what_is_documented(void)
{
	const pid_t daemon = fresh_daemon("");

	put(MNT "/a", "text");
	has_text(MNT "/a", "text");
	each_thread(daemon, is_confined, OF_OBJECTS | BIT(CAP_SETFCAP) | BIT(CAP_SYS_ADMIN));
}

static void where_nobody_is_root_no_file_gets_capabilities(void)
{
	const pid_t daemon = fresh_daemon(",uid=1000");

	has_names(MNT, "");
	each_thread(daemon, is_confined, OF_OBJECTS | BIT(CAP_SYS_ADMIN));
}

static void whoever_takes_over_has_no_more(void)
{
	const pid_t daemon = fresh_daemon(",supervise");

	for (int i = 0; i < 2; i++) {
		put(MNT "/a", "text");
		each_thread(server_of(daemon), is_confined,
			    OF_OBJECTS | BIT(CAP_SETFCAP) | BIT(CAP_SYS_ADMIN));
		server_dies(daemon, SIGKILL);
	}
}

/* libfuse would leave it to umount(8), as that keeps a list of its own. */
static void it_unmounts_by_itself_whatever_lists_there_are(void)
{
	const pid_t daemon = fresh_daemon("");

	put(MNT "/a", "text");
	ok(mkdir("/run/mount", 0755));
	put("/run/mount/utab", "");
	ok(kill(daemon, SIGTERM));
	g_assert_cmpint(daemon_status(daemon), ==, 0);
	g_assert_false(is_mounted(MNT));
	daemon_start(options_of_path());
}

/* Nor does the one that keeps the mount, and runs fusermount3 in the end. */
static void a_users_daemon_shows_its_memory_to_nobody(void)
{
	g_autofree char *memory = NULL;
	pid_t daemon;

	let_user_1000_mount();
	CHILD (daemon) {
		ok(setresgid(1000, 1000, 1000));
		ok(setresuid(1000, 1000, 1000));
		execl(shmfuse_path(), "shmfuse", "-f", "-o", "data=mapped", MNT, (char *)NULL);
	}
	memory = g_strdup_printf("/proc/%d/mem", daemon);
	wait_until (is_mounted(MNT) && stat_of(memory).st_uid == 0)
		;
	AS_USER (1000, 1000)
		put(MNT "/a", "text");
	each_thread(server_of(daemon), is_users, 0);
	AS_USER (1000, 1000)
		sh("fusermount3 -u $MNT");
	g_assert_cmpint(daemon_status(daemon), ==, 0);
}

static void check_tells_how_it_is_confined(void)
{
	g_autofree char *left = NULL;

	run_shmfuse("--check");
	sh("grep -q '^confinement .*Landlock' " RUN_OUT);
	left = sh_output("ls -d /tmp/shmfuse-check-* 2>/dev/null || :");
	g_assert_cmpstr(left, ==, "");
}

static const struct mount_test tests[] = {
	{ TEST(each_thread_has_what_is_documented) },
	{ TEST(where_nobody_is_root_no_file_gets_capabilities) },
	{ TEST(whoever_takes_over_has_no_more), .says = "*another one takes over*" },
	{ TEST(it_unmounts_by_itself_whatever_lists_there_are) },
	{ TEST(a_users_daemon_shows_its_memory_to_nobody), NO_MOUNT, .needs = "fusermount3" },
	{ TEST(check_tells_how_it_is_confined), NO_MOUNT },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "confine", tests, G_N_ELEMENTS(tests));
}
