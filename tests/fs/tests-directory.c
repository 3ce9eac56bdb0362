/* SPDX-License-Identifier: MIT */
/* Directories: markers, the names below them, and who may enter. */
#include "mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

static void a_directory_is_an_empty_object(void)
{
	struct stat st;

	ok(mkdir(MNT "/team", 0750));
	has_names(SHM, "team% ");
	has_names(MNT, "team ");
	has_names(MNT "/team", "");
	st = stat_of(MNT "/team");
	g_assert_cmpint(st.st_mode, ==, S_IFDIR | 0750);
	g_assert_cmpint(stat_of(SHM "/team%").st_mode, ==, S_IFREG | 0750);
	g_assert_cmpint(stat_of(SHM "/team%").st_size, ==, 0);
	ok(rmdir(MNT "/team"));
	has_names(SHM, "");
}

static void names_below_are_joined_by_the_separator(void)
{
	ok(mkdir(MNT "/team", 0755));
	ok(mkdir(MNT "/team/cam", 0755));
	put(MNT "/team/cam/left", "left");
	put(MNT "/team/sem.lock", "sem");
	put(MNT "/team/cam/sem.lock", "deep");
	has_names(SHM, "sem.team%cam%lock sem.team%lock team% team%cam% team%cam%left ");
	has_text(SHM "/team%cam%left", "left");
	has_text(SHM "/sem.team%lock", "sem");
	put(SHM "/team%right", "right");
	put(SHM "/sem.team%other", "");
	has_text(MNT "/team/right", "right");
	has_names(MNT, "team ");
	has_names(MNT "/team", "cam right sem.lock sem.other ");
	has_names(MNT "/team/cam", "left sem.lock ");
	same_stat(MNT "/team/cam/left", SHM "/team%cam%left");
}

static void without_a_marker_the_separator_is_any_byte(void)
{
	put(MNT "/a%b", "plain");
	put(MNT "/a%b%c", "");
	has_names(SHM, "a%b a%b%c ");
	has_names(MNT, "a%b a%b%c ");
	g_assert_false(exists(MNT "/a"));
	ok(mkdir(MNT "/a", 0755));
	has_names(MNT, "a ");
	has_names(MNT "/a", "b b%c ");
	has_text(MNT "/a/b", "plain");
	g_assert_false(exists(MNT "/a%b"));
}

static void names_that_would_be_split_cannot_be_made(void)
{
	put(SHM "/x", "");
	ok(mkdir(MNT "/a", 0755));
	fails(EINVAL, open(MNT "/a%b", O_RDWR | O_CREAT, 0600));
	fails(EINVAL, mknod(MNT "/a%b", S_IFREG | 0600, 0));
	fails(EINVAL, mkdir(MNT "/a%b", 0700));
	fails(EINVAL, rename(MNT "/x", MNT "/a%b"));
	fails(EINVAL, link(MNT "/x", MNT "/a%b"));
	fails(ENOENT, open(MNT "/a%b", O_RDWR));
	fails(ENOENT, unlink(MNT "/a%b"));
	fails(EINVAL, open(MNT "/b%", O_RDWR | O_CREAT, 0600));
	fails(EINVAL, rename(MNT "/x", MNT "/b%"));
	has_names(SHM, "a% x ");
}

static void a_directory_at_the_top_is_no_semaphore(void)
{
	fails(EINVAL, mkdir(MNT "/sem.a", 0755));
	ok(mkdir(MNT "/d", 0755));
	fails(EINVAL, rename(MNT "/d", MNT "/sem.a"));
	has_names(SHM, "d% ");
}

static void the_older_of_object_and_marker_has_the_name(void)
{
	put(SHM "/x", "object");
	wait_until (later_than(SHM "/x"))
		;
	put(SHM "/x%", "");
	g_assert_true(S_ISREG(stat_of(MNT "/x").st_mode));
	has_text(MNT "/x", "object");
	has_names(MNT, "x ");

	put(SHM "/y%", "");
	wait_until (later_than(SHM "/y%"))
		;
	put(SHM "/y", "object");
	put(SHM "/y%z", "below");
	g_assert_true(S_ISDIR(stat_of(MNT "/y").st_mode));
	has_names(MNT, "x y ");
	has_text(MNT "/y/z", "below");
	ok(unlink(SHM "/y%"));
	has_text(MNT "/y", "object");
}

static void a_marker_with_content_is_a_plain_file(void)
{
	put(SHM "/a%", "content");
	has_names(MNT, "a% ");
	has_text(MNT "/a%", "content");
	g_assert_false(exists(MNT "/a"));
}

