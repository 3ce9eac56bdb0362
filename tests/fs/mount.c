/* SPDX-License-Identifier: MIT */
#include "mount.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DAEMON_STDERR "/run/daemon.stderr"
#define EXIT_SKIP     77

struct test_case {
	const struct mount_test *test;
	bool passthrough;
	bool uring;
};

/* The case that this process runs. */
static const struct test_case *current;
static pid_t daemon_of_current;

/* What its processes tell each other. */
struct shared {
	char skip_reason[256];
	pid_t daemons[32]; /* that the body put on MNT, and has not waited for; 0: none */
	int status;	   /* of one of them that did not end well */
};
static struct shared *shared;

bool on_passthrough(void)
{
	return current->passthrough;
}

const char *options_of_path(void)
{
	if (current->uring)
		return "data=passthrough,io_uring=on";
	return current->passthrough ? "data=passthrough" : "data=mapped";
}

pid_t daemon_of_test(void)
{
	return daemon_of_current;
}

static bool kernel_has_uring(void)
{
	g_autofree char *value = NULL;

	return g_file_get_contents("/sys/module/fuse/parameters/enable_uring", &value, NULL,
				   NULL) &&
	       value[0] == 'Y';
}

void skip_test(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_vsnprintf(shared->skip_reason, sizeof(shared->skip_reason), format, args);
	va_end(args);
	_exit(EXIT_SKIP);
}

const char *shmfuse_path(void)
{
	return g_getenv("SHMFUSE");
}

bool is_mounted(const char *path)
{
	g_autofree char *mounts = get("/proc/self/mountinfo");
	g_autofree char *word = g_strdup_printf(" %s ", path);
	g_auto(GStrv) lines = g_strsplit(mounts, "\n", -1);

	for (char **line = lines; *line; line++) {
		const char *found = strstr(*line, word);

		/* Fields 4 and 5 are the root and the mount point. */
		if (found && (!strstr(*line, " - ") || found < strstr(*line, " - ")))
			return true;
	}
	return false;
}

void unmount_at(const char *mountpoint)
{
	int error;

	wait_until ((error = error_of(umount(mountpoint))) != EBUSY)
		;
	g_assert_cmpint(error, ==, 0);
}

void unmount(void)
{
	unmount_at(MNT);
}

static pid_t spawn_daemon(const char *options, const char *mountpoint)
{
	pid_t pid = ok(fork());

	if (pid == 0) {
		int fd = ok(open(DAEMON_STDERR, O_WRONLY | O_CREAT | O_APPEND, 0600));

		ok(dup2(fd, STDOUT_FILENO));
		ok(dup2(fd, STDERR_FILENO));
		ok(close_range(3, ~0U, 0));
		execl(shmfuse_path(), "shmfuse", "-f", "-o", options, mountpoint, (char *)NULL);
		g_error("%s: %s", shmfuse_path(), g_strerror(errno));
	}
	return pid;
}

/* Whether the daemon has mounted; false if it ended before. */
static bool mounts(pid_t daemon, const char *mountpoint)
{
	struct pollfd events[] = {
		{ .fd = (int)ok(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)),
		  .events = POLLPRI },
		{ .fd = (int)ok(syscall(SYS_pidfd_open, daemon, 0)), .events = POLLIN },
	};
	bool mounted;

	while (!(mounted = is_mounted(mountpoint)) && !(events[1].revents & POLLIN))
		g_assert_cmpint(ok(poll(events, G_N_ELEMENTS(events), 30000)), >, 0);
	close(events[0].fd);
	close(events[1].fd);
	/* The first answer ends the kernel's and the daemon's greetings. */
	if (mounted)
		ok(statvfs(mountpoint, &(struct statvfs){ 0 }));
	return mounted;
}

static pid_t daemon_start_at(const char *options, const char *mountpoint)
{
	pid_t daemon = spawn_daemon(options, mountpoint);

	if (!mounts(daemon, mountpoint)) {
		g_autofree char *said = daemon_stderr();

		g_error("shmfuse -o %s did not mount: %s", options, said);
	}
	return daemon;
}

