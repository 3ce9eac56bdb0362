/* SPDX-License-Identifier: MIT */
/*
 * What is not known here fails with ENOSYS, as on an older kernel: C libraries
 * try new calls at any time, and have an older one at hand for that. What nobody
 * but an intruder would call ends the process, and the kernel logs it.
 *
 * Calls by glibc and by musl, on machines of 64 bits. The names that libseccomp or
 * the machine does not know are passed over.
 */
#include "system_calls.h"

#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Comparisons by seccomp.h leave out the second datum that most have no use for. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* clang-format off */

static const char *const always[] = {
	/* requests and content */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "pwritev2", "lseek", "ftruncate",
	"fallocate", "copy_file_range", "poll", "ppoll",
	/* descriptors, locks */
	"close", "close_range", "flock", "dup2", "dup3", "eventfd2", "getrlimit",
	/* names */
	"unlinkat", "linkat", "renameat2", "getdents64",
	/* attributes, by descriptors or to read them */
	"stat", "lstat", "fstat", "newfstatat", "statx", "fstatfs", "faccessat2",
	"fchmod", "fchown", "fsetxattr", "fremovexattr",
	"getxattr", "lgetxattr", "fgetxattr", "listxattr",
	/* memory, threads, signals */
	"brk", "munmap", "mremap", "madvise",
	"futex", "set_robust_list", "rseq", "exit", "exit_group", "gettid", "getpid", "sched_yield",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "restart_syscall",
#ifndef __GLIBC__
	"tkill", /* musl's way to signal threads, whosesoever they are */
#endif
	/* time, and what malloc and the like ask about the machine */
	"clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"getrandom", "sysinfo", "sched_getaffinity",
	/* acting as the caller */
	"setfsuid", "setfsgid", "setgroups", "capget", "capset", "getuid", "geteuid",
	/* messages to the system log and the service manager; see allow_limited() */
	"connect", "sendto",
	NULL,
};

/* By a path, these reach every file that there is, and Landlock does not look at
 * them. Who has root's rights does without; a user's daemon may lack the right to
 * open an object that it may change. */
static const char *const by_path[] = {
	"chmod", "fchmodat", "fchownat", "setxattr", "removexattr", NULL,
};

static const char *const to_unmount[] = { "umount2", NULL };
static const char *const with_io_uring[] = { "io_uring_enter", NULL };

/* Known, and not to be had. The flags of clone3 are in memory, where a filter does
 * not see them: the C library then calls clone. And where there is a file
 * /run/mount/utab, libfuse would leave unmounting to umount(8): it finds none. */
static const char *const refused[] = { "clone3", "access", "faccessat", NULL };

static const char *const never[] = {
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
	"mount", "move_mount", "pivot_root", "chroot", "setns", "unshare", "open_by_handle_at",
	"bpf", "init_module", "finit_module", "kexec_load", "kexec_file_load",
	NULL,
};

/* clang-format on */

/* ---- calls that depend on their arguments ---- */

#define SOCKET_TYPE 0xf
#define IOCTL_TYPE  0xff00
#define FUSE_DEVICE (229 << 8) /* linux/fuse.h */
#define SET_VMA	    0x53564d41 /* PR_SET_VMA, by which C libraries name their memory */

/* man 2 clone, "C library/kernel differences". */
#if defined(__s390__)
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* With CLONE_THREAD, or 0: without. */
#define CLONES(thread) SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, CLONE_THREAD, thread)
#define DATAGRAMS      SCMP_A1(SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_DGRAM)

struct limit {
	const char *name;
	unsigned n_args;
	struct scmp_arg_cmp args[2];
};

static int add(scmp_filter_ctx filter, uint32_t action, const struct limit *limit)
{
	const int call = seccomp_syscall_resolve_name(limit->name);
	uint32_t by_default;

	seccomp_attr_get(filter, SCMP_FLTATR_ACT_DEFAULT, &by_default);
	if (call == __NR_SCMP_ERROR || action == by_default)
		return 0;
	return seccomp_rule_add_array(filter, action, call, limit->n_args, limit->args);
}

static int add_all(scmp_filter_ctx filter, uint32_t action, const char *const *names)
{
	int error = 0;

	for (; *names != NULL && error == 0; names++)
		error = add(filter, action, &(const struct limit){ .name = *names });
	return error;
}

/* Not for neither reading nor writing: what is open like that is nothing to Landlock,
 * but was cut off (before Linux 6.2), and takes another mode and owner. */
static int allow_opens(scmp_filter_ctx filter)
{
	static const int accesses[] = { O_RDONLY, O_WRONLY, O_RDWR };
	const scmp_datum_t mask = O_WRONLY | O_RDWR;
	int error = 0;

	for (size_t i = 0; i < sizeof(accesses) / sizeof(*accesses) && error == 0; i++) {
		const scmp_datum_t wanted = (scmp_datum_t)accesses[i];
		const struct limit by_open = { "open",
					       1,
					       { SCMP_A1(SCMP_CMP_MASKED_EQ, mask, wanted) } };
		const struct limit by_openat = { "openat",
						 1,
						 { SCMP_A2(SCMP_CMP_MASKED_EQ, mask, wanted) } };

		error = add(filter, SCMP_ACT_ALLOW, &by_open);
		if (error == 0)
			error = add(filter, SCMP_ACT_ALLOW, &by_openat);
	}
	return error;
}