static void only_empty_directories_are_removed(void)
{
	ok(mkdir(MNT "/a", 0755));
	put(SHM "/a%native", "");
	fails(ENOTEMPTY, rmdir(MNT "/a"));
	ok(unlink(MNT "/a/native"));
	ok(mkdir(MNT "/a/b", 0755));
	fails(ENOTEMPTY, rmdir(MNT "/a"));
	ok(rmdir(MNT "/a/b"));
	put(MNT "/a/sem.x", "");
	fails(ENOTEMPTY, rmdir(MNT "/a"));
	ok(unlink(MNT "/a/sem.x"));
	fails(EISDIR, unlink(MNT "/a"));
	ok(rmdir(MNT "/a"));
	fails(ENOENT, rmdir(MNT "/a"));
	has_names(SHM, "");
}

static void directories_that_exist_are_eexist(void)
{
	put(SHM "/file", "");
	ok(mkdir(MNT "/a", 0755));
	fails(EEXIST, mkdir(MNT "/a", 0755));
	fails(EEXIST, mkdir(MNT "/file", 0755));
	fails(EEXIST, open(MNT "/a", O_RDWR | O_CREAT | O_EXCL, 0600));
	fails(EISDIR, open(MNT "/a", O_RDWR | O_CREAT, 0600));
	fails(EISDIR, open(MNT "/a", O_WRONLY));
	fails(EEXIST, link(MNT "/file", MNT "/a"));
	fails(ENOENT, mkdir(MNT "/none/b", 0755));
	fails(ENOTDIR, mkdir(MNT "/file/b", 0755));
}

static void attributes_are_those_of_the_marker(void)
{
	struct timespec times[] = { { 1, 2 }, { 3, 4 } };

	ok(mkdir(MNT "/a", 0700));
	ok(chmod(MNT "/a", 02751));
	ok(chown(MNT "/a", 1000, 2000));
	ok(utimensat(AT_FDCWD, MNT "/a", times, 0));
	for (int native = 0; native <= 1; native++) {
		struct stat st = stat_of(native ? SHM "/a%" : MNT "/a");

		g_assert_cmpint(st.st_mode & 07777, ==, 02751);
		g_assert_cmpint(st.st_uid, ==, 1000);
		g_assert_cmpint(st.st_gid, ==, 2000);
		g_assert_cmpint(st.st_atim.tv_nsec, ==, 2);
		g_assert_cmpint(st.st_mtim.tv_sec, ==, 3);
	}
	ok(chmod(SHM "/a%", 0111));
	g_assert_cmpint(stat_of(MNT "/a").st_mode, ==, S_IFDIR | 0111);
}

/* The times of a directory after its content has changed are newer. */
static bool touched(const char *dir)
{
	struct stat st = stat_of(dir);
	bool newer = st.st_mtim.tv_sec > 1 && st.st_ctim.tv_sec > 1;

	ok(utimensat(AT_FDCWD, dir, (struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0));
	return newer;
}

static void changes_inside_change_the_times(void)
{
	static const char *const dirs[] = { MNT "/a", MNT "/a/b", MNT };

	ok(mkdir(MNT "/a", 0755));
	ok(mkdir(MNT "/a/b", 0755));
	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
		g_autofree char *x = g_strconcat(dirs[i], "/x", NULL);
		g_autofree char *y = g_strconcat(dirs[i], "/y", NULL);

		touched(dirs[i]);
		put(x, "");
		g_assert_true(touched(dirs[i]));
		put(x, "more");
		g_assert_false(touched(dirs[i]));
		ok(link(x, y));
		g_assert_true(touched(dirs[i]));
		ok(unlink(x));
		g_assert_true(touched(dirs[i]));
		ok(rename(y, x));
		g_assert_true(touched(dirs[i]));
		ok(mkdir(y, 0700));
		g_assert_true(touched(dirs[i]));
		ok(rmdir(y));
		g_assert_true(touched(dirs[i]));
	}
}

static void search_permission_counts_on_every_level(void)
{
	ok(mkdir(MNT "/a", 0755));
	ok(mkdir(MNT "/a/b", 0755));
	put(MNT "/a/b/x", "text");
	AS_USER (1000, 1000)
		has_text(MNT "/a/b/x", "text");
	ok(chmod(MNT "/a", 0744));
	AS_USER (1000, 1000) {
		fails(EACCES, open(MNT "/a/b/x", O_RDONLY));
		fails(EACCES, open(MNT "/a/b", O_RDONLY));
		has_names(MNT "/a", "b ");
	}
	ok(chmod(MNT "/a", 0711));
	AS_USER (1000, 1000) {
		has_text(MNT "/a/b/x", "text");
		fails(EACCES, open(MNT "/a", O_RDONLY));
		fails(EACCES, open(MNT "/a/b/y", O_RDWR | O_CREAT, 0600));
		fails(EACCES, unlink(MNT "/a/b/x"));
		fails(EACCES, rmdir(MNT "/a/b"));
		fails(EACCES, mkdir(MNT "/a/c", 0700));
	}
}

