/* SPDX-License-Identifier: MIT */
/* What a process cannot do that has confined itself as the daemon does, and what
 * it still can. */
#include "mount.h"

#include "session.h"
#include "version.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

#define BIT(capability) (G_GUINT64_CONSTANT(1) << (capability))
/* The access mode that Linux has besides (man 2 open). */
#define NEITHER (O_WRONLY | O_RDWR)
#define OF_OBJECTS                                                                             \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) | \
	 BIT(CAP_FSETID) | BIT(CAP_SETUID) | BIT(CAP_SETGID))

/* The daemon of a supervised mount, which has nothing to unmount. */
static struct confinement served_by_root(void)
{
	return (struct confinement){
		.space = (int)ok(open(SHM, O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
		.privileged = true,
	};
}

static void confine(const struct confinement *confinement)
{
	const char *fault = "a thread";
	int error = confine_load();

	if (error == 0)
		error = confine_privileges(confinement, &fault);
	if (error == 0)
		error = confine_calls(confinement, &fault);
	if (error < 0)
		g_error("%s: %s", fault, g_strerror(-error));
}

/* A block that runs confined, in a child that must end well. */
#define CONFINED(confinement)                                              \
	for (bool G_PASTE(child_, __LINE__) = child_confined(confinement); \
	     G_PASTE(child_, __LINE__); G_PASTE(child_, __LINE__) = child_exit())

static bool child_confined(struct confinement confinement)
{
	pid_t pid = (pid_t)ok(fork());

	if (pid == 0) {
		g_unsetenv("SHMFUSE_SECCOMP");
		confine(&confinement);
		return true;
	}
	ends_well(pid);
	return false;
}

/* What a daemon says of itself. */
static struct confinement of_daemon(char *mount_options, bool kept)
{
	char *argv[] = { (char[]){ "shmfuse" }, (char[]){ "-o" }, mount_options, (char[]){ MNT },
			 NULL };
	message_line message;
	struct options options;
	struct fs fs = { .options = &options, .space = 7, .is_kept = kept };
	struct confinement confinement;

	if (options_parse(&options, 4, argv, message) < 0)
		g_error("%s", message);
	confinement = session_confinement(&fs);
	g_assert_cmpint(confinement.space, ==, 7);
	g_assert_false(confinement.debug);
	options_free(&options);
	return confinement;
}

static void who_keeps_its_mount_unmounts(void)
{
	const struct confinement root = of_daemon((char[]){ "ro" }, false);

	g_assert_true(root.unmounts && !root.runs_programs);
	g_assert_true(root.privileged && root.root_callers);
	AS_USER (1000, 1000) {
		const struct confinement user = of_daemon((char[]){ "ro" }, false);

		g_assert_true(!user.unmounts && user.runs_programs);
		g_assert_false(user.privileged);
	}
}

/* So it has Landlock, and no other program. */
static void whose_mount_another_keeps_unmounts_nothing(void)
{
	const struct confinement root = of_daemon((char[]){ "ro" }, true);

	g_assert_true(!root.unmounts && !root.runs_programs);
	g_assert_true(root.privileged && root.root_callers);
	AS_USER (1000, 1000) {
		const struct confinement user = of_daemon((char[]){ "ro" }, true);

		g_assert_true(!user.unmounts && !user.runs_programs);
		g_assert_false(user.privileged);
	}
}

static void with_another_owner_nobody_comes_as_root(void)
{
	g_assert_false(of_daemon((char[]){ "uid=1000" }, true).root_callers);
	g_assert_false(of_daemon((char[]){ "uid=0" }, true).root_callers);
	g_assert_true(of_daemon((char[]){ "gid=1000" }, true).root_callers);
	g_assert_true(of_daemon((char[]){ "map_uid=1000:0" }, true).root_callers);
}

static void call(const void *argument)
{
	syscall(*(const int *)argument, 0, 0, 0, 0, 0, 0);
}

/* The kernel ends the process: SIGSYS. */
static void is_fatal(struct confinement confinement, void (*attempt)(const void *),
		     const void *argument)
{
	pid_t pid = (pid_t)ok(fork());
	int status;

	if (pid == 0) {
		confine(&confinement);
		attempt(argument);
		_exit(0);
	}
	ok(waitpid(pid, &status, 0));
	g_assert_cmphex(status, ==, SIGSYS);
}

static void unknown_calls_are_missing(void)
{
	CONFINED(served_by_root())
	{
		fails(ENOSYS, syscall(SYS_getppid));
		fails(ENOSYS, syscall(SYS_inotify_init1, 0));
	}
}

/* Its rings are made, and do only what they were made for (ring.c). */
static void by_io_uring_it_only_waits_for_requests(void)
{
	struct confinement confinement = served_by_root();

	CONFINED(confinement)
	fails(ENOSYS, syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0));
	confinement.io_uring = true;
	CONFINED(confinement)
	{
		fails(EBADF, syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0));
		fails(ENOSYS, syscall(SYS_io_uring_setup, 1, NULL));
		fails(ENOSYS, syscall(SYS_io_uring_register, -1, 0, NULL, 0));
	}
}

