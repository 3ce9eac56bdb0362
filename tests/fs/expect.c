/* SPDX-License-Identifier: MIT */
#include "expect.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

long expect_ok(long result, const char *call, const char *file, int line)
{
	if (result == -1)
		g_error("%s:%d: %s: %s", file, line, call, g_strerror(errno));
	return result;
}

void expect_errno(int error, long result, const char *call, const char *file, int line)
{
	int got = error_of(result);

	if (got != error)
		g_error("%s:%d: %s: expected \"%s\", got \"%s\"", file, line, call,
			g_strerror(error), got ? g_strerror(got) : "success");
}

void pause_before(gint64 end, const char *condition, const char *file, int line)
{
	if (g_get_monotonic_time() > end)
		g_error("%s:%d: waited in vain for: %s", file, line, condition);
	g_usleep(500);
}

unsigned long number_from(const char *variable, unsigned long otherwise)
{
	const char *value = g_getenv(variable);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

struct stat stat_of(const char *path)
{
	struct stat st;

	ok(lstat(path, &st));
	return st;
}

struct stat fstat_of(int fd)
{
	struct stat st;

	ok(fstat(fd, &st));
	return st;
}

bool exists(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return true;
	g_assert_cmpint(errno, ==, ENOENT);
	return false;
}

bool later_than(const char *path)
{
	int made_now = (int)ok(memfd_create("clock", MFD_CLOEXEC));
	struct statx new, old;

	ok(statx(AT_FDCWD, path, 0, STATX_BTIME, &old));
	ok(statx(made_now, "", AT_EMPTY_PATH, STATX_BTIME, &new));
	close(made_now);
	return new.stx_btime.tv_sec > old.stx_btime.tv_sec ||
	       new.stx_btime.tv_nsec > old.stx_btime.tv_nsec;
}

static char *stat_text(const struct stat *st)
{
	bool dir = S_ISDIR(st->st_mode);

	return g_strdup_printf("mode %o owner %u:%u ino %lu links %lu size %ld blocks %ld "
			       "atime %ld.%09ld mtime %ld.%09ld ctime %ld.%09ld",
			       st->st_mode, st->st_uid, st->st_gid,
			       dir ? 0 : (unsigned long)st->st_ino,
			       dir ? 0 : (unsigned long)st->st_nlink, dir ? 0 : (long)st->st_size,
			       dir ? 0 : (long)st->st_blocks, (long)st->st_atim.tv_sec,
			       st->st_atim.tv_nsec, (long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
			       (long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

static void expect_same(const struct stat *a, const struct stat *b, const char *what,
			const char *file, int line)
{
	g_autofree char *at = stat_text(a), *bt = stat_text(b);

	if (strcmp(at, bt) != 0)
		g_error("%s:%d: %s differ:\n  %s\n  %s", file, line, what, at, bt);
}

void expect_same_stat(const char *a, const char *b, const char *file, int line)
{
	g_autofree char *what = g_strdup_printf("%s and %s", a, b);
	struct stat as = stat_of(a), bs = stat_of(b);

	expect_same(&as, &bs, what, file, line);
}

void expect_same_fstat(int fd, const char *b, const char *file, int line)
{
	g_autofree char *what = g_strdup_printf("descriptor and %s", b);
	struct stat as = fstat_of(fd), bs = stat_of(b);

	expect_same(&as, &bs, what, file, line);
}

int open_at(const char *path, int oflag)
{
	return (int)ok(open(path, oflag | O_CLOEXEC, 0644));
}

void put(const char *path, const char *text)
{
	int fd = open_at(path, O_WRONLY | O_CREAT | O_TRUNC);

	g_assert_cmpint(ok(write(fd, text, strlen(text))), ==, strlen(text));
	ok(close(fd));
}

void put_new(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	int fd = ok(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));

	ok(fchown(fd, uid, gid));
	ok(fchmod(fd, mode));
	ok(close(fd));
}

char *get(const char *path)
{
	GString *text = g_string_new(NULL);
	int fd = open_at(path, O_RDONLY);
	char buf[4096];
	ssize_t n;

	while ((n = ok(read(fd, buf, sizeof buf))) > 0)
		g_string_append_len(text, buf, n);
	ok(close(fd));
	return g_string_free(text, FALSE);
}

void expect_text(const char *path, const char *text, const char *file, int line)
{
	g_autofree char *got = get(path);

	if (strcmp(got, text) != 0)
		g_error("%s:%d: %s: expected \"%s\", got \"%s\"", file, line, path, text, got);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **list_of(const char *dir)
{
	GPtrArray *names = g_ptr_array_new();
	DIR *stream = opendir(dir);

	if (!stream)
		g_error("%s: %s", dir, g_strerror(errno));
	for (struct dirent *entry; errno = 0, (entry = readdir(stream));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	if (errno)
		g_error("reading %s: %s", dir, g_strerror(errno));
	closedir(stream);
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

unsigned count_names(const char *dir)
{
	DIR *stream = opendir(dir);
	unsigned count = 0;

	g_assert_nonnull(stream);
	while (readdir(stream))
		count++;
	closedir(stream);
	return count - 2;
}

char *names_in(const char *dir)
{
	g_auto(GStrv) list = list_of(dir);
	GString *text = g_string_new(NULL);

	for (char **name = list; *name; name++)
		g_string_append_printf(text, "%s ", *name);
	return g_string_free(text, FALSE);
}

void expect_names(const char *dir, const char *names, const char *file, int line)
{
	g_autofree char *got = names_in(dir);

	if (strcmp(got, names) != 0)
		g_error("%s:%d: in %s: expected \"%s\", got \"%s\"", file, line, dir, names, got);
}

void fill_pattern(void *buf, size_t len, unsigned seed)
{
	unsigned char *p = buf;
	guint32 x = seed * 2654435761u + 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (unsigned char)(x >> 24);
	}
}

bool child_as(uid_t uid, gid_t gid, gid_t group)
{
	pid_t pid = ok(fork());

	if (pid != 0) {
		ends_well(pid);
		return false;
	}
	ok(setgroups(group == (gid_t)-1 ? 0 : 1, &group));
	ok(setresgid(gid, gid, gid));
	ok(setresuid(uid, uid, uid));
	return true;
}

bool child_exit(void)
{
	_exit(0);
}

static void put_map(pid_t pid, const char *name, unsigned first)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, name);
	g_autofree char *map = g_strdup_printf("0 %u 65536", first);
	int fd = ok(open(path, O_WRONLY));

	ok(write(fd, map, strlen(map)));
	ok(close(fd));
}

int user_namespace(uid_t uid, gid_t gid)
{
	g_autofree char *path = NULL;
	int gate[2], fd;
	pid_t pid;

	ok(pipe(gate));
	CHILD (pid) {
		ok(unshare(CLONE_NEWUSER));
		ok(write(gate[1], "x", 1));
		pause();
	}
	ok(close(gate[1]));
	g_assert_cmpint(ok(read(gate[0], &(char){ 0 }, 1)), ==, 1);
	ok(close(gate[0]));
	put_map(pid, "uid_map", uid);
	put_map(pid, "gid_map", gid);
	path = g_strdup_printf("/proc/%d/ns/user", pid);
	fd = ok(open(path, O_RDONLY | O_CLOEXEC));
	ok(kill(pid, SIGKILL));
	ok(waitpid(pid, NULL, 0));
	return fd;
}

void ends_well(pid_t pid)
{
	int status;

	ok(waitpid(pid, &status, 0));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		g_error("a child failed: wait status 0x%x", status);
}

/* 0: it has ended. */
static char state_of(const char *path)
{
	g_autofree char *stat = NULL;

	return g_file_get_contents(path, &stat, NULL, NULL) ? strrchr(stat, ')')[2] : 0;
}

void falls_asleep(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
	char state = 0;

	wait_until (state == 'S' || state == 'D')
		state = state_of(path);
}

static bool has_stopped(const char *tasks)
{
	g_auto(GStrv) list = list_of(tasks);

	for (char **name = list; *name; name++) {
		g_autofree char *path = g_strdup_printf("%s/%s/stat", tasks, *name);

		if (state_of(path) != 'T')
			return false;
	}
	return true;
}

void stop(pid_t pid)
{
	g_autofree char *tasks = g_strdup_printf("/proc/%d/task", pid);

	ok(kill(pid, SIGSTOP));
	wait_until (has_stopped(tasks))
		;
}

unsigned waiters_of(const char *path)
{
	g_autofree char *pattern =
		g_strdup_printf("*: *-> * *:%lu *", (unsigned long)stat_of(path).st_ino);
	g_autofree char *locks = get("/proc/locks");
	g_auto(GStrv) lines = g_strsplit(locks, "\n", -1);
	unsigned count = 0;

	for (char **line = lines; *line; line++)
		count += g_pattern_match_simple(pattern, *line);
	return count;
}

static pid_t start_script(const char *const script[], int output)
{
	pid_t pid = (pid_t)ok(fork());

	if (pid == 0) {
		ok(dup2(output, STDOUT_FILENO));
		execl("/bin/sh", "sh", "-euc", script[0], "sh", script[1],
		      script[1] ? script[2] : NULL, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void script_ends_well(const char *script, pid_t pid)
{
	int status;

	ok(waitpid(pid, &status, 0));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		g_error("wait status 0x%x from: %s", status, script);
}

void run_script(const char *const script_and_arguments[])
{
	script_ends_well(script_and_arguments[0],
			 start_script(script_and_arguments, STDERR_FILENO));
}

char *output_of_script(const char *const script_and_arguments[])
{
	GString *text = g_string_new(NULL);
	char buf[4096];
	int ends[2];
	ssize_t n;
	pid_t pid;

	ok(pipe2(ends, O_CLOEXEC));
	pid = start_script(script_and_arguments, ends[1]);
	close(ends[1]);
	while ((n = ok(read(ends[0], buf, sizeof buf))) > 0)
		g_string_append_len(text, buf, n);
	close(ends[0]);
	script_ends_well(script_and_arguments[0], pid);
	return g_string_free(text, FALSE);
}
