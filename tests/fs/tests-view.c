/* SPDX-License-Identifier: MIT */
/*
 * Views: a directory of the tree as a mount's root, with names of the top level
 * that are shared. MNT has the whole tree, VIEW the part.
 */
#include "mount.h"

#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

static pid_t team_start(const char *options)
{
	g_autofree char *all = g_strconcat("subdir=team", options[0] ? "," : "", options, NULL);

	if (!exists(MNT "/team")) {
		ok(mkdir(MNT "/team", 0777));
		ok(chmod(MNT "/team", 0777));
	}
	return view_start(all);
}

static int opens(const char *path, int oflag)
{
	int fd = open(path, oflag, 0600);

	return fd == -1 ? -1 : close(fd);
}

/* ---- subdir ---- */

static void view_has_what_lies_in_its_directory(void)
{
	pid_t daemon;

	put(SHM "/outside", "no");
	put(SHM "/teams", "no");
	put(SHM "/team%left", "yes");
	put(SHM "/sem.team%go", "");
	put(SHM "/sem.go", "");
	daemon = team_start("");
	has_names(VIEW, "left sem.go ");
	has_text(VIEW "/left", "yes");
	same_stat(VIEW "/left", SHM "/team%left");
	fails(ENOENT, open(VIEW "/outside", O_RDONLY));
	fails(ENOENT, open(VIEW "/../outside", O_RDONLY));

	put(VIEW "/right", "new");
	has_text(SHM "/team%right", "new");
	ok(mkdir(VIEW "/cam", 0755));
	put(VIEW "/cam/one", "deep");
	has_text(MNT "/team/cam/one", "deep");
	put(VIEW "/outside", "its own");
	has_text(SHM "/team%outside", "its own");
	has_text(SHM "/outside", "no");
	ok(rename(VIEW "/cam", VIEW "/eye"));
	has_names(SHM, "outside sem.go sem.team%go team% team%eye% team%eye%one team%left "
		       "team%outside team%right teams ");
	view_end(daemon);
}

static void view_of_a_directory_below_has_its_own_names(void)
{
	pid_t daemon;

	ok(mkdir(MNT "/team", 0755));
	ok(mkdir(MNT "/team/cam", 0755));
	put(MNT "/team/near", "no");
	put(MNT "/team/cam/far", "yes");
	daemon = view_start("subdir=/team/cam/");
	has_names(VIEW, "far ");
	put(VIEW "/x", "");
	g_assert_true(exists(SHM "/team%cam%x"));
	view_end(daemon);
}

static void root_of_a_view_is_the_directory(void)
{
	pid_t daemon = team_start("");
	struct statvfs status;

	ok(chmod(VIEW, 01770));
	ok(chown(VIEW, 1000, 1001));
	g_assert_cmpint(stat_of(MNT "/team").st_mode, ==, S_IFDIR | 01770);
	g_assert_cmpint(stat_of(MNT "/team").st_gid, ==, 1001);
	g_assert_cmpint(stat_of(VIEW).st_ino, ==, stat_of(MNT "/team").st_ino);
	AS_USER (1002, 1002)
		fails(EACCES, open(VIEW "/x", O_CREAT | O_RDWR, 0600));
	AS_USER (1000, 1000)
		ok(open(VIEW "/x", O_CREAT | O_RDWR, 0600));
	g_assert_cmpint(stat_of(SHM "/team%x").st_uid, ==, 1000);
	ok(chmod(SHM "/team%", 0700));
	AS_USER (1001, 1001)
		fails(EACCES, stat(VIEW "/x", &(struct stat){ 0 }));

	ok(mkdir(VIEW "/a", 0755));
	ok(mkdir(SHM "/not-an-object", 0755));
	ok(mkdir(MNT "/b", 0755));
	g_assert_cmpint(stat_of(VIEW).st_nlink, ==, 3);
	sh("! setfacl -d -m u:1001:rwx \"$VIEW\" 2>/dev/null");
	ok(statvfs(VIEW, &status));
	g_assert_cmpint(status.f_namemax, ==, 255 - strlen("team%"));
	view_end(daemon);
}