/* No descriptor that sends signals (F_SETOWN). */
static int allow_commands(scmp_filter_ctx filter)
{
	static const int commands[] = { F_GETFD,     F_SETFD,	  F_GETFL,
					F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW };
	const struct limit flags = { "fcntl",
				     2,
				     { SCMP_A1(SCMP_CMP_EQ, F_SETFL),
				       SCMP_A2(SCMP_CMP_MASKED_EQ, O_ASYNC, 0) } };
	int error = add(filter, SCMP_ACT_ALLOW, &flags);

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands) && error == 0; i++) {
		const scmp_datum_t command = (scmp_datum_t)commands[i];

		error = add(filter, SCMP_ACT_ALLOW,
			    &(const struct limit){ "fcntl", 1, { SCMP_A1(SCMP_CMP_EQ, command) } });
	}
	return error;
}

static int allow_limited(scmp_filter_ctx filter)
{
	const struct limit limits[] = {
		/* No memory that is code. */
		{ "mmap", 1, { SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) } },
		{ "mprotect", 1, { SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) } },
		/* Threads, and signals to them. */
		{ "clone", 1, { CLONES(CLONE_THREAD) } },
		{ "tgkill", 1, { SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()) } },
		{ "prctl", 1, { SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME) } },
		{ "prctl", 1, { SCMP_A0(SCMP_CMP_EQ, SET_VMA) } },
		/* Its own limits, to read them. */
		{ "prlimit64", 2, { SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0) } },
		/* Datagrams: not the service manager's, nor a container engine's, commands. */
		{ "socket", 2, { SCMP_A0(SCMP_CMP_EQ, AF_UNIX), DATAGRAMS } },
		/* How much inotify has to tell. */
		{ "ioctl", 1, { SCMP_A1(SCMP_CMP_EQ, FIONREAD) } },
		/* Of a descriptor, without a path. */
		{ "utimensat", 1, { SCMP_A1(SCMP_CMP_EQ, 0) } },
	};
	int error = allow_opens(filter);

	if (error == 0)
		error = allow_commands(filter);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits) && error == 0; i++)
		error = add(filter, SCMP_ACT_ALLOW, &limits[i]);
	return error;
}

/* ---- the filter ---- */

static int allow_all(scmp_filter_ctx filter, const struct confinement *confinement)
{
	const struct limit of_device = { "ioctl",
					 1,
					 { SCMP_A1(SCMP_CMP_MASKED_EQ, IOCTL_TYPE, FUSE_DEVICE) } };
	int error = add_all(filter, SCMP_ACT_ALLOW, always);

	if (error == 0)
		error = allow_limited(filter);
	if (error == 0 && confinement->passthrough)
		error = add(filter, SCMP_ACT_ALLOW, &of_device);
	if (error == 0 && confinement->io_uring)
		error = add_all(filter, SCMP_ACT_ALLOW, with_io_uring);
	if (error == 0 && confinement->unmounts)
		error = add_all(filter, SCMP_ACT_ALLOW, to_unmount);
	if (error == 0 && !confinement->privileged)
		error = add_all(filter, SCMP_ACT_ALLOW, by_path);
	if (error == 0 && !confinement->privileged)
		error = add(filter, SCMP_ACT_ALLOW,
			    &(const struct limit){ "utimensat", 0, { { 0 } } });
	return error;
}

static int deny(scmp_filter_ctx filter, const struct confinement *confinement)
{
	const struct limit times_by_path = { "utimensat", 1, { SCMP_A1(SCMP_CMP_NE, 0) } };
	const struct limit process = { "clone", 1, { CLONES(0) } };
	int error = add_all(filter, SCMP_ACT_ERRNO(ENOSYS), refused);

	if (error == 0 && confinement->privileged)
		error = add_all(filter, SCMP_ACT_ERRNO(EPERM), by_path);
	if (error == 0 && confinement->privileged)
		error = add(filter, SCMP_ACT_ERRNO(EPERM), &times_by_path);
	if (error == 0)
		error = add(filter, SCMP_ACT_KILL_PROCESS, &process);
	if (error == 0)
		error = add_all(filter, SCMP_ACT_KILL_PROCESS, never);
	return error;
}

/* What becomes of a call that is not known here. Tests want to hear of it. */
static uint32_t action_for_unknown(const struct confinement *confinement)
{
	const char *wanted = getenv("SHMFUSE_SECCOMP");

	if (confinement->debug)
		return SCMP_ACT_LOG;
	if (wanted != NULL && strcmp(wanted, "kill") == 0)
		return SCMP_ACT_KILL_PROCESS;
	return SCMP_ACT_ERRNO(ENOSYS);
}

static int fill(scmp_filter_ctx filter, const struct confinement *confinement)
{
	int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	/* Which error it is; a tree in the place of a list; and no slower than
	 * before: no foreign code runs here, to be kept from speculation. */
	seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (error == 0)
		error = allow_all(filter, confinement);
	if (error == 0 && !confinement->debug)
		error = deny(filter, confinement);
	return error;
}

int system_calls_limit(const struct confinement *confinement)
{
	scmp_filter_ctx filter;
	int error;

	if (sizeof(long) < 8)
		return 0;
	filter = seccomp_init(action_for_unknown(confinement));
	if (filter == NULL)
		return -ENOMEM;
	error = fill(filter, confinement);
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}