static void in_tests_unknown_calls_end_it(void)
{
	is_fatal(served_by_root(), call, &(const int){ SYS_getppid });
}

static void with_debugging_nothing_is_denied(void)
{
	struct confinement confinement = served_by_root();

	confinement.debug = true;
	CONFINED(confinement)
	{
		ok(syscall(SYS_getppid));
		fails(ENOENT, execl("/run/missing", "missing", (char *)NULL));
	}
}

static void what_only_intruders_call_ends_it(void)
{
	static const int calls[] = {
		SYS_execve,
		SYS_execveat,
		SYS_ptrace,
		SYS_process_vm_readv,
		SYS_process_vm_writev,
		SYS_mount,
		SYS_move_mount,
		SYS_pivot_root,
		SYS_chroot,
		SYS_setns,
		SYS_unshare,
		SYS_open_by_handle_at,
		SYS_bpf,
		SYS_init_module,
		SYS_finit_module,
		SYS_kexec_load,
	};

	g_unsetenv("SHMFUSE_SECCOMP");
	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
		is_fatal(served_by_root(), call, &calls[i]);
}

static void make_a_process(const void *argument)
{
	(void)argument;
	if (fork() == 0)
		_exit(0);
}

static void *nothing(void *argument)
{
	return argument;
}

static void it_makes_threads_and_no_processes(void)
{
	g_unsetenv("SHMFUSE_SECCOMP");
	is_fatal(served_by_root(), make_a_process, NULL);
	CONFINED(served_by_root())
	{
		pthread_t thread;

		g_assert_cmpint(pthread_create(&thread, NULL, nothing, NULL), ==, 0);
		g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
	}
}

static void *sleep_long(void *argument)
{
	sleep(1000);
	return argument;
}

/* As workers are ended: glibc reads a library for it. */
static void it_ends_threads(void)
{
	CONFINED(served_by_root())
	{
		pthread_t thread;
		void *result;

		g_assert_cmpint(pthread_create(&thread, NULL, sleep_long, NULL), ==, 0);
		g_assert_cmpint(pthread_cancel(thread), ==, 0);
		g_assert_cmpint(pthread_join(thread, &result), ==, 0);
		g_assert_true(result == PTHREAD_CANCELED);
	}
}

static void it_signals_nobody_else(void)
{
	const pid_t other = getppid();

	CONFINED(served_by_root())
	{
		fails(ENOSYS, kill(other, 0));
		fails(ENOSYS, syscall(SYS_tgkill, other, other, 0));
		fails(ENOSYS, kill(getpid(), 0));
		ok(syscall(SYS_tgkill, getpid(), gettid(), 0));
	}
}

/* A descriptor would send one for each event, to whom it is said to be. */
static void *end(void *argument)
{
	ok(syscall(SYS_tgkill, getpid(), getpid(), SIGTERM));
	return argument;
}

