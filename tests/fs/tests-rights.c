/* SPDX-License-Identifier: MIT */
/*
 * What users of a mount with mapped owners may do: what the HOST that they stand
 * for may do natively. Each call is made on an object of the mount by VIEW, and
 * natively on a twin by HOST.
 */
#include "mount.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define MAPPED "map_uid=1000:100000,map_gid=2000:200000"

/* ---- calls: 0 or an errno ---- */

static int call_read(const char *path)
{
	return error_of(open(path, O_RDONLY));
}

static int call_write(const char *path)
{
	return error_of(open(path, O_WRONLY));
}

static int call_read_write(const char *path)
{
	return error_of(open(path, O_RDWR));
}

static int call_open_truncating(const char *path)
{
	return error_of(open(path, O_RDONLY | O_TRUNC));
}

static int call_open_without_atime(const char *path)
{
	return error_of(open(path, O_RDONLY | O_NOATIME));
}

static int call_truncate(const char *path)
{
	return error_of(truncate(path, 1));
}

static int call_chmod(const char *path)
{
	return error_of(chmod(path, 0600));
}

static int call_chown_to_1001(const char *path)
{
	return error_of(chown(path, 1001, -1));
}

static int call_chgrp_to_2001(const char *path)
{
	return error_of(chown(path, -1, 2001));
}

static int call_set_times(const char *path)
{
	return error_of(utimensat(AT_FDCWD, path, (struct timespec[2]){ 0 }, 0));
}

static int call_touch(const char *path)
{
	return error_of(utimensat(AT_FDCWD, path, NULL, 0));
}

static int call_set_attribute(const char *path)
{
	return error_of(setxattr(path, "user.x", "2", 1, 0));
}

static int call_get_attribute(const char *path)
{
	return error_of(getxattr(path, "user.x", NULL, 0));
}

static int call_remove_attribute(const char *path)
{
	return error_of(removexattr(path, "user.x"));
}

static int call_set_trusted(const char *path)
{
	return error_of(setxattr(path, "trusted.x", "2", 1, 0));
}

static int call_get_trusted(const char *path)
{
	return error_of(getxattr(path, "trusted.x", NULL, 0));
}

static int call_set_security(const char *path)
{
	return error_of(setxattr(path, "security.x", "2", 1, 0));
}

static int call_set_acl(const char *path)
{
	static const char acl[] = "\2\0\0\0"
				  "\1\0\6\0\377\377\377\377"
				  "\4\0\0\0\377\377\377\377"
				  "\40\0\0\0\377\377\377\377";

	return error_of(setxattr(path, "system.posix_acl_access", acl, sizeof acl - 1, 0));
}

static int call_unlink(const char *path)
{
	return error_of(unlink(path));
}

static int call_rename(const char *path)
{
	g_autofree char *newpath = g_strconcat(path, "-new", NULL);

	return error_of(rename(path, newpath));
}

static int call_rename_over(const char *path)
{
	g_autofree char *newpath = g_strconcat(path, "-mine", NULL);

	put(newpath, "");
	return error_of(rename(newpath, path));
}

static int call_link(const char *path)
{
	g_autofree char *newpath = g_strconcat(path, "-new", NULL);

	return error_of(link(path, newpath));
}

static const struct {
	const char *name;
	int (*call)(const char *path);
} calls[] = {
	{ "open for reading", call_read },
	{ "open for writing", call_write },
	{ "open for both", call_read_write },
	{ "open with O_TRUNC", call_open_truncating },
	{ "open with O_NOATIME", call_open_without_atime },
	{ "truncate", call_truncate },
	{ "chmod", call_chmod },
	{ "chown", call_chown_to_1001 },
	{ "chgrp", call_chgrp_to_2001 },
	{ "utimensat", call_set_times },
	{ "touch", call_touch },
	{ "setxattr", call_set_attribute },
	{ "getxattr", call_get_attribute },
	{ "removexattr", call_remove_attribute },
	{ "setxattr trusted.", call_set_trusted },
	{ "getxattr trusted.", call_get_trusted },
	{ "setxattr security.", call_set_security },
	{ "setxattr of an ACL", call_set_acl },
	{ "unlink", call_unlink },
	{ "rename", call_rename },
	{ "rename over it", call_rename_over },
	{ "link", call_link },
};