/* NULL: it is not in the list. */
static pid_t *place_of(pid_t daemon)
{
	size_t i = 0;

	while (i < G_N_ELEMENTS(shared->daemons) && shared->daemons[i] != daemon)
		i++;
	return i < G_N_ELEMENTS(shared->daemons) ? &shared->daemons[i] : NULL;
}

pid_t daemon_start(const char *options)
{
	const pid_t daemon = daemon_start_at(options, MNT);
	pid_t *place = place_of(0);

	g_assert_nonnull(place);
	*place = daemon;
	return daemon;
}

pid_t daemon_anew(const char *options)
{
	g_autofree char *all = g_strconcat(options_of_path(), options ? "," : "", options, NULL);

	unmount();
	wait_until (!is_mounted(MNT))
		;
	return daemon_start(all);
}

pid_t view_start(const char *options)
{
	g_autofree char *all = g_strdup_printf("%s,%s", options_of_path(), options);

	return daemon_start_at(all, VIEW);
}

void view_end(pid_t daemon)
{
	unmount_at(VIEW);
	g_assert_cmpint(daemon_status(daemon), ==, 0);
}

int daemon_status(pid_t daemon)
{
	pid_t *place = place_of(daemon);
	int status;

	ok(waitpid(daemon, &status, 0));
	if (place != NULL)
		*place = 0;
	return status;
}

int process_has(pid_t pid, const char *what)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, what);

	return (int)count_names(path);
}

void descriptors_come_back(pid_t pid, int count)
{
	wait_until (process_has(pid, "fd") <= count)
		;
}

int workers_of(pid_t daemon)
{
	g_autofree char *pid = g_strdup_printf("%d", daemon);
	g_autofree char *count =
		sh_output("grep -lsx fuse-worker /proc/$1/task/*/comm | wc -l", pid);

	return atoi(count);
}

char *daemon_stderr(void)
{
	return get(DAEMON_STDERR);
}

void let_user_1000_mount(void)
{
	put("/run/passwd", "root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n");
	ok(mount("/run/passwd", "/etc/passwd", NULL, MS_BIND, NULL));
	ok(mknod("/run/fuse", S_IFCHR, stat_of("/dev/fuse").st_rdev));
	ok(chmod("/run/fuse", 0666));
	ok(mount("/run/fuse", "/dev/fuse", NULL, MS_BIND, NULL));
	ok(chown(MNT, 1000, 1000));
	ok(chmod("/run", 01777));
}

int run_shmfuse(const char *format, ...)
{
	g_autofree char *arguments = NULL, *script = NULL;
	int status;
	va_list args;
	pid_t pid;

	va_start(args, format);
	arguments = g_strdup_vprintf(format, args);
	va_end(args);
	script = g_strdup_printf("exec \"$SHMFUSE\" %s >" RUN_OUT " 2>" RUN_ERR, arguments);
	pid = ok(fork());
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	ok(waitpid(pid, &status, 0));
	if (!WIFEXITED(status))
		g_error("shmfuse %s: wait status 0x%x", arguments, status);
	return WEXITSTATUS(status);
}

/* nohup(1) and others ignore some, and so would the daemons. */
static void take_all_signals(void)
{
	static const int signals[] = { SIGHUP,	SIGINT,	 SIGQUIT, SIGTERM,
				       SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE };

	for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
		signal(signals[i], SIG_DFL);
}