static void setgid_directories_hand_their_group_down(void)
{
	ok(mkdir(MNT "/a", 0755));
	ok(chown(MNT "/a", 0, 2000));
	ok(chmod(MNT "/a", 02777));
	AS_USER (1000, 1000) {
		put(MNT "/a/x", "");
		ok(mkdir(MNT "/a/b", 0755));
	}
	g_assert_cmpint(stat_of(SHM "/a%x").st_gid, ==, 2000);
	g_assert_cmpint(stat_of(MNT "/a/b").st_gid, ==, 2000);
	g_assert_cmpint(stat_of(MNT "/a/b").st_uid, ==, 1000);
	g_assert_cmpint(stat_of(MNT "/a/b").st_mode, ==, S_IFDIR | 02755);
}

static void sticky_directories_keep_others_entries(void)
{
	ok(mkdir(MNT "/a", 0755));
	ok(chmod(MNT "/a", 01777));
	AS_USER (1000, 1000)
		put(MNT "/a/x", "");
	AS_USER (1001, 1001) {
		fails(EPERM, unlink(MNT "/a/x"));
		fails(EPERM, rename(MNT "/a/x", MNT "/a/y"));
	}
	ok(chmod(MNT "/a", 0777));
	AS_USER (1001, 1001)
		ok(unlink(MNT "/a/x"));
}

static void the_whole_name_has_255_bytes(void)
{
	g_autofree char *d = g_strnfill(200, 'd');
	g_autofree char *dir = g_strconcat(MNT "/", d, NULL);
	g_autofree char *fits = g_strdup_printf("%s/%054d", dir, 0);
	g_autofree char *longer = g_strdup_printf("%s/%055d", dir, 0);
	g_autofree char *fits_dir = g_strdup_printf("%s/%053d", dir, 0);
	g_autofree char *below = g_strdup_printf("%s/x", fits_dir);
	struct statvfs vfs;

	ok(mkdir(dir, 0755));
	put(fits, "");
	fails(ENAMETOOLONG, open(longer, O_RDWR | O_CREAT, 0600));
	fails(ENAMETOOLONG, rename(fits, longer));
	fails(ENAMETOOLONG, link(fits, longer));
	ok(unlink(fits));
	fails(ENAMETOOLONG, mkdir(fits, 0700));
	ok(mkdir(fits_dir, 0755));
	fails(ENAMETOOLONG, open(below, O_RDWR | O_CREAT, 0600));
	ok(statvfs(dir, &vfs));
	g_assert_cmpint(vfs.f_namemax, ==, 54);
}

static void dot_and_dotdot_lead_where_they_should(void)
{
	DIR *dir;
	int found = 0;

	ok(mkdir(MNT "/a", 0755));
	ok(mkdir(MNT "/a/b", 0755));
	g_assert_cmpint(stat_of(MNT "/a/b/..").st_ino, ==, stat_of(MNT "/a").st_ino);
	g_assert_cmpint(stat_of(MNT "/a/b/../..").st_ino, ==, stat_of(MNT).st_ino);
	dir = opendir(MNT "/a/b");
	for (struct dirent *entry; (entry = readdir(dir)); found++)
		g_assert_cmpint(entry->d_type, ==, DT_DIR);
	g_assert_cmpint(found, ==, 2);
	fails(EINVAL, rmdir(MNT "/a/b/."));
	fails(ENOTEMPTY, rmdir(MNT "/a/b/.."));
	ok(chdir(MNT "/a/b"));
	sh("test \"$(pwd -P)\" = $MNT/a/b");
}

static void a_removed_directory_takes_nothing_more(void)
{
	int dir;

	ok(mkdir(MNT "/a", 0755));
	dir = ok(open(MNT "/a", O_RDONLY | O_DIRECTORY));
	ok(rmdir(MNT "/a"));
	fails(ENOENT, openat(dir, "x", O_RDWR | O_CREAT, 0600));
	fails(ENOENT, mkdirat(dir, "x", 0700));
	has_names(SHM, "");
}

