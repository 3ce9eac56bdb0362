/* SPDX-License-Identifier: MIT */
/*
 * A daemon that was killed, and nobody who starts it again: what goes on without
 * it, and the next shmfuse on its mount point.
 */
#include "mount.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#define NOTICE "shmfuse: mount point " MNT ": unmounted a mount whose daemon is gone\n"

static bool is_dead(const char *path)
{
	return error_of(access(path, F_OK)) == ENOTCONN;
}

static void is_killed(pid_t daemon, const char *mountpoint)
{
	ok(kill(daemon, SIGKILL));
	g_assert_cmpint(daemon_status(daemon), ==, SIGKILL);
	/* ECONNABORTED: io_uring is still being taken down. */
	wait_until (is_dead(mountpoint))
		;
}

/* In the place of the fixture's mount. */
static void die(void)
{
	unmount();
	is_killed(daemon_start(options_of_path()), MNT);
}

static unsigned mounts_at(const char *path)
{
	g_autofree char *count = sh_output("grep -c \" $1 \" /proc/self/mountinfo || :", path);

	return (unsigned)atoi(count);
}

/* The next one; the fixture unmounts it at the end. */
static void is_replaced_at(const char *path, const char *said)
{
	g_assert_cmpint(run_shmfuse("-o %s %s", options_of_path(), path), ==, 0);
	has_text(RUN_ERR, said);
	g_assert_cmpuint(mounts_at(MNT), ==, 1);
}

static void mappings_and_open_files_go_on(void)
{
	char *map, *native, text[8] = "";
	pid_t daemon;
	int fd, later;

	put(SHM "/a", "first   ");
	put(SHM "/b", "text");
	unmount();
	daemon = daemon_start(options_of_path());
	fd = ok(open(MNT "/a", O_RDWR));
	later = ok(open(MNT "/b", O_RDWR));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(map != MAP_FAILED);
	native = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		      (int)ok(open(SHM "/a", O_RDWR)), 0);
	g_assert_true(native != MAP_FAILED);
	is_killed(daemon, MNT);

	memcpy(map, "there", 5);
	g_assert_cmpmem(native, 5, "there", 5);
	memcpy(native, "again", 5);
	g_assert_cmpmem(map, 5, "again", 5);
	g_assert_cmpint(ok(pwrite(fd, "written", 7, 0)), ==, 7);
	g_assert_cmpmem(native, 7, "written", 7);
	memcpy(native, "change", 6);
	g_assert_cmpint(ok(pread(fd, text, 6, 0)), ==, 6);
	g_assert_cmpstr(text, ==, "change");
	/* A file that was not read nor mapped before. */
	g_assert_cmpint(ok(pread(later, text, 4, 0)), ==, 4);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, later, 0);
	g_assert_true(map != MAP_FAILED);
	memcpy(map, "late", 4);
	has_text(SHM "/b", "late");
	is_replaced_at(MNT, NOTICE);
	has_text(MNT "/b", "late");
	memcpy(map, "last", 4);
	has_text(MNT "/b", "last");
}

static void all_other_calls_say_that_it_is_gone(void)
{
	struct statfs space;
	struct stat st;
	pid_t daemon;
	int fd;

	unmount();
	put(SHM "/a", "text");
	daemon = daemon_start(options_of_path());
	fd = ok(open(MNT "/a", O_RDWR));
	is_killed(daemon, MNT);
	fails(ENOTCONN, open(MNT "/a", O_RDONLY));
	fails(ENOTCONN, open(MNT, O_RDONLY | O_DIRECTORY));
	fails(ENOTCONN, stat(MNT "/a", &st));
	fails(ENOTCONN, statfs(MNT, &space));
	fails(ENOTCONN, unlink(MNT "/a"));
	fails(ENOTCONN, fstat(fd, &st));
	fails(ENOTCONN, ftruncate(fd, 0));
	fails(ENOTCONN, fchmod(fd, 0600));
	close(fd);
	has_text(SHM "/a", "text");
	is_replaced_at(MNT, NOTICE);
	has_text(MNT "/a", "text");
}

