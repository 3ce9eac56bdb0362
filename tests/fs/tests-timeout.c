/* SPDX-License-Identifier: MIT */
/* Daemons that do not answer, and connections that the kernel ends. */
#include "mount.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static void has_failed(pid_t daemon, const char *why)
{
	const int status = daemon_status(daemon);
	g_autofree char *said = daemon_stderr();

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 2 || !strstr(said, why))
		g_error("the daemon ended with wait status 0x%x and said: %s", status, said);
}

static void mount_again(void)
{
	g_assert_cmpint(run_shmfuse("-o %s " MNT, options_of_path()), ==, 0);
	has_text(MNT "/a", "text");
}

/* The kernel looks every 15 seconds: after 15 to 30 of them. */
static void a_daemon_that_hangs_is_given_up(void)
{
	g_autofree char *options =
		g_strconcat(options_of_path(), ",local_lock=all,request_timeout=15", NULL);
	struct stat st;
	pid_t daemon;

	put(SHM "/a", "text");
	unmount();
	daemon = daemon_start(options);
	has_text(MNT "/a", "text");
	stop(daemon);
	/* ECONNABORTED, or, where the kernel asks again by itself, ENOTCONN. */
	g_assert_cmpint(stat(MNT "/a", &st), ==, -1);
	fails(ENOTCONN, stat(MNT "/a", &st));
	ok(kill(daemon, SIGCONT));
	has_failed(daemon, "a request took longer than request_timeout");
	mount_again();
}

static void abort_connection(void)
{
	g_autofree char *path =
		g_strdup_printf("/run/connections/%u/abort", minor(stat_of(MNT).st_dev));
	int fd;

	ok(mkdir("/run/connections", 0755));
	ok(mount("fusectl", "/run/connections", "fusectl", 0, NULL));
	fd = ok(open(path, O_WRONLY));
	ok(write(fd, "1", 1));
	close(fd);
	ok(umount("/run/connections"));
}

static void a_connection_that_is_aborted_is_a_failure(void)
{
	pid_t daemon;

	put(SHM "/a", "text");
	unmount();
	daemon = daemon_start(options_of_path());
	abort_connection();
	has_failed(daemon, "the kernel has ended the connection of " MNT ": mount it again\n");
	mount_again();
}

static void umount_by_force_is_none(void)
{
	pid_t daemon;

	unmount();
	daemon = daemon_start(options_of_path());
	ok(umount2(MNT, MNT_FORCE));
	g_assert_cmpint(daemon_status(daemon), ==, 0);
	daemon_start(options_of_path());
}

static void a_later_dead_mount_in_its_place_is_none(void)
{
	pid_t daemon, later;

	put(SHM "/a", "text");
	unmount();
	daemon = daemon_start(options_of_path());
	stop(daemon);
	unmount();
	later = daemon_start(options_of_path());
	ok(kill(later, SIGKILL));
	g_assert_cmpint(daemon_status(later), ==, SIGKILL);
	ok(kill(daemon, SIGCONT));
	g_assert_cmpint(daemon_status(daemon), ==, 0);
	mount_again();
}

/* As if the machine's administrator had set it; 0 is none. */
static void set_limit(const char *name, unsigned seconds)
{
	g_autofree char *path = g_strconcat("/proc/sys/fs/fuse/", name, NULL);
	g_autofree char *file = g_strconcat("/run/", name, NULL);
	g_autofree char *text = g_strdup_printf("%u\n", seconds);

	put(file, text);
	ok(mount(file, path, NULL, MS_BIND, NULL));
}

/* told: "name=seconds", or NULL. */
static void is_warned_of(const char *told)
{
	g_autofree char *warning =
		g_strdup_printf("shmfuse: sysctl fs.fuse.%s: who waits longer for a lock ends the "
				"mount; local_lock=all keeps locks from the daemon\n",
				told);

	g_assert_cmpint(run_shmfuse("-o data=mapped " MNT), ==, 0);
	unmount();
	has_text(RUN_ERR, told != NULL ? warning : "");
	g_assert_cmpint(run_shmfuse("-o data=mapped,local_lock=all " MNT), ==, 0);
	unmount();
	has_text(RUN_ERR, "");
}

/* Where both are set, the smaller one counts. */
static void a_limit_of_the_machine_is_told_where_it_ends_waits(void)
{
	static const struct {
		unsigned by_default, most;
		const char *told;
	} limits[] = {
		{ 0, 0, NULL },
		{ 90, 0, "default_request_timeout=90" },
		{ 0, 60, "max_request_timeout=60" },
		{ 20, 90, "default_request_timeout=20" },
		{ 90, 60, "max_request_timeout=60" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
		set_limit("default_request_timeout", limits[i].by_default);
		set_limit("max_request_timeout", limits[i].most);
		is_warned_of(limits[i].told);
	}
}

#define SAYS .says = "*"

static const struct mount_test tests[] = {
	{ TEST(a_daemon_that_hangs_is_given_up), ONLY_PASSTHROUGH, SAYS },
	{ TEST(a_connection_that_is_aborted_is_a_failure), SAYS },
	{ TEST(umount_by_force_is_none) },
	{ TEST(a_later_dead_mount_in_its_place_is_none) },
	{ TEST(a_limit_of_the_machine_is_told_where_it_ends_waits), NO_MOUNT },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "timeout", tests, G_N_ELEMENTS(tests));
}
