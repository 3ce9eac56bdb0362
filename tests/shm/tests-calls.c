/* SPDX-License-Identifier: MIT */
/*
 * What the library asks of the system, and what it makes of the answers that
 * cannot be had at will: the program's own shm_open(), close() and so on stand
 * before the C library's. They count their calls, fail when told to, and pass
 * the others on.
 */
#include <dlfcn.h>
#include <signal.h>

#include "helpers.h"

static struct {
	int calls;
	int failures; /* how many of the next calls fail */
	int error;    /* with this */
} system_call;

static void fail_next(int failures, int error)
{
	system_call.calls = 0;
	system_call.failures = failures;
	system_call.error = error;
}

static gboolean fails(void)
{
	system_call.calls++;
	if (system_call.failures == 0)
		return FALSE;
	system_call.failures--;
	errno = system_call.error;
	return TRUE;
}

/* The C library's function behind ours. */
#define PASS_ON(symbol, type, ...) \
	G_STMT_START \
	{ \
		type real; \
		*(void **)&real = dlsym(RTLD_NEXT, symbol); \
		return real(__VA_ARGS__); \
	} \
	G_STMT_END

typedef int open_function(const char *, int, mode_t);
typedef int unlink_function(const char *);
typedef int fd_function(int);
typedef int truncate_function(int, off_t);
typedef int mode_function(int, mode_t);
typedef int owner_function(int, uid_t, gid_t);
typedef int times_function(int, const struct timespec[2]);

static mode_t made_with;
static gboolean always_too_late;

int shm_open(const char *name, int oflag, mode_t mode)
{
	made_with = mode;
	if (always_too_late)
		system_call.error = oflag & O_EXCL ? EEXIST : ENOENT;
	if (fails())
		return -1;
	PASS_ON("shm_open", open_function *, name, oflag, mode);
}

int shm_unlink(const char *name)
{
	if (fails())
		return -1;
	PASS_ON("shm_unlink", unlink_function *, name);
}

int close(int fd)
{
	if (fails())
		return -1;
	PASS_ON("close", fd_function *, fd);
}

int ftruncate(int fd, off_t len)
{
	if (fails())
		return -1;
	PASS_ON(dlsym(RTLD_NEXT, "ftruncate64") ? "ftruncate64" : "ftruncate", truncate_function *,
		fd, len);
}

int fchmod(int fd, mode_t mode)
{
	if (fails())
		return -1;
	PASS_ON("fchmod", mode_function *, fd, mode);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	if (fails())
		return -1;
	PASS_ON("fchown", owner_function *, fd, uid, gid);
}

int futimens(int fd, const struct timespec times[2])
{
	if (fails())
		return -1;
	PASS_ON("futimens", times_function *, fd, times);
}

/* Says nothing of memory: the tests ask for none. Returns the error. */
static gboolean signals_blocked;

int posix_fallocate(int fd, off_t off, off_t len)
{
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	signals_blocked = sigismember(&mask, SIGALRM) && sigismember(&mask, SIGINT);
	return fails() ? system_call.error : 0;
}

/* ---- no call before the checks ---- */

static void test_bad_arguments_make_no_system_call(void)
{
	g_autofree char *too_long = g_strdup_printf("/%0300d", 0);
	struct pshm_mapping mapping;
	struct pshm_how bad = { .oflag = O_APPEND };
	struct pshm_how good = { .oflag = PSHM_RDWR, .if_missing = PSHM_MISSING_CREATE };

	fail_next(0, 0);
	assert_fails(pshm_open("a", PSHM_RDWR, 0), EINVAL);
	assert_fails(pshm_open(too_long, PSHM_RDWR, 0), ENAMETOOLONG);
	assert_fails(pshm_open("/a", O_WRONLY, 0), EINVAL);
	assert_fails(pshm_create("/a/b", PSHM_RDWR, 0), EINVAL);
	assert_fails(pshm_open_how("/a", &bad), EINVAL);
	assert_fails(pshm_open_how("/.", &good), EINVAL);
	assert_fails(pshm_map_open(&mapping, "/..", &good, 1), EINVAL);
	assert_fails(pshm_unlink(too_long), ENAMETOOLONG);
	g_assert_cmpint(system_call.calls, ==, 0);
}

/* ---- interrupted calls ---- */

static void test_interrupted_open_is_begun_again(void)
{
	AUTO_NAME name = unique_name();

	fail_next(3, EINTR);

	AUTO_FD fd = pshm_open(name, PSHM_RDWR | PSHM_CREAT, 0600);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(system_call.calls, ==, 4);
}

static void test_interrupted_unlink_is_begun_again(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "");

	fail_next(3, EINTR);
	assert_ok(pshm_unlink(name));
	g_assert_cmpint(system_call.calls, ==, 4);
}