static const struct {
	uid_t uid;
	gid_t gid;
} owners[] = { { 1000, 2000 }, { 1000, 2001 }, { 1001, 2000 },	   { 1001, 2001 },
	       { 0, 0 },       { 0, 2000 },    { 100000, 200000 }, { 65534, 65534 } };

static const mode_t modes[] = { 0600, 0640, 0660, 0606, 0200, 04755, 02775 };

static void make_twins(size_t owner, mode_t mode)
{
	static const char *const twins[] = { SHM "/twin", SHM "/a" };

	for (size_t i = 0; i < G_N_ELEMENTS(twins); i++) {
		put_new(twins[i], 0600, owners[owner].uid, owners[owner].gid);
		ok(setxattr(twins[i], "user.x", "1", 1, 0));
		ok(setxattr(twins[i], "trusted.x", "1", 1, 0));
		ok(chmod(twins[i], mode));
	}
}

/* What became of them. Bits that would lend an identity are for tests below. */
static bool twins_agree(void)
{
	struct stat twin, a;
	const bool there = stat(SHM "/twin", &twin) == 0;

	if (there != (stat(SHM "/a", &a) == 0))
		return false;
	return !there || (twin.st_uid == a.st_uid && twin.st_gid == a.st_gid &&
			  twin.st_mode == a.st_mode && twin.st_size == a.st_size);
}

/* The result of a call by somebody; error_of() within a child. */
static int result_as(bool (*become)(void), size_t call, const char *path)
{
	const pid_t pid = (pid_t)ok(fork());
	int status;

	if (pid == 0)
		_exit(become() ? calls[call].call(path) : 255);
	ok(waitpid(pid, &status, 0));
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 255)
		g_error("%s: wait status 0x%x", calls[call].name, status);
	return WEXITSTATUS(status);
}

static bool become(uid_t uid, gid_t gid, gid_t group)
{
	ok(setgroups(1, &group));
	ok(setresgid(gid, gid, gid));
	ok(setresuid(uid, uid, uid));
	umask(0);
	return true;
}

static void remove_all(void)
{
	static const char *const names[] = { "/a",    "/a-new",	   "/a-mine",
					     "/twin", "/twin-new", "/twin-mine" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strconcat(SHM, names[i], NULL);

		g_assert_true(unlink(path) == 0 || errno == ENOENT);
	}
}

static void each_case(void (*check)(size_t owner, mode_t mode, size_t call))
{
	for (size_t i = 0; i < G_N_ELEMENTS(owners); i++)
		for (size_t j = 0; j < G_N_ELEMENTS(modes); j++)
			for (size_t call = 0; call < G_N_ELEMENTS(calls); call++) {
				make_twins(i, modes[j]);
				check(i, modes[j], call);
				remove_all();
			}
}

_Noreturn static void disagree(size_t owner, mode_t mode, size_t call, int mounted, int native)
{
	g_error("%s of %u:%u's with mode 0%o: \"%s\", natively \"%s\"", calls[call].name,
		owners[owner].uid, owners[owner].gid, mode, g_strerror(mounted),
		g_strerror(native));
}

/* ---- users without capabilities: just what HOST may ---- */

static bool become_view(void)
{
	return become(100000, 5, 200000);
}

static bool become_host(void)
{
	return become(1000, 5, 2000);
}

static void check_same(size_t owner, mode_t mode, size_t call)
{
	const int native = result_as(become_host, call, SHM "/twin");
	const int mounted = result_as(become_view, call, MNT "/a");

	if (mounted != native || !twins_agree())
		disagree(owner, mode, call, mounted, native);
}

