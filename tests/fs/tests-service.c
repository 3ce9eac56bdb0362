/* SPDX-License-Identifier: MIT */
/*
 * What a service manager is told, by the protocol of sd_notify(3): over a real
 * socket, which the test listens at in the manager's place.
 */
#include "mount.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define READY_PASSTHROUGH "READY=1\nSTATUS=passthrough: mappings are shared"
#define READY_MAPPED	  "READY=1\nSTATUS=mapped: shared mappings are refused"

/* Listens at name, which is as $NOTIFY_SOCKET has it, and tells daemons of it. */
static int manager_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = 20 };
	int fd = ok(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	g_assert_cmpint(strlen(name), <=, sizeof(address.sun_path));
	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	ok(bind(fd, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))));
	ok(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	g_setenv("NOTIFY_SOCKET", name, true);
	return fd;
}

static void hears(int manager, const char *expected)
{
	char text[256] = "";

	ok(recv(manager, text, sizeof(text) - 1, 0));
	g_assert_cmpstr(text, ==, expected);
}

static void hears_nothing_more(int manager)
{
	char text[256];

	fails(EAGAIN, recv(manager, text, sizeof(text), MSG_DONTWAIT));
}

/* The mount is there when READY comes, not somewhat later. */
static void is_told_at(const char *name)
{
	int manager = manager_at(name);
	pid_t daemon;

	CHILD (daemon)
		execl(shmfuse_path(), "shmfuse", "-f", "-o", options_of_path(), MNT, NULL);
	hears(manager, on_passthrough() ? READY_PASSTHROUGH : READY_MAPPED);
	g_assert_true(is_mounted(MNT));
	put(MNT "/a", "text");
	hears_nothing_more(manager);
	ok(kill(daemon, SIGTERM));
	hears(manager, "STOPPING=1");
	g_assert_cmpint(daemon_status(daemon), ==, 0);
	hears_nothing_more(manager);
	close(manager);
}

/* The fixture's own mount goes first, and comes again for it to unmount. */
static void the_manager_is_told_of_start_and_end(void)
{
	/* Abstract names are the machine's, not the test's. */
	g_autofree char *abstract = g_strdup_printf("@shmfuse-%08x", g_random_int());

	unmount();
	is_told_at("/run/notify");
	is_told_at(abstract);
	g_unsetenv("NOTIFY_SOCKET");
	daemon_start(options_of_path());
}

static void the_manager_is_told_of_an_unmount(void)
{
	int manager = manager_at("/run/notify");
	pid_t daemon = daemon_start("data=mapped");

	hears(manager, READY_MAPPED);
	unmount();
	hears(manager, "STOPPING=1");
	g_assert_cmpint(daemon_status(daemon), ==, 0);
}

static void a_mount_that_fails_is_not_ready(void)
{
	int manager = manager_at("/run/notify");

	g_assert_cmpint(run_shmfuse("-f -o data=mapped,subdir=missing " MNT), ==, 2);
	hears_nothing_more(manager);
}

/* The process in the background would speak for somebody else's service. */
static void in_the_background_the_manager_is_not_told(void)
{
	int manager = manager_at("/run/notify");

	g_assert_cmpint(run_shmfuse("-o data=mapped " MNT), ==, 0);
	unmount();
	hears_nothing_more(manager);
}

static void a_manager_that_is_gone_does_not_matter(void)
{
	static const char *const names[] = {
		"/run/missing", "@shmfuse-missing", "relative", "@", "/", ""
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		pid_t daemon;

		g_setenv("NOTIFY_SOCKET", names[i], true);
		daemon = daemon_start("data=mapped");
		put(MNT "/a", "text");
		unmount();
		g_assert_cmpint(daemon_status(daemon), ==, 0);
	}
}

static const struct mount_test tests[] = {
	{ TEST(the_manager_is_told_of_start_and_end) },
	{ TEST(the_manager_is_told_of_an_unmount), NO_MOUNT },
	{ TEST(a_mount_that_fails_is_not_ready), NO_MOUNT },
	{ TEST(in_the_background_the_manager_is_not_told), NO_MOUNT },
	{ TEST(a_manager_that_is_gone_does_not_matter), NO_MOUNT },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "service", tests, G_N_ELEMENTS(tests));
}