static void statfs_counts_the_view_s_own(void)
{
	pid_t daemon = team_start("share=cam_*");
	struct statvfs native, view;

	put(SHM "/outside", "0123456789");
	put(SHM "/cam_1", "shared");
	put(VIEW "/a", "0123456789");
	put(VIEW "/b", "");
	ok(truncate(VIEW "/b", 1 << 20)); /* takes no memory */
	ok(statvfs(SHM, &native));
	ok(statvfs(VIEW, &view));
	g_assert_cmpuint(view.f_bfree, ==, native.f_bfree);
	g_assert_cmpuint(view.f_blocks - view.f_bfree, ==, 1);
	g_assert_cmpuint(view.f_ffree, ==, native.f_ffree);
	g_assert_cmpuint(view.f_files - view.f_ffree, ==, 3);
	view_end(daemon);
}

/* ---- share ---- */

static void shared_name_means_the_host_s_object(void)
{
	pid_t daemon;

	put(SHM "/cam_1", "host");
	put(SHM "/other", "no");
	put(SHM "/team%cam_1", "hidden");
	daemon = team_start("share=cam_*:sem.cam_*");
	put(VIEW "/mine", "private");
	has_names(VIEW, "cam_1 mine ");
	has_text(VIEW "/cam_1", "host");
	same_stat(VIEW "/cam_1", SHM "/cam_1");

	put(VIEW "/cam_2", "made in the view");
	has_text(SHM "/cam_2", "made in the view");
	put(SHM "/cam_3", "made natively");
	has_text(VIEW "/cam_3", "made natively");
	ok(truncate(VIEW "/cam_3", 4));
	has_text(SHM "/cam_3", "made");
	ok(unlink(VIEW "/cam_3"));
	fails(ENOENT, open(SHM "/cam_3", O_RDONLY));
	ok(unlink(SHM "/cam_2"));
	fails(ENOENT, open(VIEW "/cam_2", O_RDONLY));
	fails(EEXIST, open(VIEW "/cam_1", O_CREAT | O_EXCL | O_RDWR, 0600));
	has_text(SHM "/team%cam_1", "hidden");
	view_end(daemon);
}

static void rename_and_link_cross_between_private_and_shared(void)
{
	pid_t daemon = team_start("share=cam_*");

	put(VIEW "/a", "a");
	ok(rename(VIEW "/a", VIEW "/cam_a"));
	has_names(SHM, "cam_a team% ");
	ok(link(VIEW "/cam_a", VIEW "/b"));
	has_names(SHM, "cam_a team% team%b ");
	g_assert_cmpint(stat_of(VIEW "/b").st_ino, ==, stat_of(VIEW "/cam_a").st_ino);
	ok(link(VIEW "/b", VIEW "/cam_b"));
	ok(rename(VIEW "/cam_a", VIEW "/a"));
	has_names(VIEW, "a b cam_b ");
	has_names(SHM, "cam_b team% team%a team%b ");

	put(VIEW "/private", "p");
	put(VIEW "/cam_s", "s");
	ok(renameat2(AT_FDCWD, VIEW "/private", AT_FDCWD, VIEW "/cam_s", RENAME_EXCHANGE));
	has_text(SHM "/cam_s", "p");
	has_text(SHM "/team%private", "s");
	fails(EEXIST,
	      renameat2(AT_FDCWD, VIEW "/private", AT_FDCWD, VIEW "/cam_s", RENAME_NOREPLACE));
	ok(rename(VIEW "/private", VIEW "/cam_s"));
	has_text(SHM "/cam_s", "s");
	view_end(daemon);
}

static void host_s_directories_are_not_shared(void)
{
	pid_t daemon;

	ok(mkdir(MNT "/lab", 0755));
	put(MNT "/lab/secret", "no");
	put(SHM "/free%name", "yes");
	daemon = team_start("share=*");
	has_names(VIEW, "free%name ");
	fails(ENOENT, open(VIEW "/lab", O_RDONLY));
	fails(ENOENT, open(VIEW "/lab%", O_RDONLY));
	fails(ENOENT, open(VIEW "/lab%secret", O_RDONLY));
	fails(ENOENT, open(VIEW "/team%", O_RDONLY));
	fails(EINVAL, open(VIEW "/lab%more", O_CREAT | O_RDWR, 0600));
	fails(EPERM, mkdir(VIEW "/any", 0755));
	has_names(MNT "/lab", "secret ");
	view_end(daemon);
}