static void test_interrupted_setting_is_begun_again(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	fail_next(3, EINTR);
	assert_ok(pshm_ftruncate(fd, 1));
	fail_next(3, EINTR);
	assert_ok(pshm_fchmod(fd, 0644));
	fail_next(3, EINTR);
	assert_ok(pshm_fchown(fd, (uid_t)-1, (gid_t)-1));
	fail_next(3, EINTR);
	assert_ok(pshm_futimens(fd, NULL));
	g_assert_cmpint(system_call.calls, ==, 4);
}

static void test_interrupted_close_is_done(void)
{
	fail_next(1, EINTR);
	assert_ok(pshm_close(12345));
	g_assert_cmpint(system_call.calls, ==, 1);
}

static void test_failed_close_is_not_done_again(void)
{
	fail_next(1, EIO);
	assert_fails(pshm_close(12345), EIO);
	g_assert_cmpint(system_call.calls, ==, 1);
}

static void test_interrupted_allocation_goes_on_without_signals(void)
{
	fail_next(0, 0);
	assert_ok(pshm_allocate(-1, 0, 1));
	g_assert_false(signals_blocked);

	fail_next(3, EINTR);
	assert_ok(pshm_allocate(-1, 0, 1));
	g_assert_cmpint(system_call.calls, ==, 4);
	g_assert_true(signals_blocked);
}

static void test_signals_are_back_after_an_allocation(void)
{
	sigset_t mask;

	fail_next(1, EINTR);
	assert_ok(pshm_allocate(-1, 0, 1));
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	g_assert_false(sigismember(&mask, SIGALRM));
}

static void test_failed_allocation_sets_errno(void)
{
	fail_next(1, ENOSPC);
	assert_fails(pshm_allocate(-1, 0, 1), ENOSPC);
}

/* ---- attempts ---- */

static void test_anonymous_tries_100_names(void)
{
	fail_next(1000, EEXIST);
	assert_fails(pshm_anonymous(0600, 0), EEXIST);
	g_assert_cmpint(system_call.calls, ==, 100);
}

static void test_anonymous_tries_as_many_names_as_told(void)
{
	fail_next(1000, EEXIST);
	assert_fails(pshm_anonymous(0600, 7), EEXIST);
	g_assert_cmpint(system_call.calls, ==, 7);
}

static void test_anonymous_succeeds_at_the_last_attempt(void)
{
	fail_next(99, EEXIST);

	AUTO_FD fd = pshm_anonymous(0600, 0);

	g_assert_cmpint(fd, >=, 0);
}

static void test_anonymous_stops_at_other_errors(void)
{
	fail_next(1000, EMFILE);
	assert_fails(pshm_anonymous(0600, 0), EMFILE);
	g_assert_cmpint(system_call.calls, ==, 1);
}

static void test_anonymous_name_opens_to_nobody(void)
{
	fail_next(0, 0);

	AUTO_FD fd = pshm_anonymous(0666, 0);

	g_assert_cmpuint(made_with, ==, 0);
	g_assert_cmpuint(mode_of(fd), ==, 0666);
}

static void test_create_is_made_with_no_more_rights(void)
{
	AUTO_NAME name = unique_name();

	fail_next(0, 0);

	AUTO_FD fd = pshm_create(name, PSHM_RDWR, 0640);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpuint(made_with, ==, 0640);
}

/* Whenever the library looks there is none, whenever it creates there is one. */
static void test_races_lost_for_ever_end_in_eagain(void)
{
	struct pshm_how how = { .oflag = PSHM_RDWR, .if_missing = PSHM_MISSING_CREATE };

	fail_next(1000, 0);
	always_too_late = TRUE;
	assert_fails(pshm_open_how("/a", &how), EAGAIN);
	always_too_late = FALSE;
	g_assert_cmpint(system_call.calls, ==, 2 * PSHM_ATTEMPTS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("calls", bad_arguments_make_no_system_call);
	add("calls", interrupted_open_is_begun_again);
	add("calls", interrupted_unlink_is_begun_again);
	add("calls", interrupted_setting_is_begun_again);
	add("calls", interrupted_close_is_done);
	add("calls", failed_close_is_not_done_again);
	add("calls", interrupted_allocation_goes_on_without_signals);
	add("calls", signals_are_back_after_an_allocation);
	add("calls", failed_allocation_sets_errno);
	add("calls", anonymous_tries_100_names);
	add("calls", anonymous_tries_as_many_names_as_told);
	add("calls", anonymous_succeeds_at_the_last_attempt);
	add("calls", anonymous_stops_at_other_errors);
	add("calls", anonymous_name_opens_to_nobody);
	add("calls", create_is_made_with_no_more_rights);
	add("calls", races_lost_for_ever_end_in_eagain);
	return g_test_run();
}
