/* SPDX-License-Identifier: MIT */
/*
 * Allocations of the daemon that fail, one after the other: each call gives
 * what it gives otherwise, or an error and nothing is changed.
 */
#include "fault-calls.h"
#include "faults.h"
#include "storm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define FAULTS "/run/faults"
#define MANY   2000 /* more allocations than any call makes */
#define USERS  30

static void wake(int signal)
{
	(void)signal;
}

/* Goes into a new mount, whose daemon heeds what is given. */
static struct faults *faults_new(const char *options, pid_t *daemon)
{
	const int fd = (int)ok(open(FAULTS, O_RDWR | O_CREAT, 0600));
	struct faults *faults;

	ok(ftruncate(fd, sizeof(*faults)));
	faults = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(faults != MAP_FAILED);
	ok(close(fd));
	g_setenv(FAULTS_FILE, FAULTS, TRUE);
	ok(sigaction(SIGALRM, &(struct sigaction){ .sa_handler = wake }, NULL));
	*daemon = daemon_anew(options);
	ok(chdir(MNT));
	return faults;
}

static void arm(struct faults *faults, enum fault_side side, long n)
{
	atomic_store(&faults->failed, 0);
	atomic_store(&faults->left[side], n);
}

static long disarm(struct faults *faults)
{
	for (int side = 0; side < FAULT_SIDES; side++)
		atomic_store(&faults->left[side], 0);
	return atomic_load(&faults->failed);
}

/* ---- what is there ---- */

/* Who calls, and who owns the objects natively. */
struct world {
	const char *options;
	uid_t caller, owner;
};

static const struct timespec long_ago = { 1, 0 };

/* All times are long ago, so that what is touched shows. */
static void prepare(const struct world *world)
{
	const struct timespec times[] = { long_ago, long_ago };
	static const char *const names[] = { "a", "b", "d%", "d%x", "d%y", "sem.d%z", "e%" };
	g_auto(GStrv) old = list_of(SHM);

	for (char **name = old; *name; name++) {
		g_autofree char *path = g_strdup_printf(SHM "/%s", *name);

		ok(unlink(path));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strdup_printf(SHM "/%s", names[i]);
		const bool marker = g_str_has_suffix(path, "%");

		put_new(path, marker ? 0755 : 0644, world->owner, world->owner);
		if (!marker)
			put(path, names[i]);
		if (g_str_has_suffix(path, "x"))
			ok(give_acl(path));
		ok(utimensat(AT_FDCWD, path, times, 0));
	}
}

static long size_of_acl(const char *path)
{
	const long size = getxattr(path, ACL, NULL, 0);

	if (size == -1)
		g_assert_cmpint(errno, ==, ENODATA);
	return size;
}

/* What is made and taken away again touches the directory, and nothing else. */
static bool is_touched(const char *name, const struct stat *st)
{
	return !g_str_has_suffix(name, "%") && st->st_mtim.tv_sec != long_ago.tv_sec;
}

/* Names, modes, owners, links, sizes, content, and what else may change, of all objects. */
static char *snapshot(void)
{
	g_auto(GStrv) list = list_of(SHM);
	GString *text = g_string_new("");

	for (char **name = list; *name; name++) {
		g_autofree char *path = g_strdup_printf(SHM "/%s", *name);
		g_autofree char *content = NULL;
		const struct stat st = stat_of(path);

		g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
		g_string_append_printf(text, "%s %o %u:%u links %lu size %ld blocks %ld", *name,
				       st.st_mode, st.st_uid, st.st_gid, (unsigned long)st.st_nlink,
				       (long)st.st_size, (long)st.st_blocks);
		g_string_append_printf(text, " touched %d acl %ld \"%s\"\n", is_touched(*name, &st),
				       size_of_acl(path), content);
	}
	return g_string_free(text, FALSE);
}

/* ---- one fault after the other ---- */