static void private_directory_of_a_shared_name_is_hidden(void)
{
	pid_t daemon;

	ok(mkdir(MNT "/team", 0755));
	ok(mkdir(MNT "/team/cam_d", 0755));
	ok(mkdir(MNT "/team/d", 0755));
	put(MNT "/team/d/cam_x", "below the root names are private");
	daemon = team_start("share=cam_*");
	has_names(VIEW, "d ");
	g_assert_cmpint(stat_of(VIEW).st_nlink, ==, 3);
	fails(ENOENT, open(VIEW "/cam_d", O_RDONLY));
	fails(EPERM, rename(VIEW "/d", VIEW "/cam_d"));
	has_names(VIEW "/d", "cam_x ");
	view_end(daemon);
}

/* The view's directory lets everybody remove names, the host's top level does not. */
static void shared_name_is_removed_by_who_may_natively(void)
{
	pid_t daemon = team_start("share=cam_*");

	put_new(SHM "/cam_root", 0666, 0, 0);
	put_new(SHM "/cam_user", 0666, 1000, 1000);
	put_new(SHM "/team%private", 0666, 0, 0);
	AS_USER (1000, 1000) {
		fails(EPERM, unlink(VIEW "/cam_root"));
		fails(EPERM, rename(VIEW "/cam_root", VIEW "/x"));
		fails(EPERM, rename(VIEW "/cam_user", VIEW "/cam_root"));
		fails(EPERM, rename(VIEW "/private", VIEW "/cam_new"));
		fails(EPERM, renameat2(AT_FDCWD, VIEW "/cam_user", AT_FDCWD, VIEW "/cam_root",
				       RENAME_EXCHANGE));
		ok(rename(VIEW "/cam_user", VIEW "/cam_other"));
		ok(unlink(VIEW "/cam_other"));
		ok(unlink(VIEW "/private"));
	}
	ok(unlink(VIEW "/cam_root"));
	ok(chmod(SHM, 0755));
	AS_USER (1000, 1000)
		fails(EACCES, open(VIEW "/cam_new", O_CREAT | O_RDWR, 0600));
	view_end(daemon);
}

/* ---- share_ro ---- */

static void refuses_every_change(const char *path)
{
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	g_autofree char *self = NULL;
	int fd;

	fails(EROFS, open(path, O_WRONLY));
	fails(EROFS, open(path, O_RDWR));
	fails(EROFS, open(path, O_RDONLY | O_TRUNC));
	fails(EROFS, open(path, O_RDWR | O_CREAT, 0600));
	fails(EROFS, truncate(path, 0));
	fails(EROFS, chmod(path, 0777));
	fails(EROFS, chown(path, 1, 1));
	fails(EROFS, chown(path, (uid_t)-1, (gid_t)-1));
	fails(EROFS, utimensat(AT_FDCWD, path, times, 0));
	fails(EROFS, setxattr(path, "user.x", "1", 1, 0));
	fails(EROFS, removexattr(path, "user.x"));
	fails(EROFS, unlink(path));
	fails(EROFS, rename(path, VIEW "/away"));
	fails(EROFS, rename(VIEW "/mine", path));
	fails(EROFS, renameat2(AT_FDCWD, VIEW "/mine", AT_FDCWD, path, RENAME_EXCHANGE));
	fails(EROFS, renameat2(AT_FDCWD, path, AT_FDCWD, VIEW "/mine", RENAME_EXCHANGE));
	fails(EROFS, link(path, VIEW "/away"));

	fd = (int)ok(open(path, O_RDONLY));
	self = g_strdup_printf("/proc/self/fd/%d", fd);
	fails(EROFS, open(self, O_RDWR));
	fails(EROFS, linkat(AT_FDCWD, self, AT_FDCWD, VIEW "/away", AT_SYMLINK_FOLLOW));
	fails(EROFS, fchmod(fd, 0777));
	fails(EROFS, futimens(fd, times));
	fails(EROFS, fsetxattr(fd, "user.x", "1", 1, 0));
	fails(EINVAL, ftruncate(fd, 0));
	fails(EBADF, write(fd, "x", 1));
	fails(EBADF, fallocate(fd, 0, 0, 1));
	close(fd);
}

