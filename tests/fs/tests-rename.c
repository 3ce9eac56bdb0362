/* SPDX-License-Identifier: MIT */
/* rename(2) of objects and of directories with all that is below them. */
#include "mount.h"

#include <fcntl.h>
#include <stdio.h>

static int rename2(const char *from, const char *to, unsigned flags)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
}

static ino_t number_of(const char *path)
{
	return stat_of(path).st_ino;
}

static void an_object_keeps_itself_under_a_new_name(void)
{
	ino_t number;
	int fd;

	put(MNT "/a", "text");
	number = number_of(MNT "/a");
	fd = ok(open(MNT "/a", O_RDWR));
	ok(rename(MNT "/a", MNT "/b"));
	has_names(SHM, "b ");
	g_assert_cmpint(number_of(MNT "/b"), ==, number);
	ok(pwrite(fd, "T", 1, 0));
	has_text(SHM "/b", "Text");
	same_fstat(fd, SHM "/b");
	fails(ENOENT, rename(MNT "/a", MNT "/c"));
	fails(ENOENT, rename(MNT "/b", MNT "/none/c"));
}

static void an_open_target_keeps_its_content(void)
{
	int fd;

	put(MNT "/a", "new");
	put(MNT "/b", "old content");
	fd = ok(open(MNT "/b", O_RDWR));
	ok(rename(MNT "/a", MNT "/b"));
	has_text(MNT "/b", "new");
	has_names(SHM, "b ");
	g_assert_cmpint(fstat_of(fd).st_nlink, ==, 0);
	g_assert_cmpint(fstat_of(fd).st_size, ==, 11);
}

static void two_names_of_one_object_stay(void)
{
	put(MNT "/a", "text");
	ok(link(MNT "/a", MNT "/b"));
	ok(rename(MNT "/a", MNT "/b"));
	has_names(SHM, "a b ");
	ok(rename(MNT "/a", MNT "/a"));
	has_text(MNT "/a", "text");
}

static void noreplace_replaces_nothing(void)
{
	put(MNT "/a", "a");
	put(MNT "/b", "b");
	ok(mkdir(MNT "/d", 0755));
	fails(EEXIST, rename2(MNT "/a", MNT "/b", RENAME_NOREPLACE));
	fails(EEXIST, rename2(MNT "/a", MNT "/d", RENAME_NOREPLACE));
	ok(rename2(MNT "/a", MNT "/c", RENAME_NOREPLACE));
	ok(rename2(MNT "/d", MNT "/e", RENAME_NOREPLACE));
	has_names(MNT, "b c e ");
}

static void exchange_swaps_objects(void)
{
	put(MNT "/a", "a");
	put(MNT "/b", "b");
	ok(rename2(MNT "/a", MNT "/b", RENAME_EXCHANGE));
	has_text(SHM "/a", "b");
	has_text(MNT "/b", "a");
	fails(ENOENT, rename2(MNT "/a", MNT "/none", RENAME_EXCHANGE));
	fails(EINVAL, rename2(MNT "/a", MNT "/b", RENAME_EXCHANGE | RENAME_NOREPLACE));
	fails(EINVAL, rename2(MNT "/a", MNT "/b", 0x80));
}

static void exchange_swaps_directories_with_their_content(void)
{
	ok(mkdir(MNT "/a", 0755));
	ok(mkdir(MNT "/b", 0700));
	put(MNT "/a/x", "in a");
	put(MNT "/b/y", "in b");
	put(MNT "/f", "file");
	ok(rename2(MNT "/a", MNT "/b", RENAME_EXCHANGE));
	has_text(MNT "/b/x", "in a");
	has_text(SHM "/a%y", "in b");
	g_assert_cmpint(stat_of(MNT "/a").st_mode, ==, S_IFDIR | 0700);
	ok(rename2(MNT "/a", MNT "/f", RENAME_EXCHANGE));
	has_text(MNT "/a", "file");
	has_text(MNT "/f/y", "in b");
	has_names(SHM, "a b% b%x f% f%y ");
	fails(EINVAL, rename2(MNT "/b", MNT "/b/x", RENAME_EXCHANGE));
	fails(EINVAL, rename2(MNT "/b/x", MNT "/b", RENAME_EXCHANGE));
}

static void objects_move_between_directories(void)
{
	ok(mkdir(MNT "/a", 0755));
	ok(mkdir(MNT "/b", 0755));
	put(MNT "/x", "text");
	ok(rename(MNT "/x", MNT "/a/x"));
	has_names(SHM, "a% a%x b% ");
	ok(rename(MNT "/a/x", MNT "/b/sem.y"));
	has_names(SHM, "a% b% sem.b%y ");
	ok(rename(MNT "/b/sem.y", MNT "/x"));
	has_text(SHM "/x", "text");
	has_names(MNT "/b", "");
}