static void view_may_what_host_may(void)
{
	each_case(check_same);
}

/* ---- with capabilities: nothing that HOST may not ---- */

/* Root of a container whose users are 100000 and up. */
static int container = -1;

static bool become_container_root(void)
{
	ok(setns(container, CLONE_NEWUSER));
	return become(0, 0, 0);
}

static bool become_host_of_container(void)
{
	return become(1000, 2000, 2000);
}

static bool is_more(int mounted, int native)
{
	return mounted == 0 && native != 0;
}

static void check_container(size_t owner, mode_t mode, size_t call)
{
	const int native = result_as(become_host_of_container, call, SHM "/twin");
	const int mounted = result_as(become_container_root, call, MNT "/a");

	/* The ids of chown(2) are others in the container. */
	if (calls[call].call == call_chgrp_to_2001) {
		g_assert_cmpint(mounted, !=, 0);
		return;
	}
	if (is_more(mounted, native) || (native == 0 && (mounted != 0 || !twins_agree())))
		disagree(owner, mode, call, mounted, native);
}

static void root_of_a_container_is_its_host_and_nothing_more(void)
{
	container = user_namespace(100000, 200000);
	each_case(check_container);
}

/* Root of a container that has no user namespace, with root's capabilities. */
static bool become_root(void)
{
	return become(0, 0, 0);
}

static bool become_host_of_root(void)
{
	return become(1000, 2000, 2000);
}

static void check_root(size_t owner, mode_t mode, size_t call)
{
	const int native = result_as(become_host_of_root, call, SHM "/twin");
	const int mounted = result_as(become_root, call, MNT "/a");

	if (is_more(mounted, native) || (mounted == 0 && !twins_agree()))
		disagree(owner, mode, call, mounted, native);
	if (native == 0 && mounted != 0)
		disagree(owner, mode, call, mounted, native);
}

static void root_that_is_mapped_has_no_rights_of_root(void)
{
	each_case(check_root);
}

static void root_that_is_mapped_sees_no_trusted_attributes(void)
{
	char list[200];

	put_new(SHM "/a", 0644, 1000, 2000);
	ok(setxattr(SHM "/a", "trusted.t", "v", 1, 0));
	ok(setxattr(SHM "/a", "user.u", "v", 1, 0));
	g_assert_cmpint(listxattr(MNT "/a", list, sizeof list), ==, sizeof "user.u");
}

/* ---- one owner ---- */

static bool become_5000(void)
{
	return become(5000, 6000, 6000);
}

static void check_one_owner(size_t owner, mode_t mode, size_t call)
{
	const int native = result_as(become_5000, call, SHM "/twin");
	const int mounted = result_as(become_5000, call, MNT "/a");

	if (is_more(mounted, native))
		disagree(owner, mode, call, mounted, native);
}

static void check_root_as_one_owner(size_t owner, mode_t mode, size_t call)
{
	const int native = result_as(become_5000, call, SHM "/twin");
	const int mounted = result_as(become_root, call, MNT "/a");

	if (is_more(mounted, native))
		disagree(owner, mode, call, mounted, native);
}

static void the_one_owner_gets_no_rights_over_what_is_others(void)
{
	each_case(check_one_owner);
}

static void root_is_the_one_owner_too(void)
{
	each_case(check_root_as_one_owner);
}

static void the_one_owner_has_what_is_his(void)
{
	put_new(SHM "/a", 0600, 5000, 6000);
	AS_USER (5000, 6000) {
		put(MNT "/a", "text");
		ok(chmod(MNT "/a", 0640));
	}
	AS_USER (1001, 6000) {
		ok(open(MNT "/a", O_RDONLY));
		fails(EACCES, open(MNT "/a", O_RDWR));
		fails(EPERM, chmod(MNT "/a", 0666));
		fails(EPERM, unlink(MNT "/a"));
	}
	AS_USER (0, 0)
		ok(unlink(MNT "/a"));
}

