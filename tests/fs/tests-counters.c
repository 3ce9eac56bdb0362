/* SPDX-License-Identifier: MIT */
/* What SIGUSR1 writes to the log: requests by kind, errors, times. */
#include "mount.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#define BEGIN "shmfuse: counters: requests="

static unsigned count_of(const char *text, const char *word)
{
	unsigned count = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		count++;
	}
	return count;
}

static bool is_said(char **said, unsigned reports)
{
	g_free(*said);
	*said = daemon_stderr();
	return count_of(*said, BEGIN) >= reports;
}

/* Sends the signal; waits for the beginning of what it gives. Returns all that the
 * daemon has said. */
static char *ask(void)
{
	g_autofree char *before = daemon_stderr();
	const unsigned reports = count_of(before, BEGIN);
	char *said = NULL;

	ok(kill(daemon_of_test(), SIGUSR1));
	wait_until (is_said(&said, reports + 1))
		;
	return said;
}

/* One report, which is whole when the next one begins. */
static char *report(void)
{
	g_autofree char *first = ask();
	g_autofree char *both = ask();
	char *begin = both;

	for (unsigned i = count_of(first, BEGIN); i > 1; i--)
		begin = strstr(begin, BEGIN) + 1;
	begin = strstr(begin, BEGIN);
	*strstr(begin + 1, BEGIN) = '\0';
	return g_strdup(begin);
}

static bool is_as_before(char **said)
{
	g_autofree char *before = *said;

	*said = report();
	return strcmp(strchr(before, '\n'), strchr(*said, '\n')) == 0;
}

/* When what the kernel asks for late, as RELEASE, has come: no count changes between two
 * lines. */
static char *report_at_rest(void)
{
	char *said = report();

	wait_until (is_as_before(&said))
		;
	return said;
}

/* Of "kind ... word=N ...": N; 0 where there is none. */
static long long number(const char *report, const char *kind, const char *word)
{
	g_autofree char *begin = g_strdup_printf("shmfuse: counters: %s ", kind);
	g_autofree char *assignment = g_strdup_printf(" %s=", word);
	g_auto(GStrv) lines = g_strsplit(report, "\n", -1);

	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, begin) && strstr(*line, assignment))
			return atoll(strstr(*line, assignment) + strlen(assignment));
	return 0;
}

struct expected {
	const char *kind, *word;
	long long more;
};

static void differ(const char *before, const char *after, const struct expected *expected, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct expected *e = &expected[i];
		const long long more =
			number(after, e->kind, e->word) - number(before, e->kind, e->word);

		if (more != e->more)
			g_error("%s %s: %lld more, not %lld:\n%s%s", e->kind, e->word, more,
				e->more, before, after);
	}
}

static void calls_are_counted_by_kind(void)
{
	static const struct expected expected[] = {
		{ "MKDIR", "requests", 3 },  { "MKDIR", "errors", 0 },
		{ "RMDIR", "requests", 2 },  { "RMDIR", "errors", 1 },
		{ "RMDIR", "ENOTEMPTY", 1 }, { "SYMLINK", "requests", 4 },
		{ "SYMLINK", "errors", 4 },  { "SYMLINK", "EPERM", 4 },
		{ "CREATE", "requests", 2 }, { "CREATE", "errors", 0 },
		{ "OPEN", "requests", 6 },   { "OPEN", "errors", 0 },
		{ "STATFS", "requests", 1 }, { "LOOKUP", "ENOENT", 3 + 4 + 2 + 7 },
		{ "INIT", "requests", 0 },
	};
	g_autofree char *before = NULL, *after = NULL;
	struct stat st;

	before = report();
	g_assert_cmpint(number(before, "INIT", "requests"), ==, 1);
	ok(mkdir(MNT "/a", 0755));
	ok(mkdir(MNT "/b", 0755));
	ok(mkdir(MNT "/b/c", 0755));
	ok(rmdir(MNT "/a"));
	fails(ENOTEMPTY, rmdir(MNT "/b"));
	for (int i = 0; i < 4; i++)
		fails(EPERM, symlink("x", MNT "/link"));
	close(ok(open(MNT "/f", O_RDWR | O_CREAT, 0600)));
	close(ok(open(MNT "/g", O_RDWR | O_CREAT, 0600)));
	for (int i = 0; i < 6; i++)
		close(ok(open(MNT "/f", O_RDONLY)));
	for (int i = 0; i < 7; i++)
		fails(ENOENT, stat(MNT "/missing", &st));
	ok(statvfs(MNT, &(struct statvfs){ 0 }));
	after = report();
	differ(before, after, expected, G_N_ELEMENTS(expected));
}

