/* SPDX-License-Identifier: MIT */
/*
 * Never stale: what one side did before a call is what the other side's call
 * sees. Whatever the kernel may cache is made hot first, then the object is
 * changed on the other side, and the very next call is the one that counts.
 */
#include "mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

/* The changes that one side can make to the object at path; i is the round. */
static void grow(const char *path, int i)
{
	ok(truncate(path, 1000 + i));
}

static void shrink(const char *path, int i)
{
	ok(truncate(path, i % 7));
}

static void fill(const char *path, int i)
{
	int fd = ok(open(path, O_WRONLY));

	ok(pwrite(fd, "text", 4, i * 4096));
	close(fd);
}

static void change_mode(const char *path, int i)
{
	ok(chmod(path, i % 2 ? 0640 : 0604));
}

static void change_owner(const char *path, int i)
{
	ok(chown(path, 1000 + i, 2000 + i));
}

static void change_times(const char *path, int i)
{
	ok(utimensat(AT_FDCWD, path, (struct timespec[]){ { i, 1 }, { 1000 + i, 2 } }, 0));
}

static void add_name(const char *path, int i)
{
	g_autofree char *other = g_strdup_printf("%s.%d", path, i);

	ok(link(path, other));
}

static void drop_name(const char *path, int i)
{
	g_autofree char *other = g_strdup_printf("%s-%d", path, i);

	ok(link(path, other));
	ok(unlink(other));
}

static void set_attribute(const char *path, int i)
{
	ok(setxattr(path, "user.x", &i, sizeof i, 0));
}

static void (*const changes[])(const char *path, int i) = {
	grow,	      shrink,	fill,	   change_mode,	  change_owner,
	change_times, add_name, drop_name, set_attribute,
};

enum { ROUNDS = 100 };

/* Every change, made at `there`, is seen at `here` by path and descriptor. */
static void changes_are_seen(const char *there, const char *here)
{
	for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
		int fd, path_fd;

		put(there, "text");
		fd = ok(open(here, O_RDWR));
		path_fd = ok(open(here, O_PATH));
		for (int round = 0; round < ROUNDS; round++) {
			same_stat(here, there);
			changes[i](there, round);
			if (round % 2) {
				same_stat(here, there);
				same_fstat(fd, there);
			} else {
				same_fstat(fd, there);
				same_stat(here, there);
			}
			same_fstat(path_fd, there);
			g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, stat_of(there).st_size);
		}
		close(fd);
		close(path_fd);
		ok(unlink(there));
	}
}

static void native_changes_are_seen_on_the_mount(void)
{
	changes_are_seen(SHM "/a", MNT "/a");
}

static void changes_on_the_mount_are_seen_natively(void)
{
	changes_are_seen(MNT "/a", SHM "/a");
}

/* Names: each step is made on one side and looked for on the other. */
static void names_are_seen(const char *there, const char *here)
{
	g_autofree char *a = g_strconcat(there, "/a", NULL), *b = g_strconcat(there, "/b", NULL);
	g_autofree char *my_a = g_strconcat(here, "/a", NULL),
			*my_b = g_strconcat(here, "/b", NULL);

	for (int round = 0; round < ROUNDS; round++) {
		int fd;

		g_assert_false(exists(my_a));
		fails(ENOENT, open(my_a, O_RDONLY));
		put(a, "first");
		has_text(my_a, "first");
		has_names(here, "a ");
		fd = ok(open(my_a, O_RDONLY));

		ok(unlink(a));
		g_assert_false(exists(my_a));
		g_assert_cmpint(fstat_of(fd).st_nlink, ==, 0);
		has_names(here, "");

		put(a, "second object");
		has_text(my_a, "second object");
		same_stat(my_a, a);
		g_assert_cmpint(fstat_of(fd).st_size, ==, 5);

		ok(rename(a, b));
		g_assert_false(exists(my_a));
		has_text(my_b, "second object");
		has_names(here, "b ");

		put(a, "third");
		has_text(my_a, "third");
		ok(rename(b, a));
		has_text(my_a, "second object");
		g_assert_false(exists(my_b));

		ok(link(a, b));
		g_assert_cmpint(stat_of(my_b).st_nlink, ==, 2);
		g_assert_cmpint(stat_of(my_b).st_ino, ==, stat_of(my_a).st_ino);
		same_stat(my_a, a);
		ok(unlink(a));
		g_assert_cmpint(stat_of(my_b).st_nlink, ==, 1);
		has_names(here, "b ");
		ok(unlink(b));
		close(fd);
	}
}