/* ---- directories ---- */

static void directories_are_mapped_users_too(void)
{
	put_new(SHM "/hosts%", 0700, 1000, 2000);
	put_new(SHM "/others%", 0700, 1001, 2001);
	put_new(SHM "/others%a", 0666, 1001, 2001);
	put_new(SHM "/sticky%", 0666, 1001, 2001);
	ok(chmod(SHM "/sticky%", 01777));
	put_new(SHM "/sticky%a", 0666, 1001, 2001);
	AS_USER (100000, 200000) {
		put(MNT "/hosts/a", "");
		ok(mkdir(MNT "/hosts/d", 0700));
		ok(rename(MNT "/hosts/a", MNT "/hosts/d/a"));
		ok(rename(MNT "/hosts/d", MNT "/hosts/e"));
		fails(EACCES, open(MNT "/others/a", O_RDONLY));
		fails(EACCES, open(MNT "/others/b", O_RDWR | O_CREAT, 0600));
		put(MNT "/sticky/b", "");
		ok(unlink(MNT "/sticky/b"));
		fails(EPERM, unlink(MNT "/sticky/a"));
	}
	g_assert_cmpuint(stat_of(SHM "/hosts%e%a").st_uid, ==, 1000);
}

/* The kernel lets root in everywhere: map_uid=1000:0. */
static void root_that_is_mapped_is_bound_by_directories(void)
{
	put_new(SHM "/others%", 0700, 1001, 2001);
	put_new(SHM "/others%a", 0666, 1001, 2001);
	put_new(SHM "/hosts%", 0700, 1000, 2000);
	put_new(SHM "/hosts%a", 0600, 1000, 2000);
	fails(EACCES, open(MNT "/others/b", O_RDWR | O_CREAT, 0600));
	fails(EACCES, mkdir(MNT "/others/d", 0700));
	fails(EACCES, mknod(MNT "/others/n", S_IFREG | 0600, 0));
	fails(EACCES, open(MNT "/others", O_TMPFILE | O_RDWR, 0600));
	fails(EACCES, unlink(MNT "/others/a"));
	fails(EACCES, rename(MNT "/others/a", MNT "/hosts/b"));
	fails(EACCES, rename(MNT "/hosts/a", MNT "/others/a"));
	fails(EACCES, link(MNT "/hosts/a", MNT "/others/c"));
	fails(EPERM, rmdir(MNT "/others"));
	fails(EPERM, rename(MNT "/others", MNT "/mine"));
	has_names(SHM, "hosts% hosts%a others% others%a ");
}

/* ---- containers ---- */

static void a_container_has_its_owners(void)
{
	pid_t pid;

	put_new(SHM "/hosts", 0600, 1000, 2000);
	put_new(SHM "/others", 0644, 1001, 2001);
	container = user_namespace(100000, 200000);
	CHILD (pid) {
		become_container_root();
		sh("test $(stat -c %u:%g $MNT/hosts) = 0:0\n"
		   "test $(stat -c %u:%g $MNT/others) = 65534:65534\n"
		   "echo text >$MNT/hosts && chmod 640 $MNT/hosts\n"
		   "echo new >$MNT/made && mkdir $MNT/dir && mv $MNT/made $MNT/dir/\n"
		   "test \"$(cat $MNT/others)\" = ''\n"
		   "if chmod 777 $MNT/others 2>/dev/null; then exit 1; fi\n"
		   "if rm -f $MNT/others 2>/dev/null; then exit 1; fi\n"
		   "if chown 33 $MNT/hosts 2>/dev/null; then exit 1; fi\n"
		   "setpriv --reuid 33 --regid 33 --clear-groups sh -c 'echo x >$MNT/www'\n"
		   "test $(stat -c %u:%g $MNT/www) = 33:33\n");
	}
	ends_well(pid);
	g_assert_cmpuint(stat_of(SHM "/dir%made").st_uid, ==, 1000);
	g_assert_cmpuint(stat_of(SHM "/dir%made").st_gid, ==, 2000);
	g_assert_cmpuint(stat_of(SHM "/www").st_uid, ==, 100033);
	g_assert_cmpuint(stat_of(SHM "/www").st_gid, ==, 200033);
	has_text(SHM "/hosts", "text\n");
}

