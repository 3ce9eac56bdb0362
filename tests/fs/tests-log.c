/* SPDX-License-Identifier: MIT */
/* Where messages go, and with which priority. */
#include "server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#define STDERR_OF_DAEMONS "/run/daemon.stderr"

/* A warning, and a notice by option audit. */
static void provoke_messages(void)
{
	put(SHM "/a", "");
	put(SHM "/a%", "");
	g_assert_true(exists(MNT "/a"));
	put(MNT "/b", "");
}

static void say_in_foreground(void)
{
	pid_t daemon = daemon_start("data=mapped,audit");

	provoke_messages();
	unmount();
	g_assert_cmpint(daemon_status(daemon), ==, 0);
}

static void has_lines(const char *warning, const char *notice)
{
	g_autofree char *said = daemon_stderr();
	g_auto(GStrv) lines = g_strsplit(said, "\n", -1);

	g_assert_cmpuint(g_strv_length(lines), ==, 3);
	if (!g_str_has_prefix(lines[0], warning) || !g_str_has_prefix(lines[1], notice))
		g_error("%s", said);
}

static void in_the_journal_lines_have_their_priority(void)
{
	struct stat st = stat_of(STDERR_OF_DAEMONS);
	g_autofree char *stream =
		g_strdup_printf("%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);

	g_setenv("JOURNAL_STREAM", stream, true);
	say_in_foreground();
	has_lines("<4>marker /a%", "<5>audit: create ");
}

/* The variable is inherited, be standard error what it may. */
static void elsewhere_they_have_the_programs_name(void)
{
	g_setenv("JOURNAL_STREAM", "9:12345", true);
	say_in_foreground();
	has_lines("shmfuse: marker /a%", "shmfuse: audit: create ");
}

/* A /dev of the test's own, for its /dev/log. */
static int listen_at_dev_log(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/dev/log" };
	int fd = ok(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	ok(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 20 },
		      sizeof(struct timeval)));
	ok(mkdir("/run/dev", 0755));
	ok(mkdir("/run/dev/shm", 0755));
	ok(mknod("/run/dev/null", S_IFCHR | 0666, makedev(1, 3)));
	ok(mknod("/run/dev/fuse", S_IFCHR | 0666, stat_of("/dev/fuse").st_rdev));
	ok(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	ok(mount(SHM, "/run/dev/shm", NULL, MS_BIND, NULL));
	ok(mount("/run/dev", "/dev", NULL, MS_BIND | MS_REC, NULL));
	return fd;
}

static void hears(int log, const char *pattern)
{
	char text[512] = "";

	ok(recv(log, text, sizeof(text) - 1, 0));
	if (!g_pattern_match_simple(pattern, text))
		g_error("not \"%s\": %s", pattern, text);
}

/* LOG_DAEMON is 24; RFC 3164 has the rest. */
static void in_the_background_they_go_to_the_system_log(void)
{
	int log = listen_at_dev_log();
	char text[512];

	g_assert_cmpint(run_shmfuse("-o data=mapped,audit " MNT), ==, 0);
	provoke_messages();
	hears(log, "<28>* shmfuse?*?: marker /a% makes no directory*");
	hears(log, "<29>* shmfuse?*?: audit: create object=\"/b\"*");
	fails(EAGAIN, recv(log, text, sizeof(text), MSG_DONTWAIT));
	unmount();
	has_text(RUN_ERR, "");
}

/* A user's mount has a process that keeps it, supervised or not. */
static void the_end_of_a_process_goes_there_too(void)
{
	int log = listen_at_dev_log();
	g_autofree char *keeper = NULL;
	pid_t child;

	ok(chmod("/run/dev/log", 0666));
	let_user_1000_mount();
	CHILD (child) {
		ok(setresgid(1000, 1000, 1000));
		ok(setresuid(1000, 1000, 1000));
		sh("\"$SHMFUSE\" -o data=mapped $MNT");
	}
	ends_well(child);
	keeper = sh_output("pgrep -o -f 'data=mapped '$MNT");
	ok(kill(server_of(atoi(keeper)), SIGABRT));
	hears(log, "<27>* shmfuse?*?: the serving process was ended by signal 6*");
}

static const struct mount_test tests[] = {
	{ TEST(in_the_journal_lines_have_their_priority), NO_MOUNT },
	{ TEST(elsewhere_they_have_the_programs_name), NO_MOUNT },
	{ TEST(in_the_background_they_go_to_the_system_log), NO_MOUNT },
	{ TEST(the_end_of_a_process_goes_there_too), NO_MOUNT, .needs = "fusermount3" },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "log", tests, G_N_ELEMENTS(tests));
}
