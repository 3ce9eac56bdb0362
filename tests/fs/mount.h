/* SPDX-License-Identifier: MIT */
/*
 * A mount for each test. A test case runs in a mount namespace and a process
 * namespace of its own: it sees none of the machine's objects, and whatever it
 * starts or mounts ends with it, also when it fails or hangs.
 *
 * The test's body runs in a process below the one that mounts. When the body
 * has ended, the case unmounts. The daemon, and any that the body has put in its
 * place and not waited for, must then exit with 0; they must have written nothing
 * to their standard error, or what the test says.
 *
 * A test runs as /mapped/... and /passthrough/..., by /dev/fuse, and, if the
 * program's tests ask for it, as /uring/...: passthrough and io_uring.
 */
#pragma once

#include "expect.h"

#define SHM   "/dev/shm"   /* the objects natively: a tmpfs of the test's own */
#define MNT   "/run/mnt"   /* the same objects through the daemon */
#define PLAIN "/run/plain" /* an empty directory on another tmpfs, mode 1777 */
#define VIEW  "/run/view"  /* for a second mount, which the body makes */

enum data_paths {
	EVERY_PATH,
	ONLY_MAPPED,
	ONLY_PASSTHROUGH,
	NO_MOUNT, /* the body itself starts the daemons that it needs */
};

struct mount_test {
	const char *name;
	void (*run)(void);
	enum data_paths paths;
	const char *options;	 /* more of the daemon's -o, or NULL */
	const char *shm_options; /* of the tmpfs at SHM, as "size=1m"; or NULL */
	const char *needs;	 /* a program without which the test is skipped, or NULL */
	const char *says;	 /* what the daemon must write to standard error (with * and ?) */
};

/* One test in a table: named as its function. */
#define TEST(function) .name = #function, .run = function

/* main() of a test program: each test is /PATH/group/name. */
int run_mount_tests(int argc, char **argv, const char *group, const struct mount_test *tests,
		    size_t n_tests);
/* The same, and by io_uring too where the kernel lets FUSE use it (scripts/test
 * --io-uring switches that on). */
int run_transport_tests(int argc, char **argv, const char *group, const struct mount_test *tests,
			size_t n_tests);

/* The data path that the running test has: "passthrough" or "mapped". */
bool on_passthrough(void);
/* "data=passthrough,io_uring=on" and the like, for a daemon as the running test has it. */
const char *options_of_path(void);

/* The daemon that has MNT, in a test that has it from the start. */
pid_t daemon_of_test(void);

/* In a body: the rest cannot run here. */
_Noreturn void skip_test(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* The program under test, as the environment names it. */
const char *shmfuse_path(void);

/* Starts `shmfuse -f -o OPTIONS MNT` and waits until it has mounted. The fixture ends
 * it. */
pid_t daemon_start(const char *options);
/* Ends the fixture's daemon and starts one in its place, with the environment
 * and the limits of the moment, and more options or NULL. The fixture ends it. */
pid_t daemon_anew(const char *options);
/* As daemon_start() on VIEW, with the running test's data path. */
pid_t view_start(const char *options);
/* Unmounts it; the daemon must end well. */
void view_end(pid_t daemon);
/* Waits for its end; gives the wait status. */
int daemon_status(pid_t daemon);
/* How many descriptors ("fd") or threads ("task") a process has. */
int process_has(pid_t pid, const char *what);
/* A moment after the last close(2), and when what was held is let go of. */
void descriptors_come_back(pid_t pid, int count);
/* How many threads of a daemon serve requests, and how many do at most. */
int workers_of(pid_t daemon);
#define MOST_WORKERS 10
/* What daemons have written to their standard error so far. */
char *daemon_stderr(void);

/* Runs `shmfuse ARGUMENTS` (a shell's words) to its end; gives its exit code.
 * Its output is in the files RUN_OUT and RUN_ERR. */
#define RUN_OUT "/run/out"
#define RUN_ERR "/run/err"
int run_shmfuse(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Whether something is mounted right at path. */
bool is_mounted(const char *path);
/* Unmounts MNT; waits while the kernel still calls it busy. */
void unmount(void);
void unmount_at(const char *mountpoint);
/* On MNT, by fusermount3: with a name, which that wants, and the device for everybody. */
void let_user_1000_mount(void);
