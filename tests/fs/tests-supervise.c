/* SPDX-License-Identifier: MIT */
/* Option supervise: the serving process dies, and nobody notices. */

#include "server.h"

#include "handover.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(void)
{
	server_dies(daemon_of_test(), SIGKILL);
}

/* ---- files ---- */

static void open_file_works_on(void)
{
	int fd = open_at(MNT "/a", O_RDWR | O_CREAT);
	char buf[16] = "";

	ok(pwrite(fd, "before", 6, 0));
	die();
	ok(pread(fd, buf, sizeof(buf), 0));
	g_assert_cmpstr(buf, ==, "before");
	ok(pwrite(fd, "after ", 6, 0));
	has_text(SHM "/a", "after ");
	same_fstat(fd, SHM "/a");
	ok(ftruncate(fd, 5));
	has_text(SHM "/a", "after");
	close(fd);
	has_text(MNT "/a", "after");
}

static void unlinked_file_keeps_its_content(void)
{
	int fd = open_at(MNT "/a", O_RDWR | O_CREAT);
	char buf[16] = "";

	ok(write(fd, "unlinked", 8));
	ok(unlink(MNT "/a"));
	die();
	ok(pread(fd, buf, sizeof(buf), 0));
	g_assert_cmpstr(buf, ==, "unlinked");
	g_assert_cmpint(fstat_of(fd).st_nlink, ==, 0);
	g_assert_cmpint(fstat_of(fd).st_size, ==, 8);
	ok(fchmod(fd, 0600));
	g_assert_cmpint(fstat_of(fd).st_mode & 07777, ==, 0600);
}

static void unnamed_file_can_be_given_a_name(void)
{
	int fd = open_at(MNT, O_RDWR | O_TMPFILE);
	g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", fd);

	ok(write(fd, "x", 1));
	die();
	ok(linkat(AT_FDCWD, self, AT_FDCWD, MNT "/a", AT_SYMLINK_FOLLOW));
	has_text(SHM "/a", "x");
}

static void mapping_stays_the_same_memory(void)
{
	int fd = open_at(MNT "/a", O_RDWR | O_CREAT), native;
	char *there, *here;

	ok(ftruncate(fd, 4096));
	there = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(there != MAP_FAILED);
	close(fd);
	die();
	native = open_at(SHM "/a", O_RDWR);
	here = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, native, 0);
	strcpy(there, "through the mount");
	g_assert_cmpstr(here, ==, "through the mount");
	/* And a new one of it. */
	fd = open_at(MNT "/a", O_RDWR);
	there = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(here, "natively");
	g_assert_cmpstr(there, ==, "natively");
}

/* The kernel has one backing file for each inode, and knows it still. */
static void file_that_is_open_can_be_opened_again(void)
{
	int first = open_at(MNT "/a", O_RDWR | O_CREAT), second, third;

	die();
	second = open_at(MNT "/a", O_RDWR);
	ok(write(second, "x", 1));
	close(first);
	die();
	third = open_at(MNT "/a", O_RDONLY);
	close(second);
	close(third);
	fails(EEXIST, open(MNT "/a", O_CREAT | O_EXCL, 0644));
	has_text(MNT "/a", "x");
}

/* A user who may do what the owner may. */
static void become_everybodys_owner(uid_t uid)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const uint32_t bit = 1u << CAP_FOWNER;
	struct __user_cap_data_struct sets[2] = { { .effective = bit, .permitted = bit } };

	ok(prctl(PR_SET_KEEPCAPS, 1));
	ok(setresuid(uid, uid, uid));
	ok(syscall(SYS_capset, &header, sets));
}

static void owner_that_the_kernel_went_by_is_still_known(void)
{
	pid_t user;
	int fd, dir;

	put(MNT "/a", "");
	ok(mkdir(MNT "/d", 0755));
	fd = open_at(MNT "/a", O_RDONLY);
	dir = open_at(MNT "/d", O_RDONLY | O_DIRECTORY);
	die();
	CHILD (user) {
		become_everybodys_owner(1000);
		ok(fchmod(fd, 0600));
		ok(fchmod(dir, 0700));
	}
	ends_well(user);
}