/* As the thread of a ring that broke does it. */
static void its_threads_can_end_it(void)
{
	const struct confinement confinement = served_by_root();
	sigset_t term;
	int got;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	ok(sigprocmask(SIG_BLOCK, &term, NULL));
	CONFINED(confinement)
	{
		pthread_t thread;

		g_assert_cmpint(pthread_create(&thread, NULL, end, NULL), ==, 0);
		g_assert_cmpint(sigwait(&term, &got), ==, 0);
		g_assert_cmpint(got, ==, SIGTERM);
		g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
	}
}

static void no_descriptor_signals_for_it(void)
{
	CONFINED(served_by_root())
	{
		const int fd = (int)ok(open("/proc/self/status", O_RDONLY));

		fails(ENOSYS, fcntl(fd, F_SETOWN, 1));
		fails(ENOSYS, fcntl(fd, F_SETOWN_EX, &(struct f_owner_ex){ F_OWNER_PID, 1 }));
		fails(ENOSYS, fcntl(fd, F_SETSIG, SIGKILL));
		fails(ENOSYS, fcntl(fd, F_SETFL, O_ASYNC));
		fails(ENOSYS, fcntl(fd, F_NOTIFY, DN_MODIFY));
		ok(fcntl(fd, F_SETFL, O_NONBLOCK));
		g_assert_cmpint(ok(fcntl(fd, F_GETFL)) & O_NONBLOCK, !=, 0);
	}
}

static void limits_are_read_alone(void)
{
	const pid_t other = getppid();

	CONFINED(served_by_root())
	{
		struct rlimit limit;

		ok(getrlimit(RLIMIT_NOFILE, &limit));
		fails(ENOSYS, setrlimit(RLIMIT_NOFILE, &limit));
		fails(ENOSYS, prlimit(other, RLIMIT_NOFILE, &limit, NULL));
		fails(ENOSYS, prlimit(other, RLIMIT_NOFILE, NULL, &limit));
	}
}

static void no_memory_becomes_code(void)
{
	const int code = PROT_READ | PROT_EXEC;

	CONFINED(served_by_root())
	{
		void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);

		g_assert_true(memory != MAP_FAILED);
		fails(ENOSYS, mprotect(memory, 4096, code));
		g_assert_true(mmap(NULL, 4096, code, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			      MAP_FAILED);
	}
}

static void it_sends_datagrams_on_this_machine_alone(void)
{
	CONFINED(served_by_root())
	{
		ok(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		fails(ENOSYS, socket(AF_UNIX, SOCK_STREAM, 0));
		fails(ENOSYS, socket(AF_INET, SOCK_DGRAM, 0));
		fails(ENOSYS, socket(AF_NETLINK, SOCK_RAW, 0));
	}
}

static void only_who_has_to_unmounts(void)
{
	struct confinement confinement = served_by_root();

	CONFINED(confinement)
	fails(ENOSYS, umount(PLAIN));
	confinement.unmounts = true;
	CONFINED(confinement)
	ok(umount(PLAIN));
	g_assert_false(is_mounted(PLAIN));
}

static void only_passthrough_has_the_calls_of_the_device(void)
{
	struct confinement confinement = served_by_root();
	const unsigned backing_close = 0x4004e502;

	CONFINED(confinement)
	fails(ENOSYS, ioctl(0, backing_close, NULL));
	confinement.passthrough = true;
	CONFINED(confinement)
	{
		fails(ENOTTY, ioctl(confinement.space, backing_close, NULL));
		fails(ENOSYS, ioctl(confinement.space, TIOCSTI, NULL));
	}
}

static void capabilities_do_not_come_back(void)
{
	CONFINED(served_by_root())
	{
		struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
		struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

		ok(syscall(SYS_capget, &header, sets));
		g_assert_cmphex(sets[0].permitted, ==, OF_OBJECTS);
		sets[0].permitted |= (guint32)BIT(CAP_SYS_ADMIN);
		fails(EPERM, syscall(SYS_capset, &header, sets));
	}
}

static guint32 own_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	ok(syscall(SYS_capget, &header, sets));
	return sets[0].effective;
}