/* On the passthrough path the kernel reads and writes by itself. */
static void reads_and_writes_are_those_of_the_daemon(void)
{
	const bool mapped = !on_passthrough();
	const struct expected expected[] = {
		{ "WRITE", "requests", mapped ? 9 : 0 },
		{ "READ", "requests", mapped ? 5 : 0 },
		{ "READ", "errors", 0 },
	};
	g_autofree char *before = NULL, *after = NULL;
	char text[4];
	int fd;

	before = report();
	fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));
	for (int i = 0; i < 9; i++)
		g_assert_cmpint(ok(pwrite(fd, "text", 4, 0)), ==, 4);
	for (int i = 0; i < 5; i++)
		g_assert_cmpint(ok(pread(fd, text, 4, 0)), ==, 4);
	after = report();
	differ(before, after, expected, G_N_ELEMENTS(expected));
	close(fd);
}

static void the_first_line_is_the_sum(void)
{
	g_autofree char *said = NULL;
	g_auto(GStrv) lines = NULL;
	long long requests = 0, errors = 0;

	put(MNT "/a", "text");
	fails(ENOENT, unlink(MNT "/missing"));
	said = report_at_rest();
	lines = g_strsplit(said, "\n", -1);
	for (char **line = &lines[1]; *line; line++) {
		long long n[2];

		if (sscanf(*line, "shmfuse: counters: %*s requests=%lld errors=%lld", &n[0],
			   &n[1]) == 2) {
			requests += n[0];
			errors += n[1];
		}
	}
	g_assert_cmpint(requests, >, 5);
	g_assert_cmpint(errors, >, 0);
	g_assert_cmpint(atoll(lines[0] + strlen(BEGIN)), ==, requests);
	g_assert_cmpint(atoll(strstr(lines[0], "errors=") + 7), ==, errors);
}

static void times_are_ordered(void)
{
	static const char *const kinds[] = { "LOOKUP", "GETATTR", "CREATE", "INIT" };
	g_autofree char *said = NULL;
	g_auto(GStrv) lines = NULL;
	unsigned seen = 0;

	for (int i = 0; i < 100; i++)
		put(MNT "/a", "text");
	said = report_at_rest();
	lines = g_strsplit(said, "\n", -1);
	for (char **line = lines; *line; line++) {
		const char *times = strstr(*line, " mean=");
		double mean, half, most, max;

		if (times == NULL)
			continue;
		g_assert_cmpint(sscanf(times, " mean=%lfus p50<%lfus p99<%lfus max=%lfus", &mean,
				       &half, &most, &max),
				==, 4);
		g_assert_true(mean > 0 && mean <= max && half <= most);
		/* Powers of two: less than twice the longest. */
		g_assert_true(most < 2 * max + 1);
		for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
			g_autofree char *pattern =
				g_strdup_printf("shmfuse: counters: %s *", kinds[i]);

			seen += g_pattern_match_simple(pattern, *line);
		}
	}
	g_assert_cmpuint(seen, ==, G_N_ELEMENTS(kinds));
}

static bool is_waited(char **said)
{
	g_free(*said);
	*said = report();
	return number(*said, "SETLKW", "waiting") == 1;
}

static char *report_of_a_wait(void)
{
	char *said = NULL;

	wait_until (is_waited(&said))
		;
	return said;
}