static long run(const struct world *world, const struct call *call, int *error)
{
	long result;

	ok(seteuid(world->caller));
	errno = 0;
	result = call->run();
	*error = error_of(result);
	ok(seteuid(0));
	return result;
}

static bool is_lack(int error)
{
	return error == ENOMEM || error == ENOLCK;
}

/* As without the fault; or ENOMEM, and all is as it was. */
static void fail_each(struct faults *faults, const struct world *world, const struct call *call)
{
	g_autofree char *before = NULL, *after = NULL;
	int error, faulty_error;
	long result, n, failed = 1;

	prepare(world);
	before = snapshot();
	result = run(world, call, &error);
	after = snapshot();
	for (n = 1; failed > 0 && n < MANY; n++) {
		g_autofree char *now = NULL;
		long faulty;

		prepare(world);
		arm(faults, IN_SHMFUSE, n);
		faulty = run(world, call, &faulty_error);
		failed = disarm(faults);
		now = snapshot();
		g_test_message("%s, allocation %ld: %ld %s", call->name, n, faulty,
			       g_strerror(faulty_error));
		if (failed > 0 && is_lack(faulty_error)) {
			g_assert_cmpstr(now, ==, before);
			continue;
		}
		g_assert_cmpint(faulty_error, ==, error);
		g_assert_cmpint(faulty, ==, result);
		g_assert_cmpstr(now, ==, after);
	}
	g_assert_cmpint(n, <, MANY);
}

static void fail_each_call(const struct world *world)
{
	pid_t daemon;
	struct faults *faults = faults_new(world->options, &daemon);
	const int descriptors = process_has(daemon, "fd");

	for (size_t i = 0; i < n_fault_calls; i++)
		fail_each(faults, world, &fault_calls[i]);
	put(MNT "/works", "still");
	has_text(SHM "/works", "still");
	descriptors_come_back(daemon, descriptors);
}

static void each_call_gives_its_result_or_enomem(void)
{
	fail_each_call(&(struct world){ NULL, 0, 0 });
}

static void so_it_does_with_a_quota(void)
{
	fail_each_call(&(struct world){ "size=1m,nr_inodes=100,reserve", 0, 0 });
}

static void so_it_does_with_other_owners(void)
{
	fail_each_call(&(struct world){ "map_uid=1001:1000,map_gid=1001:1000,ac", 1000, 1001 });
}

/* ---- libfuse's own ---- */

static void each_fault_of_libfuse_is_enomem(void)
{
	const struct world world = { NULL, 0, 0 };
	pid_t daemon;
	struct faults *faults = faults_new(NULL, &daemon);
	const int descriptors = process_has(daemon, "fd");

	for (size_t i = 0; i < n_fault_calls; i++) {
		int expected, error;
		long n, failed = 1;

		prepare(&world);
		run(&world, &fault_calls[i], &expected);
		for (n = 1; failed > 0 && n < MANY; n++) {
			prepare(&world);
			arm(faults, IN_LIBFUSE, n);
			run(&world, &fault_calls[i], &error);
			failed = disarm(faults);
			g_test_message("%s, allocation %ld: %s", fault_calls[i].name, n,
				       g_strerror(error));
			if (error != ENOMEM)
				g_assert_cmpint(error, ==, expected);
		}
		g_assert_cmpint(n, <, MANY);
	}
	descriptors_come_back(daemon, descriptors);
}

/* ---- nothing left, for many at once ---- */

static void use_without_memory(int user)
{
	g_autofree char *name = g_strdup_printf("user%d", user);

	for (int i = 0; i < 20; i++) {
		int fd = open(name, O_RDWR | O_CREAT, 0600);

		if (fd >= 0)
			done(fd, pwrite(fd, "text", 4, 0));
		error_of(truncate(name, 10));
		list(".");
		error_of(unlink(name));
	}
}

