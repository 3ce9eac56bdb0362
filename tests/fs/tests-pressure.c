/* SPDX-License-Identifier: MIT */
/* A daemon that may have little memory (RLIMIT_AS). */
#include "storm.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { MIB = 1024 * 1024, SHORT = 100, USERS = 20 };

static rlim_t memory_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/statm", pid);
	g_autofree char *statm = get(path);

	return (rlim_t)atol(statm) * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void limit_memory(pid_t daemon, rlim_t limit)
{
	ok(prlimit(daemon, RLIMIT_AS, &(struct rlimit){ limit, RLIM_INFINITY }, NULL));
}

static void is_done_or_enomem(long result)
{
	if (result == -1)
		g_assert_cmpint(errno, ==, ENOMEM);
}

static void use_what_there_is(int user)
{
	g_autofree char *buf = g_malloc(MIB);
	g_autofree char *name = g_strdup_printf(MNT "/user%d", user);

	for (int i = 0; i < 8; i++) {
		int fd = open(name, O_RDWR | O_CREAT, 0600);
		ssize_t written, count;

		is_done_or_enomem(fd);
		if (fd == -1)
			continue;
		memset(buf, user, MIB);
		written = pwrite(fd, buf, MIB, 0);
		is_done_or_enomem(written);
		count = pread(fd, buf, MIB, 0);
		is_done_or_enomem(count);
		for (ssize_t at = 0; at < count; at++)
			if (at < written || at >= SHORT || buf[at] != '\0')
				g_assert_cmpint(buf[at], ==, (char)user);
		/* Where nothing was written, to zeros. */
		is_done_or_enomem(ftruncate(fd, SHORT));
		ok(close(fd));
		is_done_or_enomem(rename(name, name));
		is_done_or_enomem(unlink(name));
	}
}

/* Each call is done or ENOMEM, whatever more the daemon may have. */
static void it_serves_with_what_it_may_have(void)
{
	static const rlim_t more[] = { 0, 100 * 1024, MIB, 10 * MIB };

	for (size_t i = 0; i < G_N_ELEMENTS(more); i++) {
		pid_t daemon = daemon_anew(NULL);

		limit_memory(daemon, memory_of(daemon) + more[i]);
		all_at_once(USERS, use_what_there_is);
		limit_memory(daemon, RLIM_INFINITY);
		all_at_once(USERS, use_what_there_is);
		put(MNT "/a", "text");
		has_text(SHM "/a", "text");
		ok(unlink(MNT "/a"));
	}
}

/* The kernel and the loader of programs have a say first (exit codes from 126 on). */
static void it_starts_or_says_why_not(void)
{
	g_autofree char *said = NULL;

	unmount();
	sh("kib=2048; began=false\n"
	   "until (ulimit -v $kib; exec \"$SHMFUSE\" -o $1 $MNT 2>/run/said); do\n"
	   "    code=$?; kib=$((kib + 512))\n"
	   "    if test $code -lt 126; then began=true; fi\n"
	   "    if $began; then test $code -le 2; test -s /run/said; fi\n"
	   "    cat /run/said >>/run/all\n"
	   "done",
	   options_of_path());
	g_assert_true(is_mounted(MNT));
	said = get("/run/all");
	g_assert_nonnull(strstr(said, "shmfuse: "));
	all_at_once(USERS, use_what_there_is);
}

static const struct mount_test tests[] = {
	{ TEST(it_serves_with_what_it_may_have), .says = "*" },
	{ TEST(it_starts_or_says_why_not), .says = "*" },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "pressure", tests, G_N_ELEMENTS(tests));
}