static void owner_of_before_has_no_rights(void)
{
	int fd = open_at(MNT "/a", O_RDONLY | O_CREAT);

	ok(chown(MNT "/a", 1000, 1000));
	ok(chown(SHM "/a", 0, 0));
	die();
	AS_USER (1000, 1000)
		fails(EPERM, fchmod(fd, 0600));
}

static bool has_objects_open(pid_t pid)
{
	g_autofree char *script = g_strdup_printf("ls -l /proc/%d/fd", (int)pid);
	g_autofree char *list = sh_output(script);

	return strstr(list, SHM "/") != NULL;
}

/* Unlinked ones too. */
static fsfilcnt_t objects_in_use(void)
{
	struct statvfs status;

	ok(statvfs(SHM, &status));
	return status.f_files - status.f_ffree;
}

static void nothing_is_left_open_in_the_end(void)
{
	const fsfilcnt_t before = objects_in_use();
	const pid_t keeper = daemon_of_test();

	for (unsigned i = 0; i < 5; i++) {
		int fd = open_at(MNT "/a", O_RDWR | O_CREAT);
		DIR *dir = opendir(MNT);

		ok(flock(fd, LOCK_SH));
		die();
		close(fd);
		closedir(dir);
		ok(unlink(MNT "/a"));
	}
	/* Objects and locks are descriptors of the shm file system's files. */
	wait_until (!has_objects_open(keeper))
		;
	wait_until (objects_in_use() == before)
		;
}

static void open_and_close_for_ever(const char *name)
{
	for (;;)
		close(open_at(name, O_RDONLY));
}

/* The kernel may have the object, with nobody to tell of it. */
static void nothing_is_left_of_what_was_being_opened(void)
{
	const fsfilcnt_t before = objects_in_use();
	const pid_t keeper = daemon_of_test();
	const char *const names[] = { "a", "b", "c", "d" };
	pid_t openers[4], killer;

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strdup_printf(MNT "/%s", names[i]);

		put(path, "content");
		CHILD (openers[i])
			open_and_close_for_ever(path);
	}
	killer = servers_die(keeper, 10, 60);
	ends_well(killer);
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strdup_printf(SHM "/%s", names[i]);

		ok(kill(openers[i], SIGKILL));
		ok(waitpid(openers[i], NULL, 0));
		ok(unlink(path));
	}
	wait_until (!has_objects_open(keeper))
		;
	wait_until (objects_in_use() == before)
		;
}

/* ---- names and directories ---- */

static void names_are_found_in_directories_of_before(void)
{
	int dir;

	ok(mkdir(MNT "/d", 0755));
	ok(mkdir(MNT "/d/e", 0755));
	put(MNT "/d/e/f", "deep");
	dir = open_at(MNT "/d/e", O_RDONLY | O_DIRECTORY);
	ok(fchdir(dir));
	die();
	has_text("f", "deep");
	put("g", "new");
	has_text(SHM "/d%e%g", "new");
	has_names(MNT "/d/e", "f g ");
	ok(rename("f", "../h"));
	has_text(SHM "/d%h", "deep");
	ok(chdir("/"));
}

static void removed_working_directory_stays_one(void)
{
	die();
	ok(mkdir(MNT "/d", 0700));
	ok(chdir(MNT "/d"));
	ok(rmdir(MNT "/d"));
	for (unsigned i = 0; i < 3; i++) {
		g_assert_cmpint(stat_of(".").st_nlink, ==, 0);
		fails(ENOENT, access("a", F_OK));
	}
	ok(chdir("/"));
}

/* How often the objects' directory has been read since the last question. */
static unsigned listings(int watch)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t count = read(watch, events, sizeof(events));
	unsigned listings = 0;

	for (ssize_t at = 0; at < count;) {
		const struct inotify_event *event = (const void *)(events + at);

		listings += (event->mask & IN_OPEN) && (event->mask & IN_ISDIR);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	return listings;
}

static void what_has_no_name_is_looked_for_once_at_most(void)
{
	int before = open_at(MNT "/before", O_RDWR | O_CREAT), after, unnamed;
	int watch = (int)ok(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));

	die();
	after = open_at(MNT "/after", O_RDWR | O_CREAT);
	unnamed = open_at(MNT, O_RDWR | O_TMPFILE);
	ok(unlink(MNT "/before"));
	ok(unlink(MNT "/after"));
	ok(inotify_add_watch(watch, SHM, IN_OPEN | IN_ONLYDIR));
	for (unsigned i = 0; i < 5; i++) {
		g_assert_cmpint(fstat_of(after).st_nlink, ==, 0);
		g_assert_cmpint(fstat_of(unnamed).st_nlink, ==, 0);
	}
	g_assert_cmpuint(listings(watch), ==, 0);
	for (unsigned i = 0; i < 5; i++)
		g_assert_cmpint(fstat_of(before).st_nlink, ==, 0);
	g_assert_cmpuint(listings(watch), <=, 1);
}

