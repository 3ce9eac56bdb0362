/* SPDX-License-Identifier: MIT */
/*
 * What cannot be mounted: one line on standard error that names the trouble,
 * exit code 1 or 2, and nothing left mounted.
 */
#include "mount.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static void expect_one_line_with(const char *path, const char *word)
{
	g_autofree char *text = get(path);

	g_test_message("%s", text);
	if (!g_str_has_suffix(text, "\n") || strchr(text, '\n')[1] != '\0')
		g_error("not one line: \"%s\"", text);
	if (!strstr(text, word))
		g_error("nothing about \"%s\": %s", word, text);
}

static void is_refused(const char *arguments, const char *word)
{
	for (const char **flag = (const char *[]){ "", "-f", NULL }; *flag; flag++) {
		int code = run_shmfuse("%s %s", *flag, arguments);

		if (code != 1 && code != 2)
			g_error("shmfuse %s: exit code %d", arguments, code);
		expect_one_line_with(RUN_ERR, word);
		has_text(RUN_OUT, "");
		g_assert_false(is_mounted(MNT));
	}
}

static void bad_arguments_are_refused(void)
{
	static const struct {
		const char *arguments, *word;
	} cases[] = {
		{ "", "" },
		{ "-o bogus " MNT, "bogus" },
		{ "-o data=mapped,bogus=1 " MNT, "bogus" },
		{ "--bogus " MNT, "bogus" },
		{ "-Z " MNT, "Z" },
		{ "nonsense " MNT, "nonsense" },
		{ "/run " MNT, "/run" },
		{ "shm " MNT " more", "more" },
		{ "-o data=fast " MNT, "fast" },
		{ "-o data= " MNT, "data" },
		{ "-o separator=/ " MNT, "separator" },
		{ "-o separator= " MNT, "separator" },
		{ "-o separator=ab " MNT, "separator" },
		{ "-o separator=. " MNT, "separator" },
		{ "-o local_lock=some " MNT, "some" },
		{ "-o", "" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		is_refused(cases[i].arguments, cases[i].word);
}

/* As it may be where it is started: the parent must learn all the same how its child
 * in the background ended. */
static void with_deaths_ignored_the_fault_is_told_too(void)
{
	pid_t pid = (pid_t)ok(fork());

	if (pid == 0) {
		signal(SIGCHLD, SIG_IGN);
		ok(dup2((int)ok(open(RUN_ERR, O_WRONLY | O_CREAT, 0600)), STDERR_FILENO));
		execl(shmfuse_path(), "shmfuse", "-o", "subdir=missing", MNT, (char *)NULL);
		_exit(127);
	}
	g_assert_cmpint(WEXITSTATUS(daemon_status(pid)), ==, 2);
	expect_one_line_with(RUN_ERR, "subdir=missing");
}

static void bad_mount_points_are_refused(void)
{
	put("/run/file", "");
	ok(mkdir("/run/bind", 0755));
	ok(mount(SHM, "/run/bind", NULL, MS_BIND, NULL));
	ok(symlink(SHM, "/run/link"));
	ok(symlink("/run/nowhere", "/run/dangling"));
	is_refused("-o data=mapped /run/missing", "/run/missing");
	is_refused("-o data=mapped /run/dangling", "/run/dangling");
	is_refused("-o data=mapped /run/file", "/run/file");
	is_refused("-o data=mapped " SHM, SHM);
	is_refused("-o data=mapped " SHM "/../shm/.", SHM);
	is_refused("-o data=mapped /run/bind", "/run/bind");
	is_refused("-o data=mapped /run/link", "/run/link");
	has_names(SHM, "");
	g_assert_false(is_mounted("/run/file"));
}

static void a_mount_point_in_use_is_refused(void)
{
	int code;

	put(SHM "/a", "");
	code = run_shmfuse("-o data=mapped " MNT);
	g_assert_cmpint(code, >=, 1);
	g_assert_cmpint(code, <=, 2);
	expect_one_line_with(RUN_ERR, MNT);
	has_names(MNT, "a ");
}

/* A /dev with nothing but shm and, if told, a fuse device for everybody. */
static void make_small_dev(bool fuse)
{
	struct stat st = stat_of("/dev/fuse");

	ok(mkdir("/run/dev", 0755));
	ok(mkdir("/run/dev/shm", 0755));
	ok(mknod("/run/dev/null", S_IFCHR | 0666, makedev(1, 3)));
	ok(chmod("/run/dev/null", 0666));
	if (fuse) {
		ok(mknod("/run/dev/fuse", S_IFCHR | 0666, st.st_rdev));
		ok(chmod("/run/dev/fuse", 0666));
	}
	ok(mount(SHM, "/run/dev/shm", NULL, MS_BIND, NULL));
	ok(mount("/run/dev", "/dev", NULL, MS_BIND | MS_REC, NULL));
}

static void without_the_fuse_device_it_says_so(void)
{
	make_small_dev(false);
	is_refused("-o data=mapped " MNT, "/dev/fuse");
	is_refused("-o data=passthrough " MNT, "/dev/fuse");
	is_refused(MNT, "/dev/fuse");
	g_assert_cmpint(run_shmfuse("--check"), ==, 2);
}

/* From here on, an ordinary user who is root in a user namespace of his own. */
static void enter_user_namespace(void)
{
	/* For files of /proc/self to be his, he must have become him by exec. */
	ok(setgroups(0, NULL));
	ok(setresgid(1000, 1000, 1000));
	ok(setresuid(1000, 1000, 1000));
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1)
		skip_test("user namespaces: %s", g_strerror(errno));
}

static void map_root(pid_t pid)
{
	g_autofree char *uid_map = g_strdup_printf("/proc/%d/uid_map", pid);
	g_autofree char *gid_map = g_strdup_printf("/proc/%d/gid_map", pid);

	for (const char **map = (const char *[]){ uid_map, gid_map, NULL }; *map; map++) {
		int fd = ok(open(*map, O_WRONLY));

		ok(write(fd, "0 1000 1", 8));
		close(fd);
	}
}

static void be_root_of_a_user_namespace(void)
{
	int ready[2], mapped[2];
	pid_t pid;
	char c;

	make_small_dev(true);
	ok(chown(MNT, 1000, 1000));
	ok(chmod("/run", 01777));
	ok(pipe(ready));
	ok(pipe(mapped));
	pid = ok(fork());
	if (pid != 0) {
		ok(close(ready[1]));
		if (read(ready[0], &c, 1) == 1) {
			map_root(pid);
			ok(write(mapped[1], "", 1));
		}
		ends_well(pid);
		_exit(0);
	}
	enter_user_namespace();
	ok(write(ready[1], "", 1));
	ok(read(mapped[0], &c, 1));
}

static void an_ordinary_user_cannot_have_passthrough(void)
{
	be_root_of_a_user_namespace();
	is_refused("-o data=passthrough " MNT, "passthrough");
}

static void an_ordinary_user_is_told_why_mappings_are_not_shared(void)
{
	put(SHM "/a", "text");
	be_root_of_a_user_namespace();
	g_assert_cmpint(run_shmfuse(MNT), ==, 0);
	expect_one_line_with(RUN_ERR, "passthrough");
	has_text(MNT "/a", "text");
	unmount();
}

static void an_ordinary_users_mount_is_his_alone(void)
{
	let_user_1000_mount();
	AS_USER (1000, 1000) {
		g_assert_cmpint(run_shmfuse("-o data=mapped " MNT), ==, 0);
		put(MNT "/a", "text");
		has_text(SHM "/a", "text");
	}
	AS_USER (1001, 1001)
		fails(EACCES, open(MNT "/a", O_RDONLY));
	AS_USER (1000, 1000)
		sh("fusermount3 -u $MNT");
	g_assert_false(is_mounted(MNT));
}

static const struct mount_test tests[] = {
	{ TEST(bad_arguments_are_refused), NO_MOUNT },
	{ TEST(with_deaths_ignored_the_fault_is_told_too), NO_MOUNT },
	{ TEST(bad_mount_points_are_refused), NO_MOUNT },
	{ TEST(a_mount_point_in_use_is_refused), ONLY_MAPPED },
	{ TEST(without_the_fuse_device_it_says_so), NO_MOUNT },
	{ TEST(an_ordinary_user_cannot_have_passthrough), NO_MOUNT },
	{ TEST(an_ordinary_user_is_told_why_mappings_are_not_shared), NO_MOUNT },
	{ TEST(an_ordinary_users_mount_is_his_alone), NO_MOUNT, .needs = "fusermount3" },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "startup", tests, G_N_ELEMENTS(tests));
}