static void a_directory_moves_with_all_below_it(void)
{
	ino_t number;

	sh("cd $MNT; mkdir -p a/b/c target; \n"
	   "for i in $(seq 50); do echo $i >a/f$i; echo $i >a/b/g$i; done");
	put(MNT "/a/b/c/x", "deep");
	put(MNT "/a/sem.s", "");
	put(MNT "/ab", "a neighbour");
	number = number_of(MNT "/a/b/c/x");
	ok(rename(MNT "/a", MNT "/target/z"));
	g_assert_cmpint(number_of(MNT "/target/z/b/c/x"), ==, number);
	has_text(SHM "/target%z%b%c%x", "deep");
	has_text(SHM "/target%z%b%g50", "50\n");
	g_assert_true(exists(SHM "/sem.target%z%s"));
	has_names(MNT, "ab target ");
	sh("test $(find $MNT/target/z -type f | wc -l) = 102");
	sh("test $(ls $SHM | grep -c '^a%') = 0");
}

static void a_moved_directory_stays_open(void)
{
	int dir, fd;

	ok(mkdir(MNT "/a", 0755));
	ok(mkdir(MNT "/a/b", 0755));
	put(MNT "/a/b/x", "text");
	dir = ok(open(MNT "/a/b", O_RDONLY | O_DIRECTORY));
	fd = ok(open(MNT "/a/b/x", O_RDWR));
	ok(chdir(MNT "/a/b"));
	ok(rename(MNT "/a", MNT "/c"));
	put("y", "by cwd");
	has_text(SHM "/c%b%y", "by cwd");
	ok(unlinkat(dir, "y", 0));
	has_text("x", "text");
	ok(pwrite(fd, "T", 1, 0));
	ok(ftruncate(fd, 1));
	has_text(SHM "/c%b%x", "T");
	sh("test \"$(pwd -P)\" = $MNT/c/b");
}

static void directories_replace_only_empty_ones(void)
{
	ok(mkdir(MNT "/a", 0750));
	ok(mkdir(MNT "/b", 0755));
	put(MNT "/a/x", "");
	put(MNT "/b/y", "");
	put(MNT "/f", "");
	fails(ENOTEMPTY, rename(MNT "/a", MNT "/b"));
	fails(ENOTDIR, rename(MNT "/a", MNT "/f"));
	fails(EISDIR, rename(MNT "/f", MNT "/a"));
	ok(unlink(MNT "/b/y"));
	ok(rename(MNT "/a", MNT "/b"));
	has_names(SHM, "b% b%x f ");
	g_assert_cmpint(stat_of(MNT "/b").st_mode, ==, S_IFDIR | 0750);
}

static void loops_are_refused(void)
{
	ok(mkdir(MNT "/a", 0755));
	ok(mkdir(MNT "/a/b", 0755));
	ok(mkdir(MNT "/a/b/c", 0755));
	fails(EINVAL, rename(MNT "/a", MNT "/a/b/x"));
	fails(EINVAL, rename(MNT "/a", MNT "/a/x"));
	fails(EINVAL, rename(MNT "/a", MNT "/a/b/c"));
	fails(ENOTEMPTY, rename(MNT "/a/b/c", MNT "/a"));
	ok(rename(MNT "/a", MNT "/a"));
	fails(EBUSY, rename(MNT "/a/.", MNT "/b"));
	fails(EBUSY, rename(MNT "/a", MNT "/a/b/.."));
	fails(EXDEV, rename(MNT "/a", PLAIN "/a"));
	has_names(SHM, "a% a%b% a%b%c% ");
}

static void a_move_that_makes_a_name_too_long_changes_nothing(void)
{
	g_autofree char *d = g_strnfill(100, 'd'), *f = g_strnfill(150, 'f');
	g_autofree char *dir = g_strconcat(MNT "/", d, NULL);
	g_autofree char *file = g_strconcat(MNT "/a/", f, NULL);

	ok(mkdir(MNT "/a", 0755));
	put(MNT "/a/b", "short");
	put(file, "long");
	put(MNT "/a/z", "");
	ok(rename(MNT "/a", dir));
	ok(rename(dir, MNT "/a"));
	ok(mkdir(dir, 0755));
	g_free(dir);
	dir = g_strconcat(MNT "/", d, "/ddddd", NULL);
	fails(ENAMETOOLONG, rename(MNT "/a", dir));
	has_text(file, "long");
	has_text(MNT "/a/b", "short");
	g_assert_false(exists(dir));
}