/* What was open in it is known by the path of before. */
static void file_is_found_in_a_directory_that_was_renamed_since(void)
{
	int path, other;

	ok(mkdir(MNT "/d", 0755));
	put(MNT "/d/f", "deep");
	put(MNT "/d/g", "deep");
	path = open_at(MNT "/d/f", O_PATH);
	other = open_at(MNT "/d/g", O_PATH);
	die();
	ok(rename(MNT "/d", MNT "/e"));
	g_assert_cmpint(fstat_of(path).st_nlink, ==, 1);
	ok(rename(MNT "/e", MNT "/h"));
	same_fstat(path, SHM "/h%f");
	same_fstat(other, SHM "/h%g");
	close(path);
	close(other);
}

static void read_some(DIR *dir, GHashTable *seen, unsigned count)
{
	const struct dirent *entry;

	while (count-- > 0 && (entry = readdir(dir)) != NULL)
		g_assert_true(g_hash_table_add(seen, g_strdup(entry->d_name)));
}

static void directory_is_read_on_from_where_it_was(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	enum { COUNT = 5000 };
	DIR *dir;

	for (unsigned i = 0; i < COUNT; i++) {
		g_autofree char *path = g_strdup_printf(SHM "/name-%u", i);

		put(path, "");
	}
	dir = opendir(MNT);
	read_some(dir, seen, COUNT / 2);
	die();
	/* What comes or goes meanwhile moves no other's place. */
	put(SHM "/another", "");
	read_some(dir, seen, COUNT / 4);
	die();
	read_some(dir, seen, UINT_MAX);
	for (unsigned i = 0; i < COUNT; i++) {
		g_autofree char *name = g_strdup_printf("name-%u", i);

		g_assert_true(g_hash_table_contains(seen, name));
	}
	closedir(dir);
}

static void object_that_changed_hands_meanwhile_is_not_taken_for_it(void)
{
	int fd = open_at(MNT "/a", O_RDWR | O_CREAT);

	put(SHM "/b", "other");
	ok(write(fd, "mine", 4));
	ok(kill(server_of(daemon_of_test()), SIGSTOP));
	ok(rename(SHM "/b", SHM "/a"));
	die();
	has_text(MNT "/a", "other");
	g_assert_cmpint(fstat_of(fd).st_size, ==, 4);
	g_assert_cmpint(fstat_of(fd).st_ino, !=, stat_of(MNT "/a").st_ino);
}

/* ---- locks ---- */

static bool can_lock(const char *path)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_at(path, O_RDWR);
	bool can = fcntl(fd, F_OFD_SETLK, &range) == 0;

	close(fd);
	return can;
}

static bool can_flock(const char *path)
{
	int fd = open_at(path, O_RDWR);
	bool can = flock(fd, LOCK_EX | LOCK_NB) == 0;

	close(fd);
	return can;
}

static void locks_are_held(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int record = open_at(MNT "/a", O_RDWR | O_CREAT);
	int posix = open_at(MNT "/b", O_RDWR | O_CREAT);
	int file = open_at(MNT "/c", O_RDWR | O_CREAT);

	ok(fcntl(record, F_OFD_SETLK, &range));
	ok(fcntl(posix, F_SETLK, &range));
	ok(flock(file, LOCK_EX));
	die();
	g_assert_false(can_lock(SHM "/a"));
	g_assert_false(can_lock(SHM "/b"));
	g_assert_false(can_flock(SHM "/c"));
	g_assert_false(can_lock(MNT "/a"));
	g_assert_false(can_flock(MNT "/c"));
	range.l_type = F_UNLCK;
	ok(fcntl(record, F_OFD_SETLK, &range));
	g_assert_true(can_lock(SHM "/a"));
	close(posix);
	wait_until (can_lock(SHM "/b"))
		;
	close(file);
	wait_until (can_flock(SHM "/c"))
		;
}

