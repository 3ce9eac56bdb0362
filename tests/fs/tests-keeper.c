/* SPDX-License-Identifier: MIT */
/* Option supervise: the process that keeps the mount, and what it is told. */
#include "server.h"

#include "handover.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- while it keeps ---- */

static void killed_keeper_leaves_nobody(void)
{
	pid_t view = view_start("supervise");
	const pid_t server = server_of(view);
	int fd = open_at(VIEW "/a", O_RDWR | O_CREAT);

	ok(kill(view, SIGKILL));
	g_assert_true(WIFSIGNALED(daemon_status(view)));
	wait_until (kill(server, 0) == -1)
		;
	fails(ENOTCONN, open(VIEW "/b", O_CREAT | O_RDWR, 0644));
	fails(ENOTCONN, fstat(fd, &(struct stat){ 0 }));
	close(fd);
	unmount_at(VIEW);
	view = view_start("supervise");
	g_assert_true(exists(VIEW "/a"));
	view_end(view);
}

static void sigterm_ends_the_mount_well(void)
{
	pid_t view = view_start("supervise");

	server_dies(view, SIGKILL);
	ok(kill(view, SIGTERM));
	g_assert_cmpint(daemon_status(view), ==, 0);
	g_assert_false(is_mounted(VIEW));
}

static pid_t keeper_in_background(void)
{
	g_autofree char *pid = NULL;

	g_assert_cmpint(run_shmfuse("-o %s,supervise %s", options_of_path(), VIEW), ==, 0);
	has_text(RUN_ERR, "");
	pid = sh_output("pgrep -o -f supervise.*" VIEW);
	return (pid_t)atoi(pid);
}

static void background_ends(pid_t keeper)
{
	unmount_at(VIEW);
	wait_until (kill(keeper, 0) == -1)
		;
}

static void background_has_it_too(void)
{
	const pid_t keeper = keeper_in_background();

	put(VIEW "/a", "x");
	server_dies(keeper, SIGKILL);
	has_text(VIEW "/a", "x");
	background_ends(keeper);
}

static void has_left_the_terminal(pid_t pid, pid_t leader)
{
	g_autofree char *link = g_strdup_printf("/proc/%d/cwd", (int)pid);
	g_autofree char *directory = g_file_read_link(link, NULL);

	g_assert_cmpstr(directory, ==, "/");
	g_assert_cmpint(getsid(pid), ==, leader);
	g_assert_cmpint(getpgid(pid), ==, leader);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", (int)pid, fd);
		g_autofree char *file = g_file_read_link(path, NULL);

		g_assert_cmpstr(file, ==, "/dev/null");
	}
}

/* Who keeps the mount as well as who serves it. */
static void neither_process_keeps_the_terminal_or_the_directory(void)
{
	pid_t keeper;

	ok(chdir(PLAIN));
	keeper = keeper_in_background();
	has_left_the_terminal(keeper, keeper);
	has_left_the_terminal(server_of(keeper), keeper);
	server_dies(keeper, SIGKILL);
	has_left_the_terminal(server_of(keeper), keeper);
	ok(chdir("/"));
	background_ends(keeper);
}

/* One on VIEW, of a process that has something from before. */
static pid_t keeper_after(void (*prepare)(void))
{
	g_autofree char *options = g_strdup_printf("%s,supervise", options_of_path());
	pid_t keeper = (pid_t)ok(fork());

	if (keeper == 0) {
		prepare();
		execl(shmfuse_path(), "shmfuse", "-f", "-o", options, VIEW, (char *)NULL);
		_exit(127);
	}
	wait_until (is_mounted(VIEW))
		;
	return keeper;
}

static void goes_on_after_a_death(pid_t keeper)
{
	put(VIEW "/a", "x");
	server_dies(keeper, SIGKILL);
	has_text(VIEW "/a", "x");
	view_end(keeper);
}

static void ignore_deaths(void)
{
	signal(SIGCHLD, SIG_IGN);
}

