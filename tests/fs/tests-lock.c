/* SPDX-License-Identifier: MIT */
/* Locks: those taken through the mount and those taken natively are one kind. */
#include "mount.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

enum kind { FLOCK, POSIX, OFD, N_KINDS };

static struct flock whole(int type)
{
	return (struct flock){ .l_type = (short)type, .l_whence = SEEK_SET };
}

/* type is F_RDLCK, F_WRLCK or F_UNLCK. Returns -1 and errno. */
static int lock(enum kind kind, int fd, int type, bool wait)
{
	struct flock range = whole(type);

	if (kind == FLOCK)
		return flock(fd, (type == F_UNLCK   ? LOCK_UN
				  : type == F_RDLCK ? LOCK_SH
						    : LOCK_EX) |
					 (wait ? 0 : LOCK_NB));
	if (kind == POSIX)
		return fcntl(fd, wait ? F_SETLKW : F_SETLK, &range);
	return fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &range);
}

static int open_it(const char *path)
{
	return ok(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

/* What another process meets that tries for the lock. */
static int error_elsewhere(enum kind kind, const char *path, int type)
{
	pid_t pid = ok(fork());
	int status;

	if (pid == 0)
		_exit(error_of(lock(kind, open_it(path), type, false)));
	ok(waitpid(pid, &status, 0));
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void is_locked(enum kind kind, const char *path, int type)
{
	int error = error_elsewhere(kind, path, type);

	if (error != EAGAIN && error != EACCES)
		g_error("kind %d on %s: expected a conflict, got \"%s\"", kind, path,
			g_strerror(error));
}

static void is_free(enum kind kind, const char *path, int type)
{
	int error = error_elsewhere(kind, path, type);

	if (error != 0)
		g_error("kind %d on %s: expected no conflict, got \"%s\"", kind, path,
			g_strerror(error));
}

/* Both ways, and between two users of the mount. */
static const char *const sides[][2] = { { MNT "/a", SHM "/a" },
					{ SHM "/a", MNT "/a" },
					{ MNT "/a", MNT "/a" } };

/* Says a statement for each kind of lock and each pair of sides. */
static void for_every_lock(void (*statement)(enum kind kind, const char *here, const char *there))
{
	for (int kind = 0; kind < N_KINDS; kind++)
		for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
			put(SHM "/a", "text");
			statement((enum kind)kind, sides[i][0], sides[i][1]);
			ok(unlink(SHM "/a"));
		}
}

static void conflict(enum kind kind, const char *here, const char *there)
{
	int fd = open_it(here);

	ok(lock(kind, fd, F_WRLCK, false));
	is_locked(kind, there, F_WRLCK);
	is_locked(kind, there, F_RDLCK);
	ok(lock(kind, fd, F_RDLCK, false));
	is_locked(kind, there, F_WRLCK);
	is_free(kind, there, F_RDLCK);
	ok(lock(kind, fd, F_UNLCK, false));
	is_free(kind, there, F_WRLCK);
	close(fd);
}

static void locks_exclude_the_other_side(void)
{
	for_every_lock(conflict);
}

static void close_releases(enum kind kind, const char *here, const char *there)
{
	int fd = open_it(here), copy = dup(fd);

	ok(lock(kind, fd, F_WRLCK, false));
	ok(close(copy));
	if (kind != POSIX)
		is_locked(kind, there, F_RDLCK);
	ok(close(fd));
	wait_until (error_elsewhere(kind, there, F_WRLCK) == 0)
		;
}

static void closing_releases(void)
{
	for_every_lock(close_releases);
}

static void death_releases(enum kind kind, const char *here, const char *there)
{
	int ready[2];
	pid_t pid;
	char c;

	ok(pipe(ready));
	CHILD (pid) {
		ok(lock(kind, open_it(here), F_WRLCK, false));
		ok(write(ready[1], "", 1));
		pause();
	}
	ok(read(ready[0], &c, 1));
	is_locked(kind, there, F_RDLCK);
	ok(kill(pid, SIGKILL));
	ok(waitpid(pid, NULL, 0));
	wait_until (error_elsewhere(kind, there, F_WRLCK) == 0)
		;
}

static void the_death_of_the_holder_releases(void)
{
	for_every_lock(death_releases);
}

static void wait_is_granted(enum kind kind, const char *here, const char *there)
{
	int fd = open_it(here);
	pid_t waiter;

	ok(lock(kind, fd, F_WRLCK, false));
	CHILD (waiter) {
		close(fd);
		ok(lock(kind, open_it(there), F_WRLCK, true));
	}
	wait_until (waiters_of(SHM "/a") == 1)
		;
	g_assert_cmpint(waitpid(waiter, NULL, WNOHANG), ==, 0);
	ok(lock(kind, fd, F_UNLCK, false));
	ends_well(waiter);
	close(fd);
}

static void waiting_ends_when_the_holder_unlocks(void)
{
	for_every_lock(wait_is_granted);
}

static void ignore_signal(int sig)
{
	(void)sig;
}

static void wait_is_interrupted(enum kind kind, const char *here, const char *there)
{
	int fd = open_it(there);
	pid_t waiter;

	ok(lock(kind, fd, F_WRLCK, false));
	CHILD (waiter) {
		close(fd);
		ok(sigaction(SIGALRM, &(struct sigaction){ .sa_handler = ignore_signal }, NULL));
		fails(EINTR, lock(kind, open_it(here), F_WRLCK, true));
	}
	wait_until (waiters_of(SHM "/a") == 1)
		;
	ok(kill(waiter, SIGALRM));
	ends_well(waiter);
	ok(lock(kind, fd, F_UNLCK, false));
	is_free(kind, here, F_WRLCK);
	close(fd);
}

static void waiting_is_interrupted_by_signals(void)
{
	for_every_lock(wait_is_interrupted);
}

static void wait_is_killed(enum kind kind, const char *here, const char *there)
{
	int fd = open_it(there);
	pid_t waiter;

	ok(lock(kind, fd, F_WRLCK, false));
	CHILD (waiter)
		lock(kind, open_it(here), F_WRLCK, true);
	wait_until (waiters_of(SHM "/a") == 1)
		;
	ok(kill(waiter, SIGKILL));
	ok(waitpid(waiter, NULL, 0));
	ok(lock(kind, fd, F_UNLCK, false));
	wait_until (error_elsewhere(kind, there, F_WRLCK) == 0)
		;
	close(fd);
}

static void waiting_ends_with_the_process(void)
{
	for_every_lock(wait_is_killed);
}

enum { WAITERS = 40 };

static void others_are_served(enum kind kind, const char *here, const char *there)
{
	int fd = open_it(there);
	pid_t waiters[WAITERS];

	ok(lock(kind, fd, F_WRLCK, false));
	for (int i = 0; i < WAITERS; i++)
		CHILD (waiters[i]) {
			int mine = open_it(here);

			close(fd);
			ok(lock(kind, mine, F_WRLCK, true));
			ok(lock(kind, mine, F_UNLCK, false));
		}
	wait_until (waiters_of(SHM "/a") == WAITERS)
		;
	put(MNT "/b", "served");
	has_text(MNT "/b", "served");
	ok(unlink(MNT "/b"));
	ok(lock(kind, fd, F_UNLCK, false));
	for (int i = 0; i < WAITERS; i++)
		ends_well(waiters[i]);
	close(fd);
}

static void many_waiters_keep_nobody_from_being_served(void)
{
	for_every_lock(others_are_served);
}

static void byte_ranges_are_kept_apart(void)
{
	struct flock first = { .l_type = F_WRLCK, .l_len = 10 };
	struct flock second = { .l_type = F_WRLCK, .l_start = 10, .l_len = 10 };
	int mounted = open_it(MNT "/a"), native = open_it(SHM "/a");

	ok(fcntl(mounted, F_OFD_SETLK, &first));
	ok(fcntl(native, F_OFD_SETLK, &second));
	fails(EAGAIN, fcntl(mounted, F_OFD_SETLK, &second));
	fails(EAGAIN, fcntl(native, F_OFD_SETLK, &first));
	first.l_type = F_UNLCK;
	first.l_len = 5;
	ok(fcntl(mounted, F_OFD_SETLK, &first));
	first.l_type = F_WRLCK;
	ok(fcntl(native, F_OFD_SETLK, &first));
	fails(EAGAIN, fcntl(native, F_OFD_SETLK,
			    &(struct flock){ .l_type = F_RDLCK, .l_start = 5, .l_len = 1 }));
}

static void the_holder_is_told(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
		struct flock held = { .l_type = F_WRLCK, .l_start = 100, .l_len = 50 };
		int fd = open_it(sides[i][0]);
		pid_t pid;

		ok(fcntl(fd, F_SETLK, &held));
		CHILD (pid) {
			struct flock query = whole(F_RDLCK);

			ok(fcntl(open_it(sides[i][1]), F_GETLK, &query));
			g_assert_cmpint(query.l_type, ==, F_WRLCK);
			g_assert_cmpint(query.l_start, ==, 100);
			g_assert_cmpint(query.l_len, ==, 50);
			query = (struct flock){ .l_type = F_WRLCK, .l_start = 150 };
			ok(fcntl(open_it(sides[i][1]), F_GETLK, &query));
			g_assert_cmpint(query.l_type, ==, F_UNLCK);
		}
		ends_well(pid);
		close(fd);
	}
}

static void the_holding_process_is_told_on_the_mount(void)
{
	static const char *const holders[] = { MNT "/a", SHM "/a" };

	put(MNT "/a", "");
	for (size_t i = 0; i < G_N_ELEMENTS(holders); i++) {
		struct flock held = whole(F_WRLCK);
		int fd = ok(open(holders[i], O_RDWR));
		pid_t parent = getpid(), pid;

		ok(fcntl(fd, F_SETLK, &held));
		CHILD (pid) {
			struct flock query = whole(F_RDLCK);

			ok(fcntl(ok(open(MNT "/a", O_RDWR)), F_GETLK, &query));
			g_assert_cmpint(query.l_pid, ==, parent);
		}
		ends_well(pid);
		close(fd);
	}
}

static void descriptors_of_one_process_conflict_as_natively(void)
{
	for (int kind = 0; kind < N_KINDS; kind++)
		for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
			bool mixed = !g_str_equal(sides[i][0], sides[i][1]);
			int first = open_it(sides[i][0]), second = open_it(sides[i][1]);
			int error;

			ok(lock((enum kind)kind, first, F_WRLCK, false));
			error = error_of(lock((enum kind)kind, second, F_WRLCK, false));
			/* A process owns its POSIX locks whatever the descriptor; but the
			 * daemon's are another owner's than its own native ones. */
			if (kind != POSIX)
				g_assert_cmpint(error, ==, EAGAIN);
			else if (!mixed)
				g_assert_cmpint(error, ==, 0);
			close(first);
			close(second);
			wait_until (error_elsewhere((enum kind)kind, SHM "/a", F_WRLCK) == 0)
				;
		}
}