/* ---- shared names ---- */

/* The shm directory has the sticky bit, the view's directory has not. */
static void make_shared_names(void)
{
	put_new(SHM "/cam_hosts", 0666, 1000, 2000);
	put_new(SHM "/cam_others", 0666, 1001, 2001);
	put_new(SHM "/team%", 0777, 1001, 2001);
	ok(chmod(SHM "/team%", 0777));
}

static void owners_are_mapped_in_a_view_too(void)
{
	pid_t daemon;

	make_shared_names();
	daemon = view_start("subdir=team,share=cam_*," MAPPED);
	AS_USER (100000, 200000) {
		put(VIEW "/private", "");
		put(VIEW "/cam_new", "");
		ok(unlink(VIEW "/cam_hosts"));
		fails(EPERM, unlink(VIEW "/cam_others"));
		fails(EPERM, rename(VIEW "/private", VIEW "/cam_others"));
		fails(EPERM, chmod(VIEW "/cam_others", 0600));
	}
	g_assert_cmpuint(stat_of(SHM "/team%private").st_uid, ==, 1000);
	g_assert_cmpuint(stat_of(SHM "/cam_new").st_uid, ==, 1000);
	view_end(daemon);
}

static void a_lent_root_has_no_capabilities_over_shared_names(void)
{
	pid_t daemon;

	make_shared_names();
	/* In a directory of its own even a root without capabilities may unlink. */
	ok(chown(SHM, 1001, 2001));
	daemon = view_start("subdir=team,share=cam_*,map_uid=0:100000");
	AS_USER (100000, 200000) {
		put(VIEW "/private", "");
		fails(EPERM, unlink(VIEW "/cam_others"));
		fails(EPERM, rename(VIEW "/cam_others", VIEW "/mine"));
		fails(EPERM, rename(VIEW "/private", VIEW "/cam_others"));
		fails(EPERM, chown(VIEW "/private", 1001, -1));
	}
	g_assert_cmpuint(stat_of(SHM "/team%private").st_uid, ==, 0);
	view_end(daemon);
}

static const struct mount_test tests[] = {
	{ TEST(view_may_what_host_may), .options = MAPPED },
	{ TEST(root_of_a_container_is_its_host_and_nothing_more), .options = MAPPED },
	{ TEST(root_that_is_mapped_has_no_rights_of_root),
	  .options = "map_uid=1000:0,map_gid=2000:0" },
	{ TEST(root_that_is_mapped_sees_no_trusted_attributes),
	  .options = "map_uid=1000:0,map_gid=2000:0" },
	{ TEST(root_that_is_mapped_is_bound_by_directories),
	  .options = "map_uid=1000:0,map_gid=2000:0" },
	{ TEST(the_one_owner_gets_no_rights_over_what_is_others), .options = "uid=5000,gid=6000" },
	{ TEST(root_is_the_one_owner_too), .options = "uid=5000,gid=6000" },
	{ TEST(the_one_owner_has_what_is_his), .options = "uid=5000,gid=6000" },
	{ TEST(directories_are_mapped_users_too), .options = MAPPED },
	{ TEST(owners_are_mapped_in_a_view_too) },
	{ TEST(a_lent_root_has_no_capabilities_over_shared_names) },
	{ TEST(a_container_has_its_owners), .options = MAPPED },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "rights", tests, G_N_ELEMENTS(tests));
}