static void waits_for_locks_are_counted_apart(void)
{
	static const struct expected waiting[] = {
		{ "SETLKW", "requests", 2 },
		{ "SETLKW", "waits", 1 },
		{ "SETLKW", "waiting", 1 },
	};
	static const struct expected over[] = {
		{ "SETLKW", "requests", 1 }, /* to unlock */
		{ "SETLKW", "waits", 0 },
		{ "SETLKW", "waiting", -1 },
		{ "SETLKW", "errors", 0 },
	};
	g_autofree char *before = NULL, *meanwhile = NULL, *after = NULL;
	pid_t pid;
	int fd;

	before = report();
	fd = ok(open(MNT "/a", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	ok(flock(fd, LOCK_EX));
	CHILD (pid)
		ok(flock((int)ok(open(MNT "/a", O_RDWR)), LOCK_EX));
	meanwhile = report_of_a_wait();
	differ(before, meanwhile, waiting, G_N_ELEMENTS(waiting));
	ok(flock(fd, LOCK_UN));
	ends_well(pid);
	after = report();
	differ(meanwhile, after, over, G_N_ELEMENTS(over));
	close(fd);
}

static pid_t start_waiting(void)
{
	pid_t pid = (pid_t)ok(fork());

	if (pid == 0) {
		ok(flock((int)ok(open(MNT "/a", O_RDWR)), LOCK_EX));
		pause();
	}
	g_free(report_of_a_wait());
	return pid;
}

static void an_interrupted_wait_is_an_error(void)
{
	g_autofree char *after = NULL;
	pid_t pid;
	int fd;

	fd = ok(open(MNT "/a", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	ok(flock(fd, LOCK_EX));
	pid = start_waiting();
	ok(kill(pid, SIGKILL));
	g_assert_cmpint(daemon_status(pid), ==, SIGKILL);
	after = report();
	g_assert_cmpint(number(after, "SETLKW", "waiting"), ==, 0);
	g_assert_cmpint(number(after, "SETLKW", "EINTR"), ==, 1);
	close(fd);
}

/* The wait may be over when it comes. */
static void an_interrupt_that_comes_late_is_no_answer(void)
{
	enum { ROUNDS = 50 };
	g_autofree char *after = NULL;
	int fd;

	fd = ok(open(MNT "/a", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid;

		ok(flock(fd, LOCK_EX));
		pid = start_waiting();
		ok(kill(pid, SIGKILL));
		ok(flock(fd, LOCK_UN));
		g_assert_cmpint(daemon_status(pid), ==, SIGKILL);
	}
	after = report();
	/* More: our own may have had to wait for the lock of one that was killed. */
	g_assert_cmpint(number(after, "SETLKW", "waits"), >=, ROUNDS);
	g_assert_cmpint(number(after, "SETLKW", "waiting"), ==, 0);
	g_assert_cmpint(number(after, "SETLKW", "EAGAIN"), ==, 0);
	close(fd);
}

/* Calls go on under them, and the end is as good as without. */
static void many_signals_do_no_harm(void)
{
	pid_t daemon, signals, calls;

	unmount();
	daemon = daemon_start(options_of_path());
	signals = (pid_t)ok(fork());
	if (signals == 0)
		for (;; g_usleep(100))
			kill(daemon, SIGUSR1);
	CHILD (calls)
		for (int i = 0; i < 100; i++)
			put(MNT "/a", "text");
	ends_well(calls);
	ok(kill(daemon, SIGTERM));
	g_assert_cmpint(daemon_status(daemon), ==, 0);
	ok(kill(signals, SIGKILL));
	g_assert_cmpint(daemon_status(signals), ==, SIGKILL);
	daemon_start(options_of_path());
}

#define SAYS .says = "*"

static const struct mount_test tests[] = {
	{ TEST(calls_are_counted_by_kind), SAYS },
	{ TEST(reads_and_writes_are_those_of_the_daemon), SAYS },
	{ TEST(the_first_line_is_the_sum), SAYS },
	{ TEST(times_are_ordered), SAYS },
	{ TEST(waits_for_locks_are_counted_apart), SAYS },
	{ TEST(an_interrupted_wait_is_an_error), SAYS },
	{ TEST(an_interrupt_that_comes_late_is_no_answer), SAYS },
	{ TEST(many_signals_do_no_harm), SAYS },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "counters", tests, G_N_ELEMENTS(tests));
}