static void the_next_one_replaces_it(void)
{
	put(SHM "/a", "text");
	put(SHM "/team%", "");
	for (const char **path = (const char *[]){ MNT, MNT, NULL }; *path; path++) {
		die();
		is_replaced_at(*path, NOTICE);
		has_names(MNT, "a team ");
		ok(mkdir(MNT "/team/sub", 0755));
		ok(rmdir(MNT "/team/sub"));
	}
}

static void its_path_may_be_written_in_any_way(void)
{
	ok(symlink(MNT, "/run/link"));
	ok(chdir("/run"));
	for (const char **path =
		     (const char *[]){ "mnt", "/run/link", MNT "/", "/run/../run/mnt//", NULL };
	     *path; path++) {
		g_autofree char *notice = g_strdup_printf(
			"shmfuse: mount point %s: unmounted a mount whose daemon is gone\n", *path);

		die();
		is_replaced_at(*path, notice);
	}
}

static void several_upon_each_other_go(void)
{
	g_autofree char *first = g_strdup_printf("%d", daemon_of_test());

	unmount();
	ok(mkdir("/run/other", 0755));
	for (const char **path = (const char *[]){ VIEW, "/run/other", MNT, NULL }; *path; path++) {
		g_assert_cmpint(run_shmfuse("-o data=mapped %s", *path), ==, 0);
		if (strcmp(*path, MNT) == 0)
			break;
	}
	/* All of this process namespace but the fixture's, which may still be ending. */
	sh("for pid in $(pgrep -x shmfuse); do test $pid = $1 || kill -9 $pid; done", first);
	wait_until (is_dead(MNT) && is_dead(VIEW) && is_dead("/run/other"))
		;
	ok(mount(VIEW, MNT, NULL, MS_BIND, NULL));
	ok(mount("/run/other", MNT, NULL, MS_BIND, NULL));
	g_assert_cmpuint(mounts_at(MNT), ==, 3);
	is_replaced_at(MNT, NOTICE NOTICE NOTICE);
	/* Those elsewhere are somebody else's. */
	g_assert_true(is_dead(VIEW));
	ok(umount2(VIEW, MNT_DETACH));
	ok(umount2("/run/other", MNT_DETACH));
}

/* A bind mount as a container has it. */
static void a_bind_mount_of_it_stays_dead(void)
{
	pid_t daemon;

	unmount();
	daemon = daemon_start(options_of_path());
	ok(mount(MNT, VIEW, NULL, MS_BIND, NULL));
	is_killed(daemon, MNT);
	is_replaced_at(MNT, NOTICE);
	g_assert_true(is_dead(VIEW));
	ok(umount2(VIEW, MNT_DETACH));
}

static void is_refused(const char *path, const char *word)
{
	g_autofree char *said = NULL;

	g_assert_cmpint(run_shmfuse("-o data=mapped %s", path), ==, 1);
	said = get(RUN_ERR);
	if (!strstr(said, word) || strstr(said, "unmounted"))
		g_error("not \"%s\": %s", word, said);
}

/* A dead one lies below it. */
static void one_that_lives_stays(void)
{
	pid_t daemon;

	die();
	ok(mkdir("/run/other", 0755));
	g_assert_cmpint(run_shmfuse("-o %s /run/other", options_of_path()), ==, 0);
	ok(mount("/run/other", MNT, NULL, MS_BIND, NULL));
	is_refused(MNT, "busy");
	g_assert_cmpuint(mounts_at(MNT), ==, 2);
	put(MNT "/a", "text");
	ok(umount("/run/other"));
	ok(umount(MNT));
	g_assert_true(is_dead(MNT));
	/* Nor is one below another file system in the way. */
	ok(mount("tmpfs", MNT, "tmpfs", 0, NULL));
	daemon = daemon_start(options_of_path());
	wait_until (mounts_at(MNT) == 3)
		;
	unmount();
	g_assert_cmpint(daemon_status(daemon), ==, 0);
	unmount();
	is_replaced_at(MNT, NOTICE);
}