static void lock_that_is_waited_for_is_had_in_the_end(void)
{
	int fd = open_at(MNT "/a", O_RDWR | O_CREAT);
	pid_t waiter;

	ok(flock(fd, LOCK_EX));
	CHILD (waiter) {
		int own = open_at(MNT "/a", O_RDWR);

		ok(flock(own, LOCK_EX));
		ok(write(own, "had", 3));
	}
	falls_asleep(waiter);
	die();
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, 0);
	ok(flock(fd, LOCK_UN));
	ends_well(waiter);
	has_text(SHM "/a", "had");
}

static void waiter_for_a_lock_can_be_killed(void)
{
	int fd = open_at(MNT "/a", O_RDWR | O_CREAT), status;
	pid_t waiter;

	ok(flock(fd, LOCK_EX));
	CHILD (waiter)
		ok(flock(open_at(MNT "/a", O_RDWR), LOCK_EX));
	falls_asleep(waiter);
	die();
	ok(kill(waiter, SIGKILL));
	ok(waitpid(waiter, &status, 0));
	g_assert_true(WIFSIGNALED(status));
}

/* ---- requests in service ---- */

/* The server gets no further than to read it, or not even so far. */
static void request_of_a_moment_before_is_answered(void)
{
	for (unsigned i = 0; i < 10; i++) {
		const pid_t server = server_of(daemon_of_test());
		pid_t client;

		ok(kill(server, SIGSTOP));
		CHILD (client) {
			put(MNT "/a", "whole");
			ok(rename(MNT "/a", MNT "/b"));
			ok(unlink(MNT "/b"));
		}
		g_usleep(10000);
		die();
		ends_well(client);
		has_names(SHM, "");
	}
}

static void directory_with_much_in_it_is_renamed_at_once(void)
{
	enum { COUNT = 3000 };
	pid_t mover, killer;

	ok(mkdir(MNT "/d", 0755));
	for (unsigned i = 0; i < COUNT; i++) {
		g_autofree char *path = g_strdup_printf(SHM "/d%%%u", i);

		put(path, "");
	}
	CHILD (mover) {
		for (unsigned i = 0; i < 20; i++) {
			ok(rename(MNT "/d", MNT "/e"));
			fails(ENOENT, access(MNT "/d", F_OK));
			ok(rename(MNT "/e", MNT "/d"));
		}
	}
	killer = servers_die(daemon_of_test(), 10, 20);
	ends_well(mover);
	ends_well(killer);
	{
		g_autofree char *names = names_in(MNT "/d");
		g_auto(GStrv) each = g_strsplit(names, " ", -1);

		g_assert_cmpuint(g_strv_length(each) - 1, ==, COUNT);
	}
	has_names(MNT, "d ");
}

/* Somebody is allocating memory for it. */
static bool grows(const char *path)
{
	const blkcnt_t before = stat_of(path).st_blocks;

	g_usleep(1000);
	return stat_of(path).st_blocks > before;
}

static void request_that_crashes_its_server_is_an_error_in_the_end(void)
{
	const pid_t keeper = daemon_of_test();
	int fd = open_at(MNT "/a", O_RDWR | O_CREAT);
	pid_t client;

	/* It takes longer than a process lives here. */
	CHILD (client)
		fails(EIO, fallocate(fd, 0, 0, (off_t)8 << 30));
	for (unsigned i = 0; i < 3; i++) {
		const pid_t server = server_of(keeper);

		wait_until (grows(SHM "/a"))
			;
		server_dies(keeper, SIGABRT);
		g_assert_cmpint(server_of(keeper), !=, server);
	}
	ends_well(client);
	put(MNT "/b", "goes on");
	has_text(SHM "/b", "goes on");
}

/* ---- views and limits ---- */

static void quota_counts_what_was_unlinked_before(void)
{
	pid_t view;
	int fd;

	ok(mkdir(MNT "/team", 0777));
	view = view_start("supervise,subdir=team,size=64k");
	fd = open_at(VIEW "/a", O_RDWR | O_CREAT);
	ok(ftruncate(fd, 60 * 1024));
	ok(unlink(VIEW "/a"));
	server_dies(view, SIGKILL);
	put(VIEW "/b", "");
	fails(ENOSPC, truncate(VIEW "/b", 8 * 1024));
	close(fd);
	wait_until (truncate(VIEW "/b", 8 * 1024) == 0)
		;
	view_end(view);
}