/* Each of the tasks that takes CAP_SYS_ADMIN. */
static void the_great_capability_is_kept_for_a_reason(void)
{
	for (int reason = 0; reason < 3; reason++) {
		struct confinement confinement = served_by_root();

		confinement.root_callers = reason == 0;
		confinement.passthrough = reason == 1;
		confinement.unmounts = reason == 2;
		CONFINED(confinement)
		{
			g_assert_cmphex(own_capabilities() & BIT(CAP_SYS_ADMIN), !=, 0);
		}
	}
}

/* Everything that the daemon does with objects, of the file system's other names too. */
static void objects_are_within_reach(void)
{
	struct confinement confinement = served_by_root();
	const int space = confinement.space;

	put(SHM "/old", "text");
	CONFINED(confinement)
	{
		const struct flock all = { .l_type = F_WRLCK };
		g_autofree char *self = NULL;
		int fd = ok(openat(space, "a", O_RDWR | O_CREAT | O_EXCL, 0600)), other;

		self = g_strdup_printf("/proc/self/fd/%d", fd);
		ok(fchmod(fd, 0640));
		ok(fchown(fd, 1000, 1000));
		ok(syscall(SYS_renameat2, space, "a", space, "b", 0));
		ok(linkat(fd, "", space, "c", AT_EMPTY_PATH));
		ok(linkat(AT_FDCWD, self, space, "d", AT_SYMLINK_FOLLOW));
		ok(syscall(SYS_renameat2, space, "d", space, "old", RENAME_EXCHANGE));
		for (const char **name = (const char *[]){ "b", "c", "d", "old", NULL }; *name;
		     name++)
			ok(unlinkat(space, *name, 0));
		other = ok(open(self, O_RDWR));
		ok(fcntl(other, F_OFD_SETLK, &all));
		fails(EAGAIN, fcntl(fd, F_OFD_SETLK, &all));
		ok(ftruncate(other, 100));
		fd = ok(openat(space, ".", O_TMPFILE | O_RDWR, 0600));
		self = g_strdup_printf("/proc/self/fd/%d", fd);
		ok(linkat(AT_FDCWD, self, space, "unnamed", AT_SYMLINK_FOLLOW));
		ok(open(self, O_RDWR | O_TRUNC));
		has_names(SHM, "unnamed ");
	}
}

/* As a container's seccomp profile does it. */
static void refuse(int call)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	g_assert_cmpint(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0), ==, 0);
	g_assert_cmpint(seccomp_load(filter), ==, 0);
	seccomp_release(filter);
}

static void what_is_refused_is_told(void)
{
	const struct confinement confinement = served_by_root();
	pid_t pid;

	CHILD (pid) {
		const char *fault = "";

		refuse(444); /* landlock_create_ruleset */
		g_assert_cmpint(confine_privileges(&confinement, &fault), ==, -EPERM);
		g_assert_cmpstr(fault, ==, "Landlock");
	}
	ends_well(pid);
}

static void what_is_refused_keeps_nothing_else(void)
{
	const struct confinement confinement = served_by_root();
	pid_t pid;

	put(PLAIN "/a", "text");
	CHILD (pid) {
		const char *fault = "";

		refuse(SYS_capset);
		g_assert_cmpint(confine_privileges(&confinement, &fault), ==, -EPERM);
		g_assert_cmpstr(fault, ==, "capabilities");
		g_assert_cmpint(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), ==, 1);
		fails(EACCES, open(PLAIN "/a", O_RDONLY));
	}
	ends_well(pid);
}

/* Who stands for root without its capabilities would have them. */
static void without_the_right_to_give_up_rights_nobody_is_served(void)
{
	pid_t daemon;

	put_new(SHM "/a", 0600, 1000, 1000);
	refuse(SYS_capset);
	daemon = daemon_start("data=mapped,uid=0");
	fails(EPERM, open(MNT "/a", O_RDONLY));
	fails(EPERM, open(MNT "/new", O_WRONLY | O_CREAT, 0600));
	fails(EPERM, unlink(MNT "/a"));
	has_names(SHM, "a ");
	unmount();
	g_assert_cmpint(daemon_status(daemon), ==, 0);
}

/* Writes through what the kernel is given would leave set-ID bits alone. */
static void without_the_right_to_give_up_rights_nothing_is_passed_through(void)
{
	refuse(SYS_capset);
	g_assert_cmpint(run_shmfuse("-f -o data=passthrough " MNT), ==, 2);
	sh("grep -q 'data=passthrough: ' " RUN_ERR);
}