/* What a case starts with. */
static void prepare_namespace(const struct mount_test *test)
{
	g_autofree char *shm_options =
		g_strconcat("mode=1777", test->shm_options ? "," : "", test->shm_options, NULL);

	ok(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ok(mount("proc", "/proc", "proc", 0, NULL));
	ok(mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"));
	ok(mount("tmpfs", SHM, "tmpfs", MS_NOSUID | MS_NODEV, shm_options));
	ok(mkdir(MNT, 0755));
	ok(mkdir(VIEW, 0755));
	ok(mkdir(PLAIN, 0755));
	ok(mount("tmpfs", PLAIN, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"));
	put(DAEMON_STDERR, "");
	g_setenv("MNT", MNT, TRUE);
	g_setenv("SHM", SHM, TRUE);
	g_setenv("PLAIN", PLAIN, TRUE);
	g_setenv("VIEW", VIEW, TRUE);
	take_all_signals();
	umask(022);
	ok(chdir("/"));
	ok(setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }));
}

/* The body in a process of its own, so that nothing of it keeps the mount
 * busy. Returns the case's exit code. */
static int run_body(const struct mount_test *test)
{
	pid_t pid = ok(fork());
	int status;

	if (pid == 0) {
		test->run();
		_exit(0);
	}
	ok(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static bool all_have_ended(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(shared->daemons); i++)
		if (shared->daemons[i] != 0)
			return false;
	return true;
}

/* The fixture's, and those that the body has left, which are the first process's
 * children then: 0, or the wait status of one. */
static int status_of_daemons(pid_t first)
{
	const int status = daemon_status(first);

	wait_until (all_have_ended())
		;
	return status != 0 ? status : shared->status;
}

static int run_mounted(const struct mount_test *test)
{
	g_autofree char *options =
		g_strdup_printf("%s%s%s", options_of_path(), test->options ? "," : "",
				test->options ? test->options : "");
	pid_t daemon = spawn_daemon(options, MNT);
	g_autofree char *said = NULL;
	int status, code;

	if (!mounts(daemon, MNT)) {
		said = daemon_stderr();
		if (on_passthrough() && run_shmfuse("--check") == 1)
			skip_test("no passthrough here: %s", said);
		g_error("shmfuse -o %s did not mount: %s", options, said);
	}
	daemon_of_current = daemon;
	code = run_body(test);
	if (code != 0 && code != EXIT_SKIP)
		return code;
	unmount();
	status = status_of_daemons(daemon);
	said = daemon_stderr();
	if (status != 0 || !g_pattern_match_simple(test->says ? test->says : "", said))
		g_error("the daemon ended with wait status 0x%x and said: %s", status, said);
	return code;
}

static void show_daemon_stderr(void)
{
	g_autofree char *said = daemon_stderr();

	if (said[0] != '\0')
		g_printerr("daemons of this test said: %s\n", said);
}

static int run_case(const struct mount_test *test)
{
	int code;

	prepare_namespace(test);
	if (test->needs) {
		g_autofree char *program = g_find_program_in_path(test->needs);

		if (!program)
			skip_test("%s is not installed", test->needs);
	}
	code = test->paths == NO_MOUNT ? run_body(test) : run_mounted(test);
	if (code != 0 && code != EXIT_SKIP)
		show_daemon_stderr();
	return code;
}

static void has_ended(pid_t pid, int status)
{
	pid_t *place = place_of(pid);

	if (place == NULL)
		return;
	if (status != 0)
		shared->status = status;
	*place = 0;
}

static int exit_code_of(pid_t pid)
{
	int status;
	pid_t ended;

	/* Orphans of the case may come first. */
	while ((ended = (pid_t)ok(wait(&status))) != pid)
		has_ended(ended, status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* A child that ends when this process ends. */
static pid_t fork_bound(void)
{
	pid_t pid = (pid_t)ok(fork());

	if (pid == 0)
		ok(prctl(PR_SET_PDEATHSIG, SIGKILL));
	return pid;
}

/* The first process of the case's namespaces: all others end with it. */
static int first_process(const struct mount_test *test)
{
	pid_t pid = (pid_t)ok(fork());

	if (pid == 0)
		_exit(run_case(test));
	return exit_code_of(pid);
}

static int namespaces_of_case(const struct mount_test *test)
{
	pid_t pid;

	/* Standard output belongs to the test protocol. */
	ok(dup2(STDERR_FILENO, STDOUT_FILENO));
	if (unshare(CLONE_NEWNS | CLONE_NEWPID) == -1)
		skip_test("namespaces: %s", g_strerror(errno));
	pid = fork_bound();
	if (pid == 0)
		_exit(first_process(test));
	return exit_code_of(pid);
}

/* A slow build is given more. */
static int case_seconds(void)
{
	return (int)number_from("SHMFUSE_CASE_SECONDS", 60);
}

/* Exit code of the case; -1 if it had to be killed. */
static int wait_for_case(pid_t pid)
{
	struct pollfd end = { .fd = (int)ok(syscall(SYS_pidfd_open, pid, 0)), .events = POLLIN };
	bool ended = ok(poll(&end, 1, case_seconds() * 1000)) == 1;
	int status;

	close(end.fd);
	if (!ended)
		ok(kill(pid, SIGKILL));
	ok(waitpid(pid, &status, 0));
	return !ended ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void report_failure(const char *reason)
{
	g_test_message("%s", reason);
	g_test_fail();
}

static void report_timeout(void)
{
	g_autofree char *reason = g_strdup_printf("did not end within %d seconds", case_seconds());

	report_failure(reason);
}

static bool mounts_are_possible(void)
{
	int fd;

	if (!g_getenv("SHMFUSE")) {
		report_failure("SHMFUSE does not name the daemon; use `meson test`");
		return false;
	}
	if (geteuid() != 0) {
		g_test_skip("needs root, for namespaces and mounts");
		return false;
	}
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd == -1) {
		g_autofree char *reason = g_strdup_printf("/dev/fuse: %s", g_strerror(errno));

		g_test_skip(reason);
		return false;
	}
	close(fd);
	return true;
}

static void test_case_main(const void *data)
{
	pid_t pid;
	int code;

	if (!mounts_are_possible())
		return;
	current = data;
	*shared = (struct shared){ 0 };
	pid = fork_bound();
	if (pid == 0)
		_exit(namespaces_of_case(current->test));
	code = wait_for_case(pid);
	if (code == EXIT_SKIP)
		g_test_skip(shared->skip_reason);
	else if (code == -1)
		report_timeout();
	else if (code != 0)
		report_failure("see the messages above");
}

static void add_case(const char *prefix, const char *group, const struct mount_test *test)
{
	struct test_case *test_case = g_new0(struct test_case, 1);
	g_autofree char *path = g_strdup_printf("%s/%s/%s", prefix, group, test->name);

	test_case->test = test;
	test_case->uring = g_str_equal(prefix, "/uring");
	test_case->passthrough = test_case->uring || g_str_equal(prefix, "/passthrough");
	g_test_add_data_func_full(path, test_case, test_case_main, g_free);
}

static int run_tests(int argc, char **argv, const char *group, const struct mount_test *tests,
		     size_t n_tests, bool uring)
{
	g_test_init(&argc, &argv, NULL);
	signal(SIGCHLD, SIG_DFL); /* ignored, children have no status */
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	g_assert_true(shared != MAP_FAILED);
	for (size_t i = 0; i < n_tests; i++) {
		const enum data_paths paths = tests[i].paths;

		if (paths == NO_MOUNT)
			add_case("", group, &tests[i]);
		if (paths == EVERY_PATH || paths == ONLY_MAPPED)
			add_case("/mapped", group, &tests[i]);
		if (paths == EVERY_PATH || paths == ONLY_PASSTHROUGH)
			add_case("/passthrough", group, &tests[i]);
		if (uring && (paths == EVERY_PATH || paths == ONLY_PASSTHROUGH))
			add_case("/uring", group, &tests[i]);
	}
	return g_test_run();
}

int run_mount_tests(int argc, char **argv, const char *group, const struct mount_test *tests,
		    size_t n_tests)
{
	return run_tests(argc, argv, group, tests, n_tests, false);
}

int run_transport_tests(int argc, char **argv, const char *group, const struct mount_test *tests,
			size_t n_tests)
{
	return run_tests(argc, argv, group, tests, n_tests, kernel_has_uring());
}
