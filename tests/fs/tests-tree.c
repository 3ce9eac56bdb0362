/* SPDX-License-Identifier: MIT */
/* What is there: listings, attributes, names. */
#include "mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>

static void listing_shows_every_object(void)
{
	has_names(MNT, "");
	put(SHM "/b", "2");
	put(SHM "/a", "1");
	put(SHM "/sem.c", "");
	has_names(MNT, "a b sem.c ");
}

static void listing_tells_number_and_type(void)
{
	DIR *dir = opendir(MNT);
	int dots = 0, objects = 0;

	put(SHM "/a", "");
	rewinddir(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.') {
			g_assert_cmpint(entry->d_type, ==, DT_DIR);
			dots++;
		} else {
			g_assert_cmpint(entry->d_type, ==, DT_REG);
			g_assert_cmpint(entry->d_ino, ==, stat_of(SHM "/a").st_ino);
			objects++;
		}
	}
	g_assert_cmpint(dots, ==, 2);
	g_assert_cmpint(objects, ==, 1);
	closedir(dir);
}

static void attributes_are_those_of_the_object(void)
{
	static const struct {
		const char *name;
		mode_t mode;
		uid_t uid;
		gid_t gid;
		off_t size, allocated;
		struct timespec times[2];
	} objects[] = {
		{ "empty", 0, 0, 0, 0, 0, { { 0, 0 }, { 0, 0 } } },
		{ "small", 0600, 1000, 2000, 1, 1, { { 1, 999999999 }, { 1234567890, 1 } } },
		{ "sparse", 0666, 65534, 1, 1 << 20, 4096, { { 2000000000, 7 }, { 4000000000, 8 } } },
		{ "suid", 06777, 0, 0, 10000, 10000, { { -1, 5 }, { 100, 123456789 } } },
		{ "sticky", 01755, 12345, 54321, 4096, 4096, { { 5, 5 }, { 5, 5 } } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
		g_autofree char *native = g_strconcat(SHM "/", objects[i].name, NULL);
		g_autofree char *mounted = g_strconcat(MNT "/", objects[i].name, NULL);
		int fd;

		put_new(native, objects[i].mode, objects[i].uid, objects[i].gid);
		fd = ok(open(native, O_RDWR));
		ok(ftruncate(fd, objects[i].size));
		if (objects[i].allocated)
			ok(fallocate(fd, 0, 0, objects[i].allocated));
		ok(fchmod(fd, objects[i].mode));
		ok(futimens(fd, objects[i].times));
		close(fd);
		same_stat(mounted, native);
	}
}

static void statx_tells_the_same(void)
{
	struct statx mounted, native;

	put(SHM "/a", "text");
	ok(statx(AT_FDCWD, MNT "/a", 0, STATX_BASIC_STATS, &mounted));
	ok(statx(AT_FDCWD, SHM "/a", 0, STATX_BASIC_STATS, &native));
	g_assert_cmpint(mounted.stx_mask & STATX_BASIC_STATS, ==, STATX_BASIC_STATS);
	g_assert_cmpint(mounted.stx_size, ==, native.stx_size);
	g_assert_cmpint(mounted.stx_ino, ==, native.stx_ino);
	g_assert_cmpint(mounted.stx_blksize, ==, native.stx_blksize);
}

static void only_regular_files_are_shown(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SHM "/socket" };
	int sock = ok(socket(AF_UNIX, SOCK_STREAM, 0));

	ok(mkdir(SHM "/dir", 0755));
	ok(symlink("object", SHM "/link"));
	ok(mkfifo(SHM "/fifo", 0644));
	ok(mknod(SHM "/null", S_IFCHR | 0666, 0x103));
	ok(bind(sock, (struct sockaddr *)&address, sizeof address));
	put(SHM "/object", "");
	has_names(MNT, "object ");
	for (const char **name = (const char *[]){ "dir", "link", "fifo", "null", "socket", NULL };
	     *name; name++) {
		g_autofree char *path = g_strconcat(MNT "/", *name, NULL);

		g_assert_false(exists(path));
		fails(ENOENT, open(path, O_RDONLY));
		fails(ENOENT, unlink(path));
	}
}

static void root_directory_is_the_shm_directory(void)
{
	struct stat st = stat_of(MNT);

	g_assert_cmpint(st.st_mode, ==, S_IFDIR | 01777);
	g_assert_cmpint(st.st_uid, ==, 0);
	ok(chown(SHM, 1000, 2000));
	ok(chmod(SHM, 02750));
	st = stat_of(MNT);
	g_assert_cmpint(st.st_mode, ==, S_IFDIR | 02750);
	g_assert_cmpint(st.st_uid, ==, 1000);
	g_assert_cmpint(st.st_gid, ==, 2000);
	same_stat(MNT, SHM);
	AS_USER (1001, 1001)
		fails(EACCES, open(MNT, O_RDONLY));
	AS_MEMBER (1001, 1001, 2000)
		ok(open(MNT, O_RDONLY));
}