static void ephemeral_content_outlives_a_server_but_not_the_mount(void)
{
	pid_t view;

	ok(mkdir(MNT "/team", 0777));
	view = view_start("supervise,subdir=team,ephemeral");
	put(VIEW "/a", "here");
	server_dies(view, SIGKILL);
	has_text(VIEW "/a", "here");
	view_end(view);
	has_names(SHM, "team% ");
}

static void kept_attributes_are_those_of_the_object(void)
{
	pid_t view = view_start("supervise,ac");

	put(SHM "/a", "12");
	for (unsigned i = 0; i < 20; i++) {
		int fd;

		g_assert_cmpint(stat_of(VIEW "/a").st_size, ==, 2 + i);
		server_dies(view, SIGKILL);
		fd = open_at(VIEW "/a", O_RDWR);
		ok(truncate(SHM "/a", 3 + i));
		g_assert_cmpint(fstat_of(fd).st_size, ==, 3 + i);
		close(fd);
	}
	view_end(view);
}

/* ---- the keeper ---- */

static void killed_keeper_leaves_nobody(void)
{
	pid_t view = view_start("supervise");
	const pid_t server = server_of(view);
	int fd = open_at(VIEW "/a", O_RDWR | O_CREAT);

	ok(kill(view, SIGKILL));
	g_assert_true(WIFSIGNALED(daemon_status(view)));
	wait_until (kill(server, 0) == -1)
		;
	fails(ENOTCONN, open(VIEW "/b", O_CREAT | O_RDWR, 0644));
	fails(ENOTCONN, fstat(fd, &(struct stat){ 0 }));
	close(fd);
	unmount_at(VIEW);
	view = view_start("supervise");
	g_assert_true(exists(VIEW "/a"));
	view_end(view);
}

static void sigterm_ends_the_mount_well(void)
{
	pid_t view = view_start("supervise");

	server_dies(view, SIGKILL);
	ok(kill(view, SIGTERM));
	g_assert_cmpint(daemon_status(view), ==, 0);
	g_assert_false(is_mounted(VIEW));
}

static pid_t keeper_in_background(void)
{
	g_autofree char *pid = NULL;

	g_assert_cmpint(run_shmfuse("-o %s,supervise %s", options_of_path(), VIEW), ==, 0);
	has_text(RUN_ERR, "");
	pid = sh_output("pgrep -o -f supervise.*" VIEW);
	return (pid_t)atoi(pid);
}

static void background_ends(pid_t keeper)
{
	unmount_at(VIEW);
	wait_until (kill(keeper, 0) == -1)
		;
}

static void background_has_it_too(void)
{
	const pid_t keeper = keeper_in_background();

	put(VIEW "/a", "x");
	server_dies(keeper, SIGKILL);
	has_text(VIEW "/a", "x");
	background_ends(keeper);
}

static void has_left_the_terminal(pid_t pid, pid_t leader)
{
	g_autofree char *link = g_strdup_printf("/proc/%d/cwd", (int)pid);
	g_autofree char *directory = g_file_read_link(link, NULL);

	g_assert_cmpstr(directory, ==, "/");
	g_assert_cmpint(getsid(pid), ==, leader);
	g_assert_cmpint(getpgid(pid), ==, leader);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", (int)pid, fd);
		g_autofree char *file = g_file_read_link(path, NULL);

		g_assert_cmpstr(file, ==, "/dev/null");
	}
}

/* Who keeps the mount as well as who serves it. */
static void neither_process_keeps_the_terminal_or_the_directory(void)
{
	pid_t keeper;

	ok(chdir(PLAIN));
	keeper = keeper_in_background();
	has_left_the_terminal(keeper, keeper);
	has_left_the_terminal(server_of(keeper), keeper);
	server_dies(keeper, SIGKILL);
	has_left_the_terminal(server_of(keeper), keeper);
	ok(chdir("/"));
	background_ends(keeper);
}

