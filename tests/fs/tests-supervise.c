/* SPDX-License-Identifier: MIT */
/* Option supervise: the serving process dies, and nobody notices. */

#include "server.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

/* By a descriptor for which the kernel asks nobody about the file. */
static void what_others_than_the_owner_may_do_they_may(void)
{
	int fd, closed;

	put(SHM "/a", "");
	put(SHM "/b", "");
	ok(chmod(SHM "/a", 0666));
	fd = open_at(MNT "/a", O_PATH);
	closed = open_at(MNT "/b", O_PATH);
	die();
	AS_USER (1000, 1000) {
		ok(fchownat(fd, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH));
		ok(fchownat(closed, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH));
	}
	die();
	AS_USER (1000, 1000) {
		ok(utimensat(fd, "", NULL, AT_EMPTY_PATH));
		fails(EACCES, utimensat(closed, "", NULL, AT_EMPTY_PATH));
	}
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

#define SUPERVISED .options = "supervise", .says = "*another one takes over*"

static const struct mount_test tests[] = {
	{ TEST(open_file_works_on), SUPERVISED },
	{ TEST(unlinked_file_keeps_its_content), SUPERVISED },
	{ TEST(unnamed_file_can_be_given_a_name), SUPERVISED },
	{ TEST(mapping_stays_the_same_memory), .paths = ONLY_PASSTHROUGH, SUPERVISED },
	{ TEST(file_that_is_open_can_be_opened_again), SUPERVISED },
	{ TEST(owner_that_the_kernel_went_by_is_still_known), SUPERVISED },
	{ TEST(owner_of_before_has_no_rights), SUPERVISED },
	{ TEST(what_others_than_the_owner_may_do_they_may), SUPERVISED },
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
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "supervise", tests, G_N_ELEMENTS(tests));
}