static void mount_dead(const char *source, const char *type)
{
	int fd = ok(open("/dev/fuse", O_RDWR | O_CLOEXEC));
	g_autofree char *data = g_strdup_printf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd);

	ok(mount(source, MNT, type, 0, data));
	close(fd);
	g_assert_true(is_dead(MNT));
}

static void a_dead_one_of_another_file_system_stays(void)
{
	static const char *const others[][2] = { { "shm", "fuse.sshfs" },
						 { "shm", "fuse" },
						 { "host:/dir", "fuse.shmfuse" } };

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		mount_dead(others[i][0], others[i][1]);
		is_refused(MNT, "daemon is gone");
		g_assert_cmpuint(mounts_at(MNT), ==, 1);
		ok(umount2(MNT, MNT_DETACH));
	}
}

/* A directory in the dead mount is none to mount on. */
static void what_lies_in_it_is_refused(void)
{
	put(SHM "/team%", "");
	die();
	is_refused(MNT "/team", "daemon is gone");
	g_assert_true(is_dead(MNT));
	is_replaced_at(MNT, NOTICE);
}

static void mount_and_fstab_replace_it(void)
{
	put(SHM "/a", "text");
	ok(mkdir("/run/bin", 0755));
	ok(symlink(shmfuse_path(), "/run/bin/shmfuse"));
	ok(mount("/run/bin", "/usr/local/bin", NULL, MS_BIND, NULL));
	put("/run/fstab", "shm " MNT " fuse.shmfuse data=mapped,nofail 0 0\n");
	is_killed(daemon_start("data=mapped"), MNT);
	sh("mount -t fuse.shmfuse -o data=mapped shm $MNT");
	has_text(MNT "/a", "text");
	g_assert_cmpuint(mounts_at(MNT), ==, 1);
	unmount();
	is_killed(daemon_start("data=mapped"), MNT);
	sh("mount -T /run/fstab $MNT");
	has_text(MNT "/a", "text");
	g_assert_cmpuint(mounts_at(MNT), ==, 1);
	unmount();
}

static void an_ordinary_user_replaces_his(void)
{
	pid_t pid;

	let_user_1000_mount();
	pid = (pid_t)ok(fork());
	if (pid == 0) {
		ok(setresgid(1000, 1000, 1000));
		ok(setresuid(1000, 1000, 1000));
		execl(shmfuse_path(), "shmfuse", "-f", "-o", "data=mapped", MNT, NULL);
		_exit(127);
	}
	wait_until (is_mounted(MNT))
		;
	ok(kill(pid, SIGKILL));
	g_assert_cmpint(daemon_status(pid), ==, SIGKILL);
	AS_USER (1000, 1000) {
		wait_until (is_dead(MNT))
			;
		g_assert_cmpint(run_shmfuse("-o data=mapped " MNT), ==, 0);
		has_text(RUN_ERR, NOTICE);
		put(MNT "/a", "text");
		has_text(SHM "/a", "text");
	}
	g_assert_cmpuint(mounts_at(MNT), ==, 1);
	unmount();
}

static const struct mount_test tests[] = {
	{ TEST(mappings_and_open_files_go_on), ONLY_PASSTHROUGH },
	{ TEST(all_other_calls_say_that_it_is_gone) },
	{ TEST(the_next_one_replaces_it) },
	{ TEST(its_path_may_be_written_in_any_way) },
	{ TEST(several_upon_each_other_go), ONLY_MAPPED },
	{ TEST(a_bind_mount_of_it_stays_dead) },
	{ TEST(one_that_lives_stays) },
	{ TEST(a_dead_one_of_another_file_system_stays), NO_MOUNT },
	{ TEST(what_lies_in_it_is_refused) },
	{ TEST(mount_and_fstab_replace_it), NO_MOUNT, .needs = "mount.fuse3" },
	{ TEST(an_ordinary_user_replaces_his), NO_MOUNT, .needs = "fusermount3" },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "stale", tests, G_N_ELEMENTS(tests));
}