/* As they may be where it is started: the kernel tells of no child that dies then. */
static void ignored_deaths_are_noticed(void)
{
	g_autofree char *options = g_strdup_printf("%s,supervise", options_of_path());
	pid_t keeper = (pid_t)ok(fork());

	if (keeper == 0) {
		signal(SIGCHLD, SIG_IGN);
		execl(shmfuse_path(), "shmfuse", "-f", "-o", options, VIEW, (char *)NULL);
		_exit(127);
	}
	wait_until (is_mounted(VIEW))
		;
	put(VIEW "/a", "x");
	server_dies(keeper, SIGKILL);
	has_text(VIEW "/a", "x");
	unmount_at(VIEW);
	g_assert_cmpint(daemon_status(keeper), ==, 0);
}

/* What the keeper had open itself is not the dead process's. */
static void many_descriptors_of_before_stay(void)
{
	g_autofree char *options = g_strdup_printf("%s,supervise", options_of_path());
	pid_t keeper = (pid_t)ok(fork());

	if (keeper == 0) {
		for (int fd = 100; fd < 300; fd++)
			ok(dup2(STDERR_FILENO, fd));
		execl(shmfuse_path(), "shmfuse", "-f", "-o", options, VIEW, (char *)NULL);
		_exit(127);
	}
	wait_until (is_mounted(VIEW))
		;
	put(VIEW "/a", "x");
	server_dies(keeper, SIGKILL);
	has_text(VIEW "/a", "x");
	view_end(keeper);
}

static void may_have_processes(pid_t pid, rlim_t count)
{
	AS_USER (1000, 1000) {
		struct rlimit limit;

		ok(prlimit(pid, RLIMIT_NPROC, NULL, &limit));
		limit.rlim_cur = MIN(count, limit.rlim_max);
		ok(prlimit(pid, RLIMIT_NPROC, &limit, NULL));
	}
}

/* Of a user's, since root may always have one more. */
static void no_process_for_a_while_is_waited_for(void)
{
	pid_t keeper, server;

	let_user_1000_mount();
	keeper = (pid_t)ok(fork());
	if (keeper == 0) {
		dup2(open_at("/run/log", O_WRONLY | O_CREAT), STDERR_FILENO);
		ok(setresgid(1000, 1000, 1000));
		ok(setresuid(1000, 1000, 1000));
		execl(shmfuse_path(), "shmfuse", "-f", "-o", "data=mapped,supervise", MNT,
		      (char *)NULL);
		_exit(127);
	}
	wait_until (is_mounted(MNT))
		;
	AS_USER (1000, 1000)
		put(MNT "/a", "x");
	server = server_of(keeper);
	may_have_processes(keeper, 0);
	ok(kill(server, SIGKILL));
	wait_until (strstr(get("/run/log"), "no process to serve") != NULL)
		;
	may_have_processes(keeper, RLIM_INFINITY);
	AS_USER (1000, 1000) {
		has_text(MNT "/a", "x");
		sh("fusermount3 -u $MNT");
	}
	g_assert_cmpint(daemon_status(keeper), ==, 0);
}

/* ---- what the keeper is told ---- */

static unsigned times_said(const char *words)
{
	g_autofree char *said = daemon_stderr();
	g_auto(GStrv) parts = g_strsplit(said, words, -1);

	return g_strv_length(parts) - 1;
}

/* A process that took over and was asked nothing yet counts all the same. */
static void counters_are_told_by_who_took_over(void)
{
	pid_t view = view_start("supervise");

	server_dies(view, SIGKILL);
	ok(kill(view, SIGUSR1));
	wait_until (times_said("counters: ") > 0)
		;
	g_assert_cmpuint(times_said("counters: requests="), ==, 1);
	view_end(view);
}

static bool is_handover(const char *fd)
{
	g_autofree char *file = g_file_read_link(fd, NULL);

	return file != NULL && g_str_has_prefix(file, "/memfd:shmfuse handover");
}

static char *handover_of(pid_t keeper)
{
	for (int fd = 0; fd < 100; fd++) {
		g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", (int)keeper, fd);

		if (is_handover(path))
			return g_steal_pointer(&path);
	}
	g_error("the keeper has no handover");
}

/* In its memory of the session this kernel becomes an older one. */
static void make_keeper_believe_in_no_resending(pid_t keeper)
{
	const off_t at = offsetof(struct handover, can_resend);
	const bool can = false;
	g_autofree char *path = handover_of(keeper);
	int fd = open_at(path, O_RDWR);

	g_assert_cmpint(ok(pwrite(fd, &can, sizeof(can), at)), ==, sizeof(can));
	close(fd);
}