static void read_only_object_refuses_every_change(void)
{
	pid_t daemon;
	struct stat st;

	put(SHM "/map_1", "text");
	ok(setxattr(SHM "/map_1", "user.x", "0", 1, 0));
	daemon = team_start("share_ro=map_*");
	put(VIEW "/mine", "private");
	st = stat_of(SHM "/map_1");
	refuses_every_change(VIEW "/map_1");
	fails(EROFS, open(VIEW "/map_2", O_CREAT | O_RDWR, 0600));
	fails(EROFS, mknod(VIEW "/map_2", S_IFREG | 0600, 0));
	fails(EROFS, link(VIEW "/mine", VIEW "/map_2"));
	fails(EROFS, rename(VIEW "/mine", VIEW "/map_2"));
	has_text(VIEW "/map_1", "text");
	has_names(VIEW, "map_1 mine ");
	g_assert_cmpint(stat_of(SHM "/map_1").st_ctim.tv_nsec, ==, st.st_ctim.tv_nsec);

	put(SHM "/map_1", "other text");
	has_text(VIEW "/map_1", "other text");
	put(SHM "/map_2", "new");
	has_text(VIEW "/map_2", "new");
	view_end(daemon);
}

static void read_only_mapping_stays_so(void)
{
	pid_t daemon = team_start("share_ro=map_*");
	int native = (int)ok(open(SHM "/map_1", O_CREAT | O_RDWR, 0666)), fd;
	char *map, *native_map;

	ok(ftruncate(native, 4096));
	fd = (int)ok(open(VIEW "/map_1", O_RDONLY));
	g_assert_true(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	g_assert_cmpint(errno, ==, EACCES);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	native_map = mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, native, 0);
	g_assert_true(map != MAP_FAILED && native_map != MAP_FAILED);
	fails(EACCES, mprotect(map, 4096, PROT_READ | PROT_WRITE));
	strcpy(native_map, "seen at once");
	g_assert_cmpstr(map, ==, "seen at once");
	munmap(map, 4096);
	close(fd);
	view_end(daemon);
}

static void first_pattern_that_matches_counts(void)
{
	pid_t daemon;

	put(SHM "/cam_1", "");
	put(SHM "/cam_2", "");
	daemon = team_start("share=cam_1,share_ro=cam_*:*_2,share=*");
	ok(opens(VIEW "/cam_1", O_RDWR));
	fails(EROFS, opens(VIEW "/cam_2", O_RDWR));
	ok(opens(VIEW "/else", O_RDWR | O_CREAT));
	has_names(SHM, "cam_1 cam_2 else team% ");
	view_end(daemon);
}

/* One object, whose maker gave it a private name that may be written to. */
static void read_only_is_the_name_and_not_the_object(void)
{
	pid_t daemon;
	int reader, writer;
	char byte;

	put(SHM "/map_1", "0");
	ok(link(SHM "/map_1", SHM "/team%writable"));
	daemon = team_start("share_ro=map_*");
	reader = (int)ok(open(VIEW "/map_1", O_RDONLY));
	writer = (int)ok(open(VIEW "/writable", O_RDWR));
	fails(EROFS, open(VIEW "/map_1", O_RDWR));
	ok(pwrite(writer, "1", 1, 0));
	ok(pread(reader, &byte, 1, 0));
	g_assert_cmpint(byte, ==, '1');
	fails(EROFS, fchmod(reader, 0600));
	ok(fchmod(writer, 0600));
	close(reader);
	close(writer);
	view_end(daemon);
}

static void whole_tree_can_have_read_only_names(void)
{
	pid_t daemon;

	put(SHM "/map_1", "");
	daemon = view_start("share_ro=map_*");
	fails(EROFS, opens(VIEW "/map_1", O_RDWR));
	ok(opens(VIEW "/other", O_RDWR | O_CREAT));
	has_names(VIEW, "map_1 other ");
	view_end(daemon);
}

/* ---- as the /dev/shm of a container ---- */

static void enter_container(void)
{
	ok(unshare(CLONE_NEWNS));
	ok(mount(VIEW, SHM, NULL, MS_BIND, NULL));
}

static void post(const char *name)
{
	sem_t *sem = sem_open(name, O_CREAT, 0600, 0);

	if (sem == SEM_FAILED)
		g_error("sem_open of %s: %s", name, g_strerror(errno));
	ok(sem_post(sem));
}