static void statfs_tells_of_the_shm_file_system(void)
{
	struct statvfs mounted, native;

	sh("head -c 1000000 /dev/zero >$SHM/a");
	ok(statvfs(MNT, &mounted));
	ok(statvfs(SHM, &native));
	g_assert_cmpint(mounted.f_bsize, ==, native.f_bsize);
	g_assert_cmpint(mounted.f_frsize, ==, native.f_frsize);
	g_assert_cmpint(mounted.f_blocks, ==, native.f_blocks);
	g_assert_cmpint(mounted.f_bfree, ==, native.f_bfree);
	g_assert_cmpint(mounted.f_bavail, ==, native.f_bavail);
	g_assert_cmpint(mounted.f_files, ==, native.f_files);
	g_assert_cmpint(mounted.f_ffree, ==, native.f_ffree);
	g_assert_cmpint(mounted.f_namemax, ==, 255);
}

static void any_bytes_make_a_name(void)
{
	char longest[256];
	const char *names[] = { "new\nline", "\xff\xfe\x80", ".hidden", "...", " ", "-rf", "*",
				"a%b", "%", "a\\b", "sem.x", "\x01", longest };

	memset(longest, 'n', 255);
	longest[255] = '\0';
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *native = g_strconcat(SHM "/", names[i], NULL);
		g_autofree char *mounted = g_strconcat(MNT "/", names[i], NULL);
		g_autofree char *listed = g_strconcat(names[i], " ", NULL);

		put(native, "native");
		has_text(mounted, "native");
		has_names(MNT, listed);
		ok(unlink(mounted));
		g_assert_false(exists(native));
		put(mounted, "mounted");
		has_text(native, "mounted");
		ok(unlink(native));
		g_assert_false(exists(mounted));
	}
}

static void names_over_255_bytes_are_too_long(void)
{
	g_autofree char *name = g_strnfill(256, 'n');
	g_autofree char *path = g_strconcat(MNT "/", name, NULL);
	struct stat st;

	put(SHM "/a", "");
	fails(ENAMETOOLONG, open(path, O_RDWR | O_CREAT, 0600));
	fails(ENAMETOOLONG, stat(path, &st));
	fails(ENAMETOOLONG, unlink(path));
	fails(ENAMETOOLONG, rename(MNT "/a", path));
	fails(ENAMETOOLONG, rename(path, MNT "/a"));
	fails(ENAMETOOLONG, link(MNT "/a", path));
	fails(ENAMETOOLONG, mkdir(path, 0700));
}

static void an_object_is_no_directory(void)
{
	struct stat st;

	put(SHM "/a", "");
	fails(ENOTDIR, stat(MNT "/a/b", &st));
	fails(ENOTDIR, open(MNT "/a/", O_RDONLY));
	fails(ENOTDIR, open(MNT "/a", O_RDONLY | O_DIRECTORY));
	fails(ENOTDIR, rmdir(MNT "/a"));
	fails(EISDIR, open(MNT, O_RDWR));
	fails(EBUSY, rmdir(MNT));
}

enum { MANY = 5000 };

static void put_many(void)
{
	for (int i = 0; i < MANY; i++) {
		g_autofree char *path = g_strdup_printf(SHM "/object-%d", i);

		ok(close(ok(open(path, O_RDWR | O_CREAT, 0600))));
	}
}

static void thousands_of_objects_are_listed_once_each(void)
{
	static int seen[MANY];
	DIR *dir;
	int i;

	put_many();
	dir = opendir(MNT);
	for (int round = 1; round <= 2; round++) {
		for (struct dirent *entry; (entry = readdir(dir));)
			if (sscanf(entry->d_name, "object-%d", &i) == 1)
				seen[i]++;
		for (i = 0; i < MANY; i++)
			g_assert_cmpint(seen[i], ==, round);
		rewinddir(dir);
	}
	closedir(dir);
}

static void listing_goes_on_where_seekdir_points(void)
{
	g_autofree char *wanted = NULL;
	DIR *dir;
	long place;

	put_many();
	dir = opendir(MNT);
	for (int i = 0; i < 1000; i++)
		g_assert_nonnull(readdir(dir));
	place = telldir(dir);
	wanted = g_strdup(readdir(dir)->d_name);
	while (readdir(dir))
		;
	seekdir(dir, place);
	g_assert_cmpstr(readdir(dir)->d_name, ==, wanted);
	closedir(dir);
}

static void objects_can_be_removed_while_listed(void)
{
	DIR *dir;

	put_many();
	dir = opendir(MNT);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			ok(unlinkat(dirfd(dir), entry->d_name, 0));
	closedir(dir);
	has_names(SHM, "");
}

static const struct mount_test tests[] = {
	{ TEST(listing_shows_every_object) },
	{ TEST(listing_tells_number_and_type) },
	{ TEST(attributes_are_those_of_the_object) },
	{ TEST(statx_tells_the_same) },
	{ TEST(only_regular_files_are_shown) },
	{ TEST(root_directory_is_the_shm_directory) },
	{ TEST(statfs_tells_of_the_shm_file_system) },
	{ TEST(any_bytes_make_a_name) },
	{ TEST(names_over_255_bytes_are_too_long) },
	{ TEST(an_object_is_no_directory) },
	{ TEST(thousands_of_objects_are_listed_once_each) },
	{ TEST(listing_goes_on_where_seekdir_points) },
	{ TEST(objects_can_be_removed_while_listed) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "tree", tests, G_N_ELEMENTS(tests));
}