static void flat_mounts_have_no_directories(void)
{
	fails(EPERM, mkdir(MNT "/a", 0755));
	put(SHM "/a%", "");
	put(SHM "/a%b", "text");
	has_names(MNT, "a% a%b ");
	has_text(MNT "/a%b", "text");
	put(MNT "/c%", "");
	has_names(SHM, "a% a%b c% ");
}

static void another_separator_may_be_chosen(void)
{
	ok(mkdir(MNT "/a", 0755));
	put(MNT "/a/b", "text");
	put(MNT "/a%b", "percent");
	has_names(SHM, "a%b a+ a+b ");
	has_names(MNT, "a a%b ");
	fails(EINVAL, open(MNT "/a+c", O_RDWR | O_CREAT, 0600));
}

static void markers_made_and_removed_natively_count_at_once(void)
{
	put(SHM "/a%b", "text");
	for (int round = 0; round < 50; round++) {
		int fd;

		has_names(MNT, "a%b ");
		fd = ok(open(MNT "/a%b", O_RDONLY));
		put(SHM "/a%", "");
		has_text(MNT "/a/b", "text");
		has_names(MNT, "a ");
		g_assert_false(exists(MNT "/a%b"));
		g_assert_cmpint(fstat_of(fd).st_size, ==, 4);
		ok(unlink(SHM "/a%"));
		g_assert_false(exists(MNT "/a"));
		g_assert_false(exists(MNT "/a/b"));
		has_text(MNT "/a%b", "text");
		close(fd);
	}
}

/* What a daemon leaves that was killed while it renamed a directory. */
static void two_markers_of_one_object_are_two_directories(void)
{
	ok(mkdir(MNT "/a", 0755));
	ok(link(SHM "/a%", SHM "/b%"));
	put(MNT "/a/x", "x");
	ok(rename(MNT "/a/x", MNT "/b/x"));
	has_text(MNT "/b/x", "x");
	has_names(MNT "/a", "");
	ok(rmdir(MNT "/a"));
	has_names(SHM, "b% b%x ");
	has_text(MNT "/b/x", "x");
}

static void a_removed_working_directory_is_empty(void)
{
	struct stat st;

	ok(mkdir(MNT "/a", 0750));
	ok(chdir(MNT "/a"));
	ok(rmdir(MNT "/a"));
	ok(stat(".", &st));
	g_assert_cmpint(st.st_mode, ==, S_IFDIR | 0750);
	g_assert_cmpint(st.st_nlink, ==, 0);
	fails(ENOENT, open("b", O_RDWR | O_CREAT, 0600));
	fails(ENOENT, stat("b", &st));
	ok(chdir("/"));
}

static void an_open_directory_that_was_removed_cannot_be_read(void)
{
	char buf[1000];
	int fd;

	ok(mkdir(MNT "/a", 0755));
	fd = ok(open(MNT "/a", O_RDONLY | O_DIRECTORY));
	ok(unlink(SHM "/a%"));
	fails(ENOENT, syscall(SYS_getdents64, fd, buf, sizeof buf));
	g_assert_cmpint(fstat_of(fd).st_nlink, ==, 0);
}

static const struct mount_test tests[] = {
	{ TEST(a_directory_is_an_empty_object) },
	{ TEST(names_below_are_joined_by_the_separator) },
	{ TEST(without_a_marker_the_separator_is_any_byte) },
	{ TEST(names_that_would_be_split_cannot_be_made) },
	{ TEST(a_removed_working_directory_is_empty) },
	{ TEST(an_open_directory_that_was_removed_cannot_be_read) },
	{ TEST(two_markers_of_one_object_are_two_directories) },
	{ TEST(a_directory_at_the_top_is_no_semaphore) },
	{ TEST(the_older_of_object_and_marker_has_the_name), .says = "*x%*y*" },
	{ TEST(a_marker_with_content_is_a_plain_file) },
	{ TEST(only_empty_directories_are_removed) },
	{ TEST(directories_that_exist_are_eexist) },
	{ TEST(attributes_are_those_of_the_marker) },
	{ TEST(changes_inside_change_the_times) },
	{ TEST(search_permission_counts_on_every_level) },
	{ TEST(setgid_directories_hand_their_group_down) },
	{ TEST(sticky_directories_keep_others_entries) },
	{ TEST(the_whole_name_has_255_bytes) },
	{ TEST(dot_and_dotdot_lead_where_they_should) },
	{ TEST(a_removed_directory_takes_nothing_more) },
	{ TEST(flat_mounts_have_no_directories), .options = "flat" },
	{ TEST(another_separator_may_be_chosen), .options = "separator=+" },
	{ TEST(markers_made_and_removed_natively_count_at_once) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "directory", tests, G_N_ELEMENTS(tests));
}