/* As they may be where it is started: the kernel tells of no child that dies then. */
static void ignored_deaths_are_noticed(void)
{
	goes_on_after_a_death(keeper_after(ignore_deaths));
}

static void open_many(void)
{
	for (int fd = 100; fd < 300; fd++)
		ok(dup2(STDERR_FILENO, fd));
}

/* What the keeper had open itself is not the dead process's. */
static void many_descriptors_of_before_stay(void)
{
	goes_on_after_a_death(keeper_after(open_many));
}

static void may_have_processes(pid_t pid, rlim_t count)
{
	AS_USER (1000, 1000) {
		struct rlimit limit;

		ok(prlimit(pid, RLIMIT_NPROC, NULL, &limit));
		limit.rlim_cur = MIN(count, limit.rlim_max);
		ok(prlimit(pid, RLIMIT_NPROC, &limit, NULL));
	}
}

/* Of a user's, since root may always have one more. */
static void no_process_for_a_while_is_waited_for(void)
{
	pid_t keeper, server;

	let_user_1000_mount();
	keeper = (pid_t)ok(fork());
	if (keeper == 0) {
		dup2(open_at("/run/log", O_WRONLY | O_CREAT), STDERR_FILENO);
		ok(setresgid(1000, 1000, 1000));
		ok(setresuid(1000, 1000, 1000));
		execl(shmfuse_path(), "shmfuse", "-f", "-o", "data=mapped,supervise", MNT,
		      (char *)NULL);
		_exit(127);
	}
	wait_until (is_mounted(MNT))
		;
	AS_USER (1000, 1000)
		put(MNT "/a", "x");
	server = server_of(keeper);
	may_have_processes(keeper, 0);
	ok(kill(server, SIGKILL));
	wait_until (strstr(get("/run/log"), "no process to serve") != NULL)
		;
	may_have_processes(keeper, RLIM_INFINITY);
	AS_USER (1000, 1000) {
		has_text(MNT "/a", "x");
		sh("fusermount3 -u $MNT");
	}
	g_assert_cmpint(daemon_status(keeper), ==, 0);
}

/* ---- what it has of the dead ---- */

static bool has_objects_open(pid_t pid)
{
	g_autofree char *script = g_strdup_printf("ls -l /proc/%d/fd", (int)pid);
	g_autofree char *list = sh_output(script);

	return strstr(list, SHM "/") != NULL;
}

/* Unlinked ones too. */
static fsfilcnt_t objects_in_use(void)
{
	struct statvfs status;

	ok(statvfs(SHM, &status));
	return status.f_files - status.f_ffree;
}

static void nothing_is_left_open_in_the_end(void)
{
	const fsfilcnt_t before = objects_in_use();
	const pid_t keeper = daemon_of_test();

	for (unsigned i = 0; i < 5; i++) {
		int fd = open_at(MNT "/a", O_RDWR | O_CREAT);
		DIR *dir = opendir(MNT);

		ok(flock(fd, LOCK_SH));
		server_dies(keeper, SIGKILL);
		close(fd);
		closedir(dir);
		ok(unlink(MNT "/a"));
	}
	/* Objects and locks are descriptors of the shm file system's files. */
	wait_until (!has_objects_open(keeper))
		;
	wait_until (objects_in_use() == before)
		;
}

static void open_and_close_for_ever(const char *name)
{
	for (;;)
		close(open_at(name, O_RDONLY));
}

/* The kernel may have the object, with nobody to tell of it. */
static void nothing_is_left_of_what_was_being_opened(void)
{
	const fsfilcnt_t before = objects_in_use();
	const pid_t keeper = daemon_of_test();
	const char *const names[] = { "a", "b", "c", "d" };
	pid_t openers[4], killer;

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strdup_printf(MNT "/%s", names[i]);

		put(path, "content");
		CHILD (openers[i])
			open_and_close_for_ever(path);
	}
	killer = servers_die(keeper, 10, 60);
	ends_well(killer);
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strdup_printf(SHM "/%s", names[i]);

		ok(kill(openers[i], SIGKILL));
		ok(waitpid(openers[i], NULL, 0));
		ok(unlink(path));
	}
	wait_until (!has_objects_open(keeper))
		;
	wait_until (objects_in_use() == before)
		;
}