static void *map_of(const char *name)
{
	int fd = (int)ok(shm_open(name, O_RDWR | O_CREAT, 0600));
	void *map;

	ok(ftruncate(fd, 4096));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(map != MAP_FAILED);
	return map;
}

static void container_shares_memory_and_semaphores(void)
{
	pid_t daemon = team_start("share=cam_*:sem.cam_*"), contained;

	CHILD (contained) {
		enter_container();
		strcpy(map_of("/cam_1"), "shared");
		strcpy(map_of("/own"), "private");
		post("/cam_go");
		post("/own_go");
		has_names(SHM, "cam_1 own sem.cam_go sem.own_go ");
	}
	ends_well(contained);
	has_names(SHM, "cam_1 sem.cam_go sem.team%own_go team% team%own ");
	g_assert_cmpstr(map_of("/cam_1"), ==, "shared");
	g_assert_cmpstr(map_of("/team%own"), ==, "private");
	ok(sem_trywait(sem_open("/cam_go", 0)));
	ok(sem_trywait(sem_open("/team%own_go", 0)));
	view_end(daemon);
}

/* ---- ephemeral ---- */

static void make_some(void)
{
	put(VIEW "/a", "a");
	put(VIEW "/sem.b", "b");
	put(VIEW "/cam_1", "shared");
	ok(mkdir(VIEW "/d", 0755));
	ok(mkdir(VIEW "/d/e", 0755));
	put(VIEW "/d/e/f", "f");
}

static void ephemeral_objects_end_with_the_mount(void)
{
	pid_t daemon;

	put(SHM "/outside", "");
	daemon = team_start("ephemeral,share=cam_*");
	make_some();
	view_end(daemon);
	has_names(SHM, "cam_1 outside team% ");
}

static void ephemeral_objects_end_at_the_next_mount_after_a_crash(void)
{
	pid_t daemon = team_start("ephemeral,share=cam_*");

	make_some();
	ok(kill(daemon, SIGKILL));
	g_assert_cmpint(daemon_status(daemon), ==, SIGKILL);
	unmount_at(VIEW);
	g_assert_true(exists(SHM "/team%d%e%f"));
	daemon = team_start("ephemeral,share=cam_*");
	has_names(VIEW, "cam_1 ");
	has_names(SHM, "cam_1 team% ");
	view_end(daemon);
}

static void ephemeral_objects_end_with_the_last_mount(void)
{
	pid_t first = team_start("ephemeral");

	put(VIEW "/a", "a");
	g_assert_cmpint(run_shmfuse("-o %s,subdir=team,ephemeral " PLAIN, options_of_path()), ==,
			0);
	put(PLAIN "/b", "b");
	has_names(PLAIN, "a b ");
	view_end(first);
	has_names(PLAIN, "a b ");
	unmount_at(PLAIN);
	wait_until (!exists(SHM "/team%b"))
		;
	has_names(SHM, "team% ");
}

/* clang-format off */
static const struct mount_test tests[] = {
	{ TEST(view_has_what_lies_in_its_directory) },
	{ TEST(view_of_a_directory_below_has_its_own_names) },
	{ TEST(root_of_a_view_is_the_directory) },
	{ TEST(statfs_counts_the_view_s_own) },
	{ TEST(shared_name_means_the_host_s_object) },
	{ TEST(rename_and_link_cross_between_private_and_shared) },
	{ TEST(host_s_directories_are_not_shared) },
	{ TEST(private_directory_of_a_shared_name_is_hidden) },
	{ TEST(shared_name_is_removed_by_who_may_natively) },
	{ TEST(read_only_object_refuses_every_change) },
	{ TEST(read_only_mapping_stays_so), .paths = ONLY_PASSTHROUGH },
	{ TEST(first_pattern_that_matches_counts) },
	{ TEST(read_only_is_the_name_and_not_the_object) },
	{ TEST(whole_tree_can_have_read_only_names) },
	{ TEST(container_shares_memory_and_semaphores), .paths = ONLY_PASSTHROUGH },
	{ TEST(ephemeral_objects_end_with_the_mount) },
	{ TEST(ephemeral_objects_end_at_the_next_mount_after_a_crash) },
	{ TEST(ephemeral_objects_end_with_the_last_mount) },
};
/* clang-format on */

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "view", tests, G_N_ELEMENTS(tests));
}