static void permissions_are_asked_as_natively(void)
{
	ok(mkdir(MNT "/mine", 0755));
	ok(mkdir(MNT "/theirs", 0755));
	ok(chown(MNT "/mine", 1000, 1000));
	AS_USER (1000, 1000) {
		put(MNT "/mine/x", "");
		ok(mkdir(MNT "/mine/d", 0755));
		fails(EACCES, rename(MNT "/mine/x", MNT "/theirs/x"));
		fails(EACCES, rename2(MNT "/mine/x", MNT "/theirs/x", RENAME_NOREPLACE));
		fails(EPERM, rename(MNT "/theirs", MNT "/other"));
		ok(rename(MNT "/mine/d", MNT "/mine/e"));
	}
	put(MNT "/mine/e/roots", "");
	ok(chmod(MNT "/mine/e", 0555));
	AS_USER (1000, 1000) {
		/* A directory that stays in its parent needs no write permission itself;
		 * what is below it is not asked. */
		ok(rename(MNT "/mine/e", MNT "/mine/f"));
		/* One that moves has a new "..". */
		fails(EACCES, rename(MNT "/mine/f", MNT "/f"));
	}
	g_assert_true(exists(SHM "/mine%f%roots"));
}

/* While a directory moves to and fro, it is in one of the two places. */
static void lookers_see_one_step(void)
{
	pid_t mover;

	sh("cd $MNT; mkdir a; for i in $(seq 30); do echo >a/f$i; done");
	CHILD (mover)
		for (;;) {
			ok(rename(MNT "/a", MNT "/b"));
			ok(rename(MNT "/b", MNT "/a"));
		}
	for (int round = 0; round < 1000; round++) {
		g_autofree char *names = names_in(MNT);
		int dir;

		if (!g_str_equal(names, "a ") && !g_str_equal(names, "b "))
			g_error("listed: \"%s\"", names);
		dir = open(MNT "/a", O_RDONLY | O_DIRECTORY);
		if (dir == -1) {
			g_assert_cmpint(errno, ==, ENOENT);
			continue;
		}
		/* Whatever its name is meanwhile, all is in it. */
		ok(faccessat(dir, "f1", F_OK, 0));
		ok(faccessat(dir, "f30", F_OK, 0));
		close(dir);
	}
	ok(kill(mover, SIGKILL));
}

static void what_is_no_object_is_not_replaced(void)
{
	put(MNT "/a", "text");
	ok(mkfifo(SHM "/pipe", 0600));
	fails(EEXIST, rename(MNT "/a", MNT "/pipe"));
	fails(EEXIST, renameat2(AT_FDCWD, MNT "/a", AT_FDCWD, MNT "/pipe", RENAME_NOREPLACE));
	has_names(SHM, "a pipe ");
}

/* Who works in a directory whose marker was removed natively has left the tree. */
static void nothing_is_renamed_into_a_directory_that_is_gone(void)
{
	ok(mkdir(MNT "/gone", 0755));
	put(MNT "/a", "text");
	ok(chdir(MNT "/gone"));
	ok(unlink(SHM "/gone%"));
	fails(ENOENT, rename(MNT "/a", "b"));
	fails(ENOENT, rename("b", MNT "/c"));
	fails(ENOENT, renameat2(AT_FDCWD, MNT "/a", AT_FDCWD, "b", RENAME_EXCHANGE));
	fails(ENOENT, link(MNT "/a", "b"));
	fails(ENOENT, mkdir("b", 0755));
	ok(chdir("/"));
	has_names(SHM, "a ");
}

static const struct mount_test tests[] = {
	{ TEST(nothing_is_renamed_into_a_directory_that_is_gone) },
	{ TEST(what_is_no_object_is_not_replaced) },
	{ TEST(an_object_keeps_itself_under_a_new_name) },
	{ TEST(an_open_target_keeps_its_content) },
	{ TEST(two_names_of_one_object_stay) },
	{ TEST(noreplace_replaces_nothing) },
	{ TEST(exchange_swaps_objects) },
	{ TEST(exchange_swaps_directories_with_their_content) },
	{ TEST(objects_move_between_directories) },
	{ TEST(a_directory_moves_with_all_below_it) },
	{ TEST(a_moved_directory_stays_open) },
	{ TEST(directories_replace_only_empty_ones) },
	{ TEST(loops_are_refused) },
	{ TEST(a_move_that_makes_a_name_too_long_changes_nothing) },
	{ TEST(permissions_are_asked_as_natively) },
	{ TEST(lookers_see_one_step) },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "rename", tests, G_N_ELEMENTS(tests));
}