static void native_names_are_seen_on_the_mount(void)
{
	names_are_seen(SHM, MNT);
}

static void names_on_the_mount_are_seen_natively(void)
{
	names_are_seen(MNT, SHM);
}

static void a_name_made_again_means_the_new_object_in_every_call(void)
{
	struct stat st;

	for (int round = 0; round < ROUNDS; round++) {
		put(SHM "/a", "old");
		same_stat(MNT "/a", SHM "/a");
		ok(unlink(SHM "/a"));
		put(SHM "/a", "the new one");
		switch (round % 7) {
		case 0:
			ok(truncate(MNT "/a", 3));
			has_text(SHM "/a", "the");
			break;
		case 1:
			ok(chmod(MNT "/a", 0600));
			g_assert_cmpint(stat_of(SHM "/a").st_mode & 0777, ==, 0600);
			break;
		case 2:
			has_text(MNT "/a", "the new one");
			break;
		case 3:
			ok(rename(MNT "/a", MNT "/b"));
			has_text(SHM "/b", "the new one");
			ok(unlink(SHM "/b"));
			continue;
		case 4:
			ok(link(MNT "/a", MNT "/b"));
			g_assert_cmpint(stat_of(SHM "/a").st_nlink, ==, 2);
			ok(unlink(SHM "/b"));
			break;
		case 5:
			ok(stat(MNT "/a", &st));
			g_assert_cmpint(st.st_size, ==, 11);
			break;
		case 6:
			ok(access(MNT "/a", R_OK));
			ok(utimensat(AT_FDCWD, MNT "/a", (struct timespec[]){ { 1, 1 }, { 2, 2 } },
				     0));
			g_assert_cmpint(stat_of(SHM "/a").st_mtim.tv_sec, ==, 2);
			break;
		}
		ok(unlink(MNT "/a"));
		has_names(SHM, "");
	}
}

static void native_writes_are_read_at_once(void)
{
	int mounted, native;

	put(SHM "/a", "");
	mounted = ok(open(MNT "/a", O_RDWR));
	native = ok(open(SHM "/a", O_RDWR));
	for (int round = 0; round < 1000; round++) {
		int seen = -1;

		ok(pwrite(round % 2 ? mounted : native, &round, sizeof round, round * 100));
		ok(pread(round % 2 ? native : mounted, &seen, sizeof seen, round * 100));
		g_assert_cmpint(seen, ==, round);
	}
}

/* Neither sendfile(2) nor a private mapping may show what was cached before. */
static void every_way_of_reading_is_fresh(void)
{
	int mounted, out = ok(open(PLAIN "/out", O_RDWR | O_CREAT, 0600));

	put(SHM "/a", "");
	mounted = ok(open(MNT "/a", O_RDONLY));
	for (int round = 0; round < 100; round++) {
		g_autofree char *text = g_strdup_printf("round %03d", round);
		size_t len = strlen(text);
		off_t off = 0;
		char *map;

		put(SHM "/a", text);
		ok(ftruncate(out, 0));
		ok(lseek(out, 0, SEEK_SET));
		/* On the mapped path the kernel sends by the size that it was told last
		 * (filemap_splice_read), which a program's own fstat(2) renews. */
		if (!on_passthrough())
			fstat_of(mounted);
		g_assert_cmpint(ok(sendfile(out, mounted, &off, len)), ==, len);
		has_text(PLAIN "/out", text);
		map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, mounted, 0);
		g_assert_true(map != MAP_FAILED);
		g_assert_cmpstr(map, ==, text);
		ok(munmap(map, 4096));
	}
}

static void permissions_taken_natively_hold_at_once(void)
{
	put(SHM "/a", "text");
	for (int round = 0; round < 20; round++) {
		ok(chmod(SHM "/a", 0644));
		AS_USER (1000, 1000)
			ok(open(MNT "/a", O_RDONLY));
		ok(chmod(SHM "/a", 0600));
		AS_USER (1000, 1000)
			fails(EACCES, open(MNT "/a", O_RDONLY));
		ok(chmod(SHM, 0700));
		AS_USER (1000, 1000)
			fails(EACCES, access(MNT "/a", F_OK));
		ok(chmod(SHM, 01777));
	}
}