/* ---- what it is told ---- */

static unsigned times_said(const char *words)
{
	g_autofree char *said = daemon_stderr();
	g_auto(GStrv) parts = g_strsplit(said, words, -1);

	return g_strv_length(parts) - 1;
}

/* A process that took over and was asked nothing yet counts all the same. */
static void counters_are_told_by_who_took_over(void)
{
	pid_t view = view_start("supervise");

	server_dies(view, SIGKILL);
	ok(kill(view, SIGUSR1));
	wait_until (times_said("counters: ") > 0)
		;
	g_assert_cmpuint(times_said("counters: requests="), ==, 1);
	view_end(view);
}

static bool is_handover(const char *fd)
{
	g_autofree char *file = g_file_read_link(fd, NULL);

	return file != NULL && g_str_has_prefix(file, "/memfd:shmfuse handover");
}

static char *handover_of(pid_t keeper)
{
	for (int fd = 0; fd < 100; fd++) {
		g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", (int)keeper, fd);

		if (is_handover(path))
			return g_steal_pointer(&path);
	}
	g_error("the keeper has no handover");
}

/* In its memory of the session this kernel becomes an older one. */
static void make_keeper_believe_in_no_resending(pid_t keeper)
{
	const off_t at = offsetof(struct handover, can_resend);
	const bool can = false;
	g_autofree char *path = handover_of(keeper);
	int fd = open_at(path, O_RDWR);

	g_assert_cmpint(ok(pwrite(fd, &can, sizeof(can), at)), ==, sizeof(can));
	close(fd);
}

static void without_a_kernel_for_it_sighup_changes_nothing(void)
{
	pid_t view = view_start("supervise=auto");
	const pid_t server = server_of(view);

	make_keeper_believe_in_no_resending(view);
	ok(kill(view, SIGHUP));
	wait_until (times_said("upgrade: the kernel cannot send again") > 0)
		;
	put(VIEW "/a", "served");
	g_assert_cmpint(server_of(view), ==, server);
	view_end(view);
}

static void second_transport_is_left_out(void)
{
	g_assert_cmpint(run_shmfuse("-o %s,supervise,io_uring=auto %s", options_of_path(), VIEW),
			==, 0);
	has_text(RUN_ERR, "shmfuse: no io_uring: supervise goes without it; requests come by "
			  "/dev/fuse\n");
	unmount_at(VIEW);
}

static void second_transport_is_refused(void)
{
	g_assert_cmpint(run_shmfuse("-f -o supervise,io_uring=on %s", VIEW), ==, 1);
	has_text(RUN_ERR, "shmfuse: supervise: not with io_uring=on: leave one of them out\n");
}

#define SUPERVISED .options = "supervise", .says = "*another one takes over*"

static const struct mount_test tests[] = {
	{ TEST(killed_keeper_leaves_nobody) },
	{ TEST(sigterm_ends_the_mount_well), .says = "*another one takes over*" },
	{ TEST(background_has_it_too) },
	{ TEST(neither_process_keeps_the_terminal_or_the_directory) },
	{ TEST(ignored_deaths_are_noticed) },
	{ TEST(many_descriptors_of_before_stay) },
	{ TEST(no_process_for_a_while_is_waited_for), NO_MOUNT, .needs = "fusermount3" },
	{ TEST(nothing_is_left_open_in_the_end), SUPERVISED },
	{ TEST(nothing_is_left_of_what_was_being_opened), SUPERVISED },
	{ TEST(counters_are_told_by_who_took_over), .says = "*another one takes over*" },
	{ TEST(without_a_kernel_for_it_sighup_changes_nothing), .says = "*nothing was changed*" },
	{ TEST(second_transport_is_left_out) },
	{ TEST(second_transport_is_refused), .paths = NO_MOUNT },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "keeper", tests, G_N_ELEMENTS(tests));
}
