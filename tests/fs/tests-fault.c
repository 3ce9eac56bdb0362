/* SPDX-License-Identifier: MIT */
/*
 * Allocations of the daemon that fail, one after the other: each call gives
 * what it gives otherwise, or an error and nothing is changed.
 */
#include "calls.h"
#include "faults.h"
#include "mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define FAULTS "/run/faults"
#define ACL    "system.posix_acl_access"
#define MANY   2000 /* more allocations than any call makes */

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

/* ---- calls, in the mount as the current directory ---- */

static long with_a(int oflag, long (*use)(int fd))
{
	const int fd = open("a", oflag);

	return fd == -1 ? -1 : done(fd, use(fd));
}

static long stats(void)
{
	struct stat st;

	return stat("d/x", &st);
}

static long stats_a_directory(void)
{
	struct stat st;

	return stat("d", &st) == -1 ? -1 : (long)st.st_nlink;
}

static long asks_for_space(void)
{
	struct statvfs status;

	return statvfs(".", &status);
}

static long read_it(int fd)
{
	char buf[100];

	return read(fd, buf, sizeof(buf));
}

static long reads(void)
{
	return with_a(O_RDONLY, read_it);
}

static long write_it(int fd)
{
	return pwrite(fd, "more", 4, 100);
}

static long writes(void)
{
	return with_a(O_RDWR, write_it);
}

static long allocate_it(int fd)
{
	return fallocate(fd, 0, 0, 10000);
}

static long allocates(void)
{
	return with_a(O_RDWR, allocate_it);
}

static long copy_it(int fd)
{
	return copy_file_range(fd, &(off_t){ 0 }, fd, &(off_t){ 100 }, 4, 0);
}

static long copies(void)
{
	return with_a(O_RDWR, copy_it);
}

static long nothing(int fd)
{
	(void)fd;
	return 0;
}

static long truncates_at_open(void)
{
	return with_a(O_RDWR | O_TRUNC, nothing);
}

static long truncates(void)
{
	return truncate("a", 3);
}

static long grow_it(int fd)
{
	return ftruncate(fd, 5000);
}

static long grows(void)
{
	return with_a(O_RDWR, grow_it);
}

static long creates(void)
{
	const int fd = open("d/new", O_RDWR | O_CREAT, 0600);

	return fd == -1 ? -1 : done(fd, 0);
}

static long makes_a_node(void)
{
	return mknod("new", S_IFREG | 0600, 0);
}

static long makes_a_directory(void)
{
	return mkdir("d/new", 0700);
}

static long makes_an_unnamed_object(void)
{
	const int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	return fd == -1 ? -1 : done(fd, write(fd, "text", 4));
}