static void any_close_releases_the_processs_posix_locks(void)
{
	int fd = open_it(MNT "/a"), other = open_it(MNT "/a");

	ok(lock(POSIX, fd, F_WRLCK, false));
	is_locked(POSIX, SHM "/a", F_RDLCK);
	ok(close(other));
	wait_until (error_elsewhere(POSIX, SHM "/a", F_WRLCK) == 0)
		;
}

static void a_lock_needs_a_fitting_descriptor(void)
{
	int reader, writer;

	put(SHM "/a", "");
	reader = ok(open(MNT "/a", O_RDONLY));
	writer = ok(open(MNT "/a", O_WRONLY));
	fails(EBADF, lock(POSIX, reader, F_WRLCK, false));
	fails(EBADF, lock(OFD, writer, F_RDLCK, false));
	ok(lock(FLOCK, reader, F_WRLCK, false));
}

static void unlinked_objects_are_locked_too(void)
{
	int fd = open_it(MNT "/a"), native = open_it(SHM "/a");

	ok(unlink(MNT "/a"));
	for (int kind = 0; kind < N_KINDS; kind += OFD) {
		ok(lock((enum kind)kind, fd, F_WRLCK, false));
		fails(EAGAIN, lock((enum kind)kind, native, F_WRLCK, false));
	}
}

