/* SPDX-License-Identifier: MIT */
/* SIGHUP with the option supervise: another program goes on with the mount. */
#include "server.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PROGRAM PLAIN "/shmfuse"
#define LOG	PLAIN "/log"

/* In one step, as a package manager does it. */
static void install_copy(void)
{
	sh("cp \"$SHMFUSE\" $1.new && mv $1.new $1", PROGRAM);
}

static void install_script(const char *script)
{
	sh("printf '#!/bin/sh\n%s\n' \"$2\" >$1.new && chmod +x $1.new && mv $1.new $1", PROGRAM,
	   script);
}

static pid_t copy_start(void)
{
	g_autofree char *all = g_strdup_printf("%s,supervise", options_of_path());
	pid_t keeper;

	install_copy();
	keeper = (pid_t)ok(fork());
	if (keeper == 0) {
		dup2(open_at(LOG, O_WRONLY | O_CREAT | O_APPEND), STDERR_FILENO);
		execl(PROGRAM, "shmfuse", "-f", "-o", all, VIEW, (char *)NULL);
		_exit(127);
	}
	wait_until (is_mounted(VIEW))
		;
	/* It is left alone until it serves. */
	g_assert_true(exists(VIEW));
	return keeper;
}

static ino_t program_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/exe", (int)pid);
	struct stat st;

	ok(stat(path, &st));
	return st.st_ino;
}

static void upgrade(pid_t keeper)
{
	const ino_t before = program_of(keeper);

	install_copy();
	ok(kill(keeper, SIGHUP));
	wait_until (program_of(keeper) != before)
		;
}

static void new_program_goes_on_with_what_is_open(void)
{
	pid_t keeper = copy_start();
	int fd = open_at(VIEW "/a", O_RDWR | O_CREAT);
	char buf[16] = "";

	ok(flock(fd, LOCK_EX));
	ok(write(fd, "unlinked", 8));
	ok(unlink(VIEW "/a"));
	for (unsigned i = 0; i < 3; i++) {
		upgrade(keeper);
		ok(pread(fd, buf, sizeof(buf), 0));
		g_assert_cmpstr(buf, ==, "unlinked");
		put(VIEW "/b", "new");
		g_assert_cmpint(program_of(server_of(keeper)), ==, program_of(keeper));
	}
	server_dies(keeper, SIGKILL);
	g_assert_cmpint(fstat_of(fd).st_size, ==, 8);
	close(fd);
	unmount_at(VIEW);
	g_assert_cmpint(daemon_status(keeper), ==, 0);
}

/* Else it would have the connection, and keep callers waiting after our end. */
static void no_program_inherits_what_was_handed_over(void)
{
	pid_t keeper = copy_start();
	int fd;
	g_autofree char *text = g_strdup_printf("%d", keeper);

	put(SHM "/a", "");
	fd = open_at(VIEW "/a", O_RDWR);
	upgrade(keeper);
	g_assert_true(exists(VIEW "/a"));
	/* O_CLOEXEC is 02000000. */
	sh("cd /proc/$1/fd\n"
	   "handed=$(ls -l | grep -oE '[0-9]+ -> (/dev/fuse|/memfd:|'$SHM/a')' | cut -d' ' -f1)\n"
	   "[ $(echo \"$handed\" | wc -l) = 3 ]\n"
	   "for fd in $handed; do grep -qE '^flags:.*[2367].{6}$' ../fdinfo/$fd; done",
	   text);
	close(fd);
	unmount_at(VIEW);
	g_assert_cmpint(daemon_status(keeper), ==, 0);
}

/* ---- programs that cannot go on ---- */

static void is_not_taken(pid_t keeper, const char *script, const char *says)
{
	const pid_t server = server_of(keeper);

	install_script(script);
	ok(truncate(LOG, 0));
	ok(kill(keeper, SIGHUP));
	wait_until (strstr(get(LOG), says) != NULL)
		;
	put(VIEW "/a", "served");
	g_assert_cmpint(server_of(keeper), ==, server);
}

static void program_that_cannot_go_on_is_not_taken(void)
{
	pid_t keeper = copy_start();

	is_not_taken(keeper, "exit 1", "--version fails");
	is_not_taken(keeper, "echo handover 999", "cannot take over from this version");
	is_not_taken(keeper, "\"$SHMFUSE\" --version | sed s/handover/x/", "cannot take over");
	/* One that does not know an option of the mount. */
	is_not_taken(keeper, "case \"$*\" in *supervise*) exit 1; esac; \"$SHMFUSE\" --version",
		     "--version fails");
	ok(kill(keeper, SIGTERM));
	g_assert_cmpint(daemon_status(keeper), ==, 0);
	g_assert_false(is_mounted(VIEW));
}

static void program_that_says_nothing_is_not_waited_for(void)
{
	pid_t keeper = copy_start();

	is_not_taken(keeper, "exec sleep 1000", "--version fails");
	server_dies(keeper, SIGKILL);
	has_text(VIEW "/a", "served");
	unmount_at(VIEW);
	g_assert_cmpint(daemon_status(keeper), ==, 0);
}

static const struct mount_test tests[] = {
	{ TEST(new_program_goes_on_with_what_is_open) },
	{ TEST(no_program_inherits_what_was_handed_over) },
	{ TEST(program_that_cannot_go_on_is_not_taken) },
	{ TEST(program_that_says_nothing_is_not_waited_for) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "upgrade", tests, G_N_ELEMENTS(tests));
}