static char *errors_without_faults(const struct world *world)
{
	GString *text = g_string_new("");
	int error;

	for (size_t i = 0; i < n_fault_calls; i++) {
		prepare(world);
		run(world, &fault_calls[i], &error);
		g_string_append_printf(text, "%s: %s\n", fault_calls[i].name, g_strerror(error));
	}
	return g_string_free(text, FALSE);
}

static void service_goes_on_when_there_is_memory_again(void)
{
	const struct world world = { NULL, 0, 0 };
	pid_t daemon;
	struct faults *faults = faults_new(NULL, &daemon);
	const int descriptors = process_has(daemon, "fd");
	g_autofree char *before = errors_without_faults(&world);

	faults->stays = true;
	for (int side = 0; side < FAULT_SIDES; side++) {
		g_autofree char *after = NULL;

		prepare(&world);
		arm(faults, side, 1);
		all_at_once(USERS, use_without_memory);
		g_assert_cmpint(disarm(faults), >, 0);
		after = errors_without_faults(&world);
		g_assert_cmpstr(after, ==, before);
	}
	all_at_once(USERS, use_without_memory);
	put("works", "still");
	has_text(SHM "/works", "still");
	descriptors_come_back(daemon, descriptors);
}

/* ---- while it starts ---- */

/* Those in the background, which are this process's children for it. */
static void daemons_end(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) > 0)
		g_assert_cmpint(status, ==, 0);
	g_assert_cmpint(errno, ==, ECHILD);
}

static bool mounts_with(const char *options)
{
	g_autofree char *said = NULL;
	const int code = run_shmfuse("-o %s,%s " MNT, options_of_path(), options);

	said = get(RUN_ERR);
	g_assert_null(strstr(said, "has no FUSE passthrough"));
	g_assert_null(strstr(said, "enable-custom-io"));
	if (is_mounted(MNT)) {
		g_assert_cmpint(code, ==, 0);
		unmount();
		daemons_end();
		return true;
	}
	daemons_end();
	g_test_message("%d: %s", code, said);
	g_assert_true(code == 1 || code == 2);
	g_assert_true(g_str_has_prefix(said, "shmfuse: ") || strstr(said, "\nshmfuse: "));
	return false;
}

static void fail_each_start(enum fault_side side)
{
	const struct world world = { NULL, 0, 0 };
	pid_t daemon;
	struct faults *faults = faults_new(NULL, &daemon);
	int outcomes[2] = { 0 };

	ok(prctl(PR_SET_CHILD_SUBREAPER, 1));
	ok(chdir("/"));
	unmount();
	g_assert_cmpint(daemon_status(daemon), ==, 0);
	for (long n = 1, failed = 1; failed > 0 && n < MANY; n++) {
		g_test_message("allocation %ld", n);
		prepare(&world);
		arm(faults, side, n);
		outcomes[mounts_with("subdir=d,share=a*:b,ephemeral,map_uid=1:2,size=1m,"
				     "io_uring=auto")]++;
		failed = disarm(faults);
	}
	g_assert_cmpint(outcomes[false], >, 0);
	g_assert_cmpint(outcomes[true], >, 0);
	daemon_start(options_of_path());
}

static void it_mounts_or_says_why_not(void)
{
	fail_each_start(IN_SHMFUSE);
}

static void so_it_does_where_libfuse_fails(void)
{
	fail_each_start(IN_LIBFUSE);
}

static const struct mount_test tests[] = {
	{ TEST(each_call_gives_its_result_or_enomem) },
	{ TEST(so_it_does_with_a_quota) },
	{ TEST(so_it_does_with_other_owners) },
	{ TEST(each_fault_of_libfuse_is_enomem), .says = "*" },
	{ TEST(service_goes_on_when_there_is_memory_again), .says = "*" },
	{ TEST(it_mounts_or_says_why_not), .says = "*" },
	{ TEST(so_it_does_where_libfuse_fails), .says = "*" },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "fault", tests, G_N_ELEMENTS(tests));
}