static long names_an_unnamed_object(void)
{
	const int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", fd);

	if (fd == -1)
		return -1;
	return done(fd, linkat(AT_FDCWD, self, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
}

static long links(void)
{
	return link("a", "d/new");
}

static long unlinks(void)
{
	return unlink("d/x");
}

static long unlinks_what_is_open(void)
{
	const int fd = open("a", O_RDWR);

	return fd == -1 ? -1 : done(fd, unlink("a"));
}

static long removes_a_directory(void)
{
	return rmdir("e");
}

static long fails_to_remove_a_directory(void)
{
	return rmdir("d");
}

static long renames(void)
{
	return rename("a", "d/new");
}

static long renames_over_another(void)
{
	return rename("a", "b");
}

static long renames_a_directory(void)
{
	return rename("d", "new");
}

static long renames_over_a_directory(void)
{
	return rename("d", "e");
}

static long exchanges(void)
{
	return renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE);
}

static long exchanges_directories(void)
{
	return renameat2(AT_FDCWD, "d", AT_FDCWD, "b", RENAME_EXCHANGE);
}

static long list(const char *path)
{
	DIR *dir = opendir(path);
	long count = 0;
	int error;

	if (dir == NULL)
		return -1;
	for (errno = 0; readdir(dir) != NULL;)
		count++;
	error = errno;
	closedir(dir);
	errno = error;
	return error == 0 ? count : -1;
}

static long lists_the_top(void)
{
	return list(".");
}

static long lists_a_directory(void)
{
	return list("d");
}

static long changes_the_mode(void)
{
	return chmod("a", 0600);
}

static long changes_the_group(void)
{
	return chown("d/x", (uid_t)-1, geteuid() == 0 ? 12 : getegid());
}

static long changes_times(void)
{
	return utimensat(AT_FDCWD, "a", NULL, 0);
}

/* Reading for user 1000, for the group and for others. */
static const unsigned char acl[] = {
	2,  0, 0, 0,					 /* the version */
	1,  0, 6, 0, 0xff,	 0xff,	     0xff, 0xff, /* user:: */
	2,  0, 4, 0, 1000 % 256, 1000 / 256, 0,	   0,	 /* user:1000: */
	4,  0, 4, 0, 0xff,	 0xff,	     0xff, 0xff, /* group:: */
	16, 0, 4, 0, 0xff,	 0xff,	     0xff, 0xff, /* mask:: */
	32, 0, 4, 0, 0xff,	 0xff,	     0xff, 0xff, /* other:: */
};

static long sets_an_acl(void)
{
	return setxattr("a", ACL, acl, sizeof(acl), 0);
}

static long gets_an_acl(void)
{
	char buf[100];

	return getxattr("d/x", ACL, buf, sizeof(buf));
}

static long lists_attributes(void)
{
	char buf[100];

	return listxattr("a", buf, sizeof(buf));
}

static long lock_it(int fd)
{
	struct flock lock = { .l_type = F_WRLCK };

	if (flock(fd, LOCK_EX | LOCK_NB) == -1 || fcntl(fd, F_SETLK, &lock) == -1)
		return -1;
	return fcntl(fd, F_GETLK, &lock);
}

static long locks(void)
{
	return with_a(O_RDWR, lock_it);
}

/* The lock is another's, of which an alarm makes an end. */
static long wait_for_it(int fd)
{
	const int other = open("a", O_RDWR);
	long result;

	if (other == -1)
		return -1;
	if (flock(other, LOCK_EX | LOCK_NB) == -1)
		return done(other, -1);
	ualarm(20000, 20000);
	result = flock(fd, LOCK_EX);
	ualarm(0, 0);
	return done(other, result);
}

static long waits_for_a_lock(void)
{
	return with_a(O_RDWR, wait_for_it);
}

static const struct call calls[] = {
	CALL(stats),
	CALL(stats_a_directory),
	CALL(asks_for_space),
	CALL(reads),
	CALL(writes),
	CALL(allocates),
	CALL(copies),
	CALL(truncates_at_open),
	CALL(truncates),
	CALL(grows),
	CALL(creates),
	CALL(makes_a_node),
	CALL(makes_a_directory),
	CALL(makes_an_unnamed_object),
	CALL(names_an_unnamed_object),
	CALL(links),
	CALL(unlinks),
	CALL(unlinks_what_is_open),
	CALL(removes_a_directory),
	CALL(fails_to_remove_a_directory),
	CALL(renames),
	CALL(renames_over_another),
	CALL(renames_a_directory),
	CALL(renames_over_a_directory),
	CALL(exchanges),
	CALL(exchanges_directories),
	CALL(lists_the_top),
	CALL(lists_a_directory),
	CALL(changes_the_mode),
	CALL(changes_the_group),
	CALL(changes_times),
	CALL(sets_an_acl),
	CALL(gets_an_acl),
	CALL(lists_attributes),
	CALL(locks),
	CALL(waits_for_a_lock),
};

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
	g_autofree char *old = names_in(SHM);
	g_auto(GStrv) list = g_strsplit(g_strchomp(old), " ", -1);

	for (char **name = list; *name && **name; name++) {
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
			ok(setxattr(path, ACL, acl, sizeof(acl), 0));
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
	g_autofree char *names = names_in(SHM);
	g_auto(GStrv) list = g_strsplit(g_strchomp(names), " ", -1);
	GString *text = g_string_new("");

	for (char **name = list; *name && **name; name++) {
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

/* But for those that it had before the first call. */
static void lets_go_of_descriptors(pid_t daemon, int before)
{
	wait_until (process_has(daemon, "fd") <= before)
		;
}

static void fail_each_call(const struct world *world)
{
	pid_t daemon;
	struct faults *faults = faults_new(world->options, &daemon);
	const int descriptors = process_has(daemon, "fd");

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
		fail_each(faults, world, &calls[i]);
	put(MNT "/works", "still");
	has_text(SHM "/works", "still");
	lets_go_of_descriptors(daemon, descriptors);
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

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
		int expected, error;
		long n, failed = 1;

		prepare(&world);
		run(&world, &calls[i], &expected);
		for (n = 1; failed > 0 && n < MANY; n++) {
			prepare(&world);
			arm(faults, IN_LIBFUSE, n);
			run(&world, &calls[i], &error);
			failed = disarm(faults);
			g_test_message("%s, allocation %ld: %s", calls[i].name, n,
				       g_strerror(error));
			if (error != ENOMEM)
				g_assert_cmpint(error, ==, expected);
		}
		g_assert_cmpint(n, <, MANY);
	}
	lets_go_of_descriptors(daemon, descriptors);
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

static void use_without_memory_by_many(void)
{
	pid_t users[30];

	for (int user = 0; user < (int)G_N_ELEMENTS(users); user++)
		CHILD (users[user])
			use_without_memory(user);
	for (int user = 0; user < (int)G_N_ELEMENTS(users); user++)
		ends_well(users[user]);
}

static void errors_without_faults(const struct world *world, int errors[G_N_ELEMENTS(calls)])
{
	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
		prepare(world);
		run(world, &calls[i], &errors[i]);
	}
}

static void service_goes_on_when_there_is_memory_again(void)
{
	const struct world world = { NULL, 0, 0 };
	pid_t daemon;
	struct faults *faults = faults_new(NULL, &daemon);
	const int descriptors = process_has(daemon, "fd");
	int before[G_N_ELEMENTS(calls)], after[G_N_ELEMENTS(calls)];

	errors_without_faults(&world, before);
	faults->stays = true;
	for (int side = 0; side < FAULT_SIDES; side++) {
		prepare(&world);
		arm(faults, side, 1);
		use_without_memory_by_many();
		g_assert_cmpint(disarm(faults), >, 0);
		errors_without_faults(&world, after);
		g_assert_cmpmem(after, sizeof(after), before, sizeof(before));
	}
	use_without_memory_by_many();
	put("works", "still");
	has_text(SHM "/works", "still");
	lets_go_of_descriptors(daemon, descriptors);
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
