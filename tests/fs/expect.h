/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the mount say: calls that succeed or fail with one errno,
 * contents, two sides that agree, and children that act as other users.
 * A statement that does not hold ends the process that made it (abort), and
 * with it the test.
 */
#pragma once

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The value of a call that must not return -1. */
#define ok(call) expect_ok((call), #call, __FILE__, __LINE__)

/* A call that must return -1 with this errno. */
#define fails(error, call) expect_errno((error), (call), #call, __FILE__, __LINE__)

long expect_ok(long result, const char *call, const char *file, int line);
void expect_errno(int error, long result, const char *call, const char *file, int line);

/* Waits until a condition holds; after 20 seconds the test has failed. What
 * follows is done between two looks: a semicolon, or a block. */
#define wait_until(condition)                                                          \
	for (gint64 end_ = g_get_monotonic_time() + 20 * G_USEC_PER_SEC; !(condition); \
	     pause_before(end_, #condition, __FILE__, __LINE__))
void pause_before(gint64 end, const char *condition, const char *file, int line);

/* Of a variable of the environment, where it is set. */
unsigned long number_from(const char *variable, unsigned long otherwise);

/* errno of a call, 0 where it succeeded: for results that two sides share. */
static inline int error_of(long result)
{
	return result == -1 ? errno : 0;
}

/* The result of a call on a descriptor, which goes. errno stays. */
static inline long done(int fd, long result)
{
	const int error = errno;

	close(fd);
	errno = error;
	return result;
}

/* Both paths (or descriptors) show the same object: number, type and mode,
 * owner, links, size, blocks and times. Directories are not compared by
 * number, size and links, which no object has. */
#define same_stat(a, b)	  expect_same_stat((a), (b), __FILE__, __LINE__)
#define same_fstat(fd, b) expect_same_fstat((fd), (b), __FILE__, __LINE__)
void expect_same_stat(const char *a, const char *b, const char *file, int line);
void expect_same_fstat(int fd, const char *b, const char *file, int line);

struct stat stat_of(const char *path);
struct stat fstat_of(int fd);
bool exists(const char *path);
/* Whether what is made now has a later time of birth: that moves in the kernel's ticks. */
bool later_than(const char *path);

/* A descriptor that must be had. What is made has mode 0644. */
int open_at(const char *path, int oflag);

/* Whole contents as text. put() creates or replaces (mode 0644). */
void put(const char *path, const char *text);
void put_new(const char *path, mode_t mode, uid_t uid, gid_t gid);
#define has_text(path, text) expect_text((path), (text), __FILE__, __LINE__)
void expect_text(const char *path, const char *text, const char *file, int line);
char *get(const char *path);

/* The names in a directory but "." and "..": how many, a sorted list of them, and that
 * with a space after each: "a b ". */
unsigned count_names(const char *dir);
char **list_of(const char *dir);
char *names_in(const char *dir);
#define has_names(dir, names) expect_names((dir), (names), __FILE__, __LINE__)
void expect_names(const char *dir, const char *names, const char *file, int line);

/* Bytes that differ from place to place and from seed to seed. */
void fill_pattern(void *buf, size_t len, unsigned seed);

/* A block that runs as another user, in a child that must end well:
 *     AS_USER (1000, 1000) fails(EACCES, open(path, O_RDONLY));
 * supplementary groups: none, or the one of AS_MEMBER. */
#define AS_USER(uid, gid) AS_MEMBER (uid, gid, (gid_t)-1)
#define AS_MEMBER(uid, gid, group)                                             \
	for (bool G_PASTE(child_, __LINE__) = child_as((uid), (gid), (group)); \
	     G_PASTE(child_, __LINE__); G_PASTE(child_, __LINE__) = child_exit())
bool child_as(uid_t uid, gid_t gid, gid_t group);
_Noreturn bool child_exit(void);

/* A descriptor, for setns(2), of a new user namespace in which ids 0 to 65535 are
 * those from uid, and gid, on. */
int user_namespace(uid_t uid, gid_t gid);

/* A block that runs in a child of its own, at the same time:
 *     CHILD (pid) { ... }   ends_well(pid); */
#define CHILD(pid)                                                            \
	for (bool G_PASTE(child_, __LINE__) = (pid = (pid_t)ok(fork())) == 0; \
	     G_PASTE(child_, __LINE__); G_PASTE(child_, __LINE__) = child_exit())
void ends_well(pid_t pid);
/* Waits until the child is asleep in a system call. */
void falls_asleep(pid_t pid);
/* Stops a process as SIGSTOP does, which kill(2) does not wait for: all its threads
 * have stopped then. */
void stop(pid_t pid);
/* How many wait for locks on the object, natively or by way of a daemon. */
unsigned waiters_of(const char *path);

/* A shell script that must exit 0; what follows it is its "$1", "$2". The
 * environment names the fixture's directories: MNT, SHM, PLAIN and VIEW. */
#define sh(...) run_script((const char *const[]){ __VA_ARGS__, NULL })
void run_script(const char *const script_and_arguments[]);
/* The same; gives what it wrote to its standard output. */
#define sh_output(...) output_of_script((const char *const[]){ __VA_ARGS__, NULL })
char *output_of_script(const char *const script_and_arguments[]);