static void without_a_kernel_for_it_sighup_changes_nothing(void)
{
	pid_t view = view_start("supervise=auto");
	const pid_t server = server_of(view);

	make_keeper_believe_in_no_resending(view);
	ok(kill(view, SIGHUP));
	wait_until (times_said("upgrade: the kernel cannot send again") > 0)
		;
	put(VIEW "/a", "served");
	g_assert_cmpint(server_of(view), ==, server);
	view_end(view);
}

static void second_transport_is_left_out(void)
{
	g_assert_cmpint(run_shmfuse("-o %s,supervise,io_uring=auto %s", options_of_path(), VIEW),
			==, 0);
	has_text(RUN_ERR, "shmfuse: no io_uring: supervise goes without it; requests come by "
			  "/dev/fuse\n");
	unmount_at(VIEW);
}

static void second_transport_is_refused(void)
{
	g_assert_cmpint(run_shmfuse("-f -o supervise,io_uring=on %s", VIEW), ==, 1);
	has_text(RUN_ERR, "shmfuse: supervise: not with io_uring=on: leave one of them out\n");
}

#define SUPERVISED .options = "supervise", .says = "*another one takes over*"

static const struct mount_test tests[] = {
	{ TEST(open_file_works_on), SUPERVISED },
	{ TEST(unlinked_file_keeps_its_content), SUPERVISED },
	{ TEST(unnamed_file_can_be_given_a_name), SUPERVISED },
	{ TEST(mapping_stays_the_same_memory), .paths = ONLY_PASSTHROUGH, SUPERVISED },
	{ TEST(file_that_is_open_can_be_opened_again), SUPERVISED },
	{ TEST(owner_that_the_kernel_went_by_is_still_known), SUPERVISED },
	{ TEST(owner_of_before_has_no_rights), SUPERVISED },
	{ TEST(nothing_is_left_open_in_the_end), SUPERVISED },
	{ TEST(nothing_is_left_of_what_was_being_opened), SUPERVISED },
	{ TEST(names_are_found_in_directories_of_before), SUPERVISED },
	{ TEST(removed_working_directory_stays_one), SUPERVISED },
	{ TEST(what_has_no_name_is_looked_for_once_at_most), SUPERVISED },
	{ TEST(file_is_found_in_a_directory_that_was_renamed_since), SUPERVISED },
	{ TEST(directory_is_read_on_from_where_it_was), SUPERVISED },
	{ TEST(object_that_changed_hands_meanwhile_is_not_taken_for_it), SUPERVISED },
	{ TEST(locks_are_held), SUPERVISED },
	{ TEST(lock_that_is_waited_for_is_had_in_the_end), SUPERVISED },
	{ TEST(waiter_for_a_lock_can_be_killed), SUPERVISED },
	{ TEST(request_of_a_moment_before_is_answered), SUPERVISED },
	{ TEST(directory_with_much_in_it_is_renamed_at_once), SUPERVISED },
	{ TEST(request_that_crashes_its_server_is_an_error_in_the_end), SUPERVISED },
	{ TEST(quota_counts_what_was_unlinked_before), .says = "*another one takes over*" },
	{ TEST(ephemeral_content_outlives_a_server_but_not_the_mount),
	  .says = "*another one takes over*" },
	{ TEST(kept_attributes_are_those_of_the_object), .says = "*another one takes over*" },
	{ TEST(killed_keeper_leaves_nobody) },
	{ TEST(sigterm_ends_the_mount_well), .says = "*another one takes over*" },
	{ TEST(background_has_it_too) },
	{ TEST(neither_process_keeps_the_terminal_or_the_directory) },
	{ TEST(ignored_deaths_are_noticed) },
	{ TEST(many_descriptors_of_before_stay) },
	{ TEST(no_process_for_a_while_is_waited_for), NO_MOUNT, .needs = "fusermount3" },
	{ TEST(counters_are_told_by_who_took_over), .says = "*another one takes over*" },
	{ TEST(without_a_kernel_for_it_sighup_changes_nothing), .says = "*nothing was changed*" },
	{ TEST(second_transport_is_left_out) },
	{ TEST(second_transport_is_refused), .paths = NO_MOUNT },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "supervise", tests, G_N_ELEMENTS(tests));
}