static void other_files_are_not(void)
{
	struct confinement confinement = served_by_root();

	put(PLAIN "/a", "text");
	put(PLAIN "/b", "text");
	put(SHM "/object", "text");
	CONFINED(confinement)
	{
		fails(EACCES, open(PLAIN "/a", O_RDONLY));
		fails(EACCES, openat(confinement.space, "../../etc/passwd", O_RDONLY));
		fails(EACCES, open(PLAIN "/new", O_WRONLY | O_CREAT, 0600));
		fails(ENOSYS, truncate(PLAIN "/a", 0)); /* no file of Landlock's until 6.2 */
		fails(EACCES, unlinkat(AT_FDCWD, PLAIN "/a", 0));
		fails(EACCES,
		      syscall(SYS_renameat2, AT_FDCWD, PLAIN "/a", AT_FDCWD, PLAIN "/b", 0));
		fails(EACCES, linkat(AT_FDCWD, PLAIN "/a", AT_FDCWD, PLAIN "/c", 0));
		fails(EXDEV, linkat(AT_FDCWD, PLAIN "/a", confinement.space, "c", 0));
		fails(EACCES, open("/proc/sys/kernel/core_pattern", O_WRONLY));
		fails(EACCES, open("/proc/self/oom_score_adj", O_WRONLY));
		fails(EACCES, open("/dev/fuse", O_RDWR));
		/* What it reads of the machine. */
		ok(open("/proc/1/status", O_RDONLY));
		ok(open("/sys/devices/system/cpu/possible", O_RDONLY));
		fails(EACCES, open("/sys/devices/system/cpu/online", O_RDONLY));
		fails(EACCES, open("/dev/null", O_RDWR));
	}
}