/* A process that makes and removes the name natively, without end. */
static pid_t churn(const char *path)
{
	pid_t pid;

	CHILD (pid)
		for (;;) {
			put(path, "text");
			ok(unlink(path));
		}
	return pid;
}

static void names_that_come_and_go_are_there_or_enoent(void)
{
	pid_t native = churn(SHM "/a"), other = churn(SHM "/b");

	for (int round = 0; round < 3000; round++) {
		int fd = open(MNT "/a", O_RDWR);
		struct stat st;

		if (fd == -1)
			g_assert_cmpint(errno, ==, ENOENT);
		else
			ok(close(fd));
		if (stat(MNT "/a", &st) == -1)
			g_assert_cmpint(errno, ==, ENOENT);
		if (truncate(MNT "/b", 0) == -1)
			g_assert_cmpint(errno, ==, ENOENT);
		if (chmod(MNT "/b", 0600) == -1)
			g_assert_cmpint(errno, ==, ENOENT);
		if (round % 10 == 0)
			g_free(names_in(MNT));
	}
	ok(kill(native, SIGKILL));
	ok(kill(other, SIGKILL));
}

static void listings_of_a_changing_tree_keep_what_stays(void)
{
	pid_t native[3];

	put(SHM "/stays", "");
	native[0] = churn(SHM "/a");
	native[1] = churn(SHM "/z");
	native[2] = churn(SHM "/m%n");
	for (int round = 0; round < 1000; round++) {
		g_autofree char *names = names_in(MNT);
		g_auto(GStrv) words = g_strsplit(names, " ", -1);
		int found = 0;

		for (char **word = words; *word; word++)
			found += g_str_equal(*word, "stays");
		g_assert_cmpint(found, ==, 1);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(native); i++)
		ok(kill(native[i], SIGKILL));
}

/* Whether a watch has reported all of these events since the last call. */
static void expect_events(int watch, guint32 expected)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t len = ok(read(watch, buf, sizeof buf));
	guint32 seen = 0;

	for (char *at = buf; at < buf + len;) {
		const struct inotify_event *event = (const void *)at;

		seen |= event->mask;
		at += sizeof *event + event->len;
	}
	g_assert_cmphex(seen & expected, ==, expected);
}

static void watches_report_what_happens_through_the_mount(void)
{
	int watch = ok(inotify_init1(IN_NONBLOCK));

	ok(inotify_add_watch(watch, MNT, IN_ALL_EVENTS));
	put(MNT "/a", "text");
	expect_events(watch, IN_CREATE | IN_OPEN | IN_MODIFY | IN_CLOSE_WRITE);
	ok(chmod(MNT "/a", 0600));
	ok(truncate(MNT "/a", 0));
	expect_events(watch, IN_ATTRIB | IN_MODIFY);
	ok(rename(MNT "/a", MNT "/b"));
	expect_events(watch, IN_MOVED_FROM | IN_MOVED_TO);
	ok(mkdir(MNT "/d", 0700));
	ok(unlink(MNT "/b"));
	expect_events(watch, IN_CREATE | IN_DELETE);
}

static const struct mount_test tests[] = {
	{ TEST(native_changes_are_seen_on_the_mount) },
	{ TEST(changes_on_the_mount_are_seen_natively) },
	{ TEST(native_names_are_seen_on_the_mount) },
	{ TEST(names_on_the_mount_are_seen_natively) },
	{ TEST(a_name_made_again_means_the_new_object_in_every_call) },
	{ TEST(native_writes_are_read_at_once) },
	{ TEST(every_way_of_reading_is_fresh) },
	{ TEST(permissions_taken_natively_hold_at_once) },
	{ TEST(names_that_come_and_go_are_there_or_enoent) },
	{ TEST(listings_of_a_changing_tree_keep_what_stays) },
	{ TEST(watches_report_what_happens_through_the_mount) },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "coherence", tests, G_N_ELEMENTS(tests));
}