static void local_locks_stay_within_the_mount(void)
{
	int fd = open_it(MNT "/a");

	for (int kind = 0; kind < N_KINDS; kind++) {
		ok(lock((enum kind)kind, fd, F_WRLCK, false));
		is_free((enum kind)kind, SHM "/a", F_WRLCK);
		is_locked((enum kind)kind, MNT "/a", F_WRLCK);
		ok(lock((enum kind)kind, fd, F_UNLCK, false));
	}
}

static void local_flocks_leave_the_others_shared(void)
{
	int fd = open_it(MNT "/a");

	ok(lock(FLOCK, fd, F_WRLCK, false));
	is_free(FLOCK, SHM "/a", F_WRLCK);
	ok(lock(POSIX, fd, F_WRLCK, false));
	is_locked(POSIX, SHM "/a", F_WRLCK);
}

static const struct mount_test tests[] = {
	{ TEST(locks_exclude_the_other_side) },
	{ TEST(closing_releases) },
	{ TEST(the_death_of_the_holder_releases) },
	{ TEST(waiting_ends_when_the_holder_unlocks) },
	{ TEST(waiting_is_interrupted_by_signals) },
	{ TEST(waiting_ends_with_the_process) },
	{ TEST(many_waiters_keep_nobody_from_being_served) },
	{ TEST(byte_ranges_are_kept_apart) },
	{ TEST(the_holder_is_told) },
	{ TEST(the_holding_process_is_told_on_the_mount) },
	{ TEST(descriptors_of_one_process_conflict_as_natively) },
	{ TEST(any_close_releases_the_processs_posix_locks) },
	{ TEST(a_lock_needs_a_fitting_descriptor) },
	{ TEST(unlinked_objects_are_locked_too) },
	{ TEST(local_locks_stay_within_the_mount), .options = "local_lock=all" },
	{ TEST(local_flocks_leave_the_others_shared), .options = "local_lock=flock" },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "lock", tests, G_N_ELEMENTS(tests));
}