/* Not even of one with as few rights, which anybody of that user could trace. */
static void other_processes_are_out_of_reach(void)
{
	struct confinement confinement = served_by_root();
	g_autofree char *memory = NULL, *program = NULL, *status = NULL;
	pid_t other;

	confinement.unmounts = true;
	CHILD (other) {
		const char *fault;

		ok(confine_privileges(&confinement, &fault));
		ok(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
		pause();
	}
	falls_asleep(other);
	memory = g_strdup_printf("/proc/%d/mem", other);
	program = g_strdup_printf("/proc/%d/exe", other);
	status = g_strdup_printf("/proc/%d/status", other);
	confinement.unmounts = false;
	confinement.passthrough = true;
	CONFINED(confinement)
	{
		fails(EACCES, open(memory, O_RDONLY));
		fails(EACCES, open(program, O_RDONLY));
		ok(open(status, O_RDONLY));
	}
	ok(kill(other, SIGKILL));
}

/* Landlock knows nothing of attributes: the filter takes the calls with a path. */
static void attributes_of_other_files_stay(void)
{
	const struct timespec times[2] = { 0 };

	put(PLAIN "/a", "text");
	CONFINED(served_by_root())
	{
		const int fd = (int)ok(open(PLAIN "/a", O_PATH));
		g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", fd);

		for (const char **path = (const char *[]){ PLAIN "/a", self, NULL }; *path;
		     path++) {
			fails(EPERM, fchmodat(AT_FDCWD, *path, 04755, 0));
			fails(EPERM, fchownat(AT_FDCWD, *path, 0, 0, 0));
			fails(EPERM, setxattr(*path, "trusted.x", "", 0, 0));
			fails(EPERM, removexattr(*path, "trusted.x"));
			fails(EPERM, utimensat(AT_FDCWD, *path, times, 0));
		}
		fails(EPERM, fchownat(fd, "", 0, 0, AT_EMPTY_PATH));
		fails(EBADF, fchmod(fd, 04755));
		fails(EBADF, fchown(fd, 0, 0));
		fails(EBADF, fsetxattr(fd, "trusted.x", "", 0, 0));
		fails(EBADF, futimens(fd, times));
	}
}

/* Open for neither reading nor writing: to Landlock that is no access. Opening would
 * cut it off before Linux 6.2, and what is open could be given another mode. */
static void files_are_opened_to_read_or_to_write(void)
{
	struct confinement confinement = served_by_root();

	put(PLAIN "/a", "text");
	CONFINED(confinement)
	{
		fails(ENOSYS, syscall(SYS_openat, AT_FDCWD, PLAIN "/a", NEITHER));
		fails(ENOSYS, syscall(SYS_openat, AT_FDCWD, PLAIN "/a", NEITHER | O_TRUNC));
#ifdef SYS_open
		fails(ENOSYS, syscall(SYS_open, PLAIN "/a", NEITHER | O_TRUNC));
#endif
	}
	has_text(PLAIN "/a", "text");
}

/* A user's daemon may change what it may not open: it has his rights, and no more. */
static void a_users_daemon_has_his_objects_and_no_files(void)
{
	put_new(SHM "/his", 0, 1000, 1000);
	put_new(PLAIN "/his", 0600, 1000, 1000);
	AS_USER (1000, 1000) {
		struct confinement confinement = served_by_root();

		confinement.privileged = false;
		CONFINED(confinement)
		{
			fails(EACCES, openat(confinement.space, "his", O_RDONLY));
			ok(fchmodat(confinement.space, "his", 0600, 0));
			ok(openat(confinement.space, "his", O_RDONLY));
			fails(EACCES, open(PLAIN "/his", O_RDONLY));
		}
	}
}

/* Those behind the mark are not for builds with sanitizers. */
static const struct mount_test tests[] = {
	{ TEST(who_keeps_its_mount_unmounts), NO_MOUNT },
	{ TEST(whose_mount_another_keeps_unmounts_nothing), NO_MOUNT },
	{ TEST(with_another_owner_nobody_comes_as_root), NO_MOUNT },
	{ TEST(capabilities_do_not_come_back), NO_MOUNT },
	{ TEST(the_great_capability_is_kept_for_a_reason), NO_MOUNT },
#define N_ALWAYS 5
	{ TEST(unknown_calls_are_missing), NO_MOUNT },
	{ TEST(by_io_uring_it_only_waits_for_requests), NO_MOUNT },
	{ TEST(in_tests_unknown_calls_end_it), NO_MOUNT },
	{ TEST(with_debugging_nothing_is_denied), NO_MOUNT },
	{ TEST(what_only_intruders_call_ends_it), NO_MOUNT },
	{ TEST(it_makes_threads_and_no_processes), NO_MOUNT },
	{ TEST(it_ends_threads), NO_MOUNT },
	{ TEST(it_signals_nobody_else), NO_MOUNT },
	{ TEST(its_threads_can_end_it), NO_MOUNT },
	{ TEST(no_descriptor_signals_for_it), NO_MOUNT },
	{ TEST(limits_are_read_alone), NO_MOUNT },
	{ TEST(no_memory_becomes_code), NO_MOUNT },
	{ TEST(it_sends_datagrams_on_this_machine_alone), NO_MOUNT },
	{ TEST(only_who_has_to_unmounts), NO_MOUNT },
	{ TEST(only_passthrough_has_the_calls_of_the_device), NO_MOUNT },
	{ TEST(objects_are_within_reach), NO_MOUNT },
	{ TEST(other_files_are_not), NO_MOUNT },
	{ TEST(what_is_refused_is_told), NO_MOUNT },
	{ TEST(what_is_refused_keeps_nothing_else), NO_MOUNT },
	{ TEST(without_the_right_to_give_up_rights_nobody_is_served), NO_MOUNT },
	{ TEST(without_the_right_to_give_up_rights_nothing_is_passed_through), NO_MOUNT },
	{ TEST(other_processes_are_out_of_reach), NO_MOUNT },
	{ TEST(attributes_of_other_files_stay), NO_MOUNT },
	{ TEST(files_are_opened_to_read_or_to_write), NO_MOUNT },
	{ TEST(a_users_daemon_has_his_objects_and_no_files), NO_MOUNT },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "confined", tests,
			       INSTRUMENTED ? N_ALWAYS : G_N_ELEMENTS(tests));
}
