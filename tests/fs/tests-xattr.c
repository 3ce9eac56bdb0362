/* SPDX-License-Identifier: MIT */
/* Extended attributes, and the access control lists that live in them. */
#include "mount.h"

#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

static void attributes_are_the_same_on_both_sides(void)
{
	char value[16] = "";
	int fd;

	put(SHM "/a", "");
	fd = ok(open(MNT "/a", O_RDWR));
	ok(setxattr(MNT "/a", "user.m", "mounted", 8, 0));
	ok(setxattr(SHM "/a", "user.n", "native", 7, 0));
	ok(fsetxattr(fd, "user.empty", "", 0, 0));
	g_assert_cmpint(ok(getxattr(SHM "/a", "user.m", value, sizeof value)), ==, 8);
	g_assert_cmpstr(value, ==, "mounted");
	g_assert_cmpint(ok(fgetxattr(fd, "user.n", value, sizeof value)), ==, 7);
	g_assert_cmpstr(value, ==, "native");
	g_assert_cmpint(ok(getxattr(MNT "/a", "user.empty", value, sizeof value)), ==, 0);
	ok(removexattr(MNT "/a", "user.n"));
	fails(ENODATA, getxattr(SHM "/a", "user.n", value, sizeof value));
	ok(removexattr(SHM "/a", "user.m"));
	fails(ENODATA, fgetxattr(fd, "user.m", value, sizeof value));
}

static void lists_are_the_same_on_both_sides(void)
{
	char mounted[256], native[256];
	ssize_t n;

	put(SHM "/a", "");
	g_assert_cmpint(ok(listxattr(MNT "/a", mounted, sizeof mounted)), ==,
			ok(listxattr(SHM "/a", native, sizeof native)));
	ok(setxattr(MNT "/a", "user.one", "1", 1, 0));
	ok(setxattr(MNT "/a", "user.two", "2", 1, 0));
	n = ok(listxattr(MNT "/a", mounted, sizeof mounted));
	g_assert_cmpint(n, ==, ok(listxattr(SHM "/a", native, sizeof native)));
	g_assert_cmpmem(mounted, n, native, n);
	g_assert_cmpint(ok(listxattr(MNT "/a", NULL, 0)), ==, n);
	fails(ERANGE, listxattr(MNT "/a", mounted, 3));
}

static void errors_are_the_native_ones(void)
{
	static const struct {
		const char *name;
		size_t size;
		int flags;
	} cases[] = {
		{ "user.x", 1, XATTR_REPLACE },
		{ "user.x", 10, XATTR_CREATE },
		{ "user.x", 10, XATTR_CREATE },
		{ "user.x", 20, XATTR_REPLACE },
		{ "user.large", 60000, 0 },
		{ "user.too large", 70000, 0 },
		{ "user.", 1, 0 },
		{ "nonsense.x", 1, 0 },
		{ "x", 1, 0 },
		{ "", 1, 0 },
		{ "trusted.x", 1, 0 },
		{ "security.x", 1, 0 },
		{ "system.x", 1, 0 },
		{ "user.x", 1, 0x40 },
	};
	g_autofree char *value = g_malloc0(70000), *got = g_malloc(70000);

	put(SHM "/a", "");
	put(SHM "/twin", "");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *name = cases[i].name;

		g_test_message("%s, %zu bytes", name, cases[i].size);
		g_assert_cmpint(
			error_of(setxattr(MNT "/a", name, value, cases[i].size, cases[i].flags)),
			==,
			error_of(
				setxattr(SHM "/twin", name, value, cases[i].size, cases[i].flags)));
		for (size_t size = 0; size <= 70000;
		     size += 35000 - 5 * (size == 0) + 5 * (size != 0))
			g_assert_cmpint(error_of(getxattr(MNT "/a", name, got, size)), ==,
					error_of(getxattr(SHM "/twin", name, got, size)));
	}
	fails(ERANGE, getxattr(MNT "/a", "user.x", got, 5));
	g_assert_cmpint(ok(getxattr(MNT "/a", "user.x", NULL, 0)), ==, 20);
	fails(ENODATA, removexattr(MNT "/a", "user.none"));
	fails(ENOENT, setxattr(MNT "/none", "user.x", "", 0, 0));
}

static void rights_are_asked_as_natively(void)
{
	static const char *const names[] = { "user.x", "trusted.x", "security.x" };
	static const mode_t modes[] = { 0600, 0644, 0666, 0622 };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		for (size_t j = 0; j < G_N_ELEMENTS(modes); j++) {
			put_new(SHM "/a", modes[j], 0, 0);
			put_new(SHM "/twin", modes[j], 0, 0);
			ok(setxattr(SHM "/a", "user.x", "1", 1, 0));
			ok(setxattr(SHM "/twin", "user.x", "1", 1, 0));
			AS_USER (1000, 1000) {
				char c;

				g_assert_cmpint(error_of(getxattr(MNT "/a", names[i], &c, 1)), ==,
						error_of(getxattr(SHM "/twin", names[i], &c, 1)));
				g_assert_cmpint(
					error_of(setxattr(MNT "/a", names[i], "2", 1, 0)), ==,
					error_of(setxattr(SHM "/twin", names[i], "2", 1, 0)));
				g_assert_cmpint(error_of(removexattr(MNT "/a", names[i])), ==,
						error_of(removexattr(SHM "/twin", names[i])));
			}
			sh("rm $SHM/*");
		}
}

static void unlinked_objects_and_directories_have_attributes(void)
{
	char value[8] = "";
	int fd;

	put(MNT "/a", "");
	fd = ok(open(MNT "/a", O_RDWR));
	ok(unlink(MNT "/a"));
	ok(fsetxattr(fd, "user.x", "late", 5, 0));
	ok(fgetxattr(fd, "user.x", value, sizeof value));
	g_assert_cmpstr(value, ==, "late");
	ok(mkdir(MNT "/d", 0755));
	ok(setxattr(MNT "/d", "user.x", "dir", 4, 0));
	ok(getxattr(SHM "/d%", "user.x", value, sizeof value));
	g_assert_cmpstr(value, ==, "dir");
}

/* An access control list as the system call takes it: the owner reads and
 * writes, user 1001 may do as told, nobody else anything. */
struct acl {
	guint32 version;
	struct {
		guint16 tag, perm;
		guint32 id;
	} entries[5];
};

static struct acl acl_for_1001(unsigned perm)
{
	return (struct acl){ 2,
			     { { 0x01, 6, ~0U },
			       { 0x02, (guint16)perm, 1001 },
			       { 0x04, 0, ~0U },
			       { 0x10, 6, ~0U },
			       { 0x20, 0, ~0U } } };
}

static void agree_on_rights(uid_t uid, gid_t gid)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR };

	AS_USER (uid, gid)
		for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
			int native = error_of(open(SHM "/a", flags[i]));
			int mounted = error_of(open(MNT "/a", flags[i]));

			if (native != mounted)
				g_error("user %u, group %u, flags %d: \"%s\", natively \"%s\"", uid,
					gid, flags[i], g_strerror(mounted), g_strerror(native));
		}
}

static void a_native_list_binds_the_users_of_the_mount(void)
{
	for (unsigned perm = 0; perm <= 6; perm += 2) {
		struct acl acl = acl_for_1001(perm);

		put_new(SHM "/a", 0600, 1000, 2000);
		ok(setxattr(SHM "/a", "system.posix_acl_access", &acl, sizeof acl, 0));
		same_stat(MNT "/a", SHM "/a");
		agree_on_rights(1000, 1000);
		agree_on_rights(1001, 1001);
		agree_on_rights(1002, 2000);
		agree_on_rights(1003, 1003);
		ok(unlink(SHM "/a"));
	}
}

static void a_list_set_on_the_mount_is_the_objects_or_refused(void)
{
	struct acl acl = acl_for_1001(4), got;

	put_new(SHM "/a", 0600, 1000, 2000);
	if (setxattr(MNT "/a", "system.posix_acl_access", &acl, sizeof acl, 0) == -1) {
		g_assert_cmpint(errno, ==, EOPNOTSUPP);
		g_assert_cmpint(stat_of(SHM "/a").st_mode, ==, S_IFREG | 0600);
		return;
	}
	g_assert_cmpint(ok(getxattr(SHM "/a", "system.posix_acl_access", &got, sizeof got)), ==,
			sizeof got);
	g_assert_cmpmem(&acl, sizeof acl, &got, sizeof got);
	agree_on_rights(1001, 1001);
	agree_on_rights(1002, 2000);
	same_stat(MNT "/a", SHM "/a");
}

static void trusted_attributes_are_for_root(void)
{
	char list[100];

	put(MNT "/a", "");
	ok(setxattr(MNT "/a", "trusted.t", "v", 1, 0));
	ok(setxattr(MNT "/a", "user.u", "v", 1, 0));
	AS_USER (1000, 1000)
		g_assert_cmpint(listxattr(MNT "/a", list, sizeof list), ==, sizeof "user.u");
	AS_USER (1000, 1000)
		g_assert_cmpint(listxattr(MNT "/a", NULL, 0), ==, sizeof "user.u");
	g_assert_cmpint(listxattr(MNT "/a", list, sizeof list), ==,
			sizeof "user.u" + sizeof "trusted.t");
}

static void only_the_top_can_have_a_default_acl(void)
{
	struct acl acl = acl_for_1001(7);

	ok(mkdir(MNT "/d", 0755));
	fails(EOPNOTSUPP, setxattr(MNT "/d", "system.posix_acl_default", &acl, sizeof acl, 0));
	ok(setxattr(MNT "/d", "system.posix_acl_access", &acl, sizeof acl, 0));
	ok(setxattr(MNT, "system.posix_acl_default", &acl, sizeof acl, 0));
	ok(removexattr(SHM, "system.posix_acl_default"));
}

/* The kernel judges by the owner that it saw last. */
static void a_former_owner_changes_nothing_by_a_descriptor(void)
{
	struct acl acl = acl_for_1001(7);
	int fd;

	put_new(SHM "/a", 0644, 1000, 1000);
	fd = ok(open(MNT "/a", O_RDWR));
	ok(chown(SHM "/a", 1001, 1001));
	AS_USER (1000, 1000) {
		fails(EPERM, fsetxattr(fd, "system.posix_acl_access", &acl, sizeof acl, 0));
		fails(EPERM, fchmod(fd, 0666));
		fails(EPERM, futimens(fd, (struct timespec[2]){ { .tv_sec = 1 } }));
	}
	g_assert_cmpint(stat_of(SHM "/a").st_mode, ==, S_IFREG | 0644);
}

static void the_umask_gives_way_to_a_default_acl(void)
{
	struct acl acl = acl_for_1001(7);

	for (int round = 0; round < 2; round++) {
		umask(077);
		ok(close(ok(open(MNT "/mounted", O_RDWR | O_CREAT, 0666))));
		ok(close(ok(open(SHM "/native", O_RDWR | O_CREAT, 0666))));
		umask(0);
		g_assert_cmpint(stat_of(MNT "/mounted").st_mode, ==, stat_of(SHM "/native").st_mode);
		g_assert_cmpint(error_of(getxattr(SHM "/mounted", "system.posix_acl_access", NULL, 0)),
				==,
				error_of(getxattr(SHM "/native", "system.posix_acl_access", NULL, 0)));
		sh("rm " SHM "/*");
		ok(setxattr(SHM, "system.posix_acl_default", &acl, sizeof acl, 0));
	}
}

static const struct mount_test tests[] = {
	{ TEST(the_umask_gives_way_to_a_default_acl) },
	{ TEST(a_former_owner_changes_nothing_by_a_descriptor) },
	{ TEST(trusted_attributes_are_for_root) },
	{ TEST(only_the_top_can_have_a_default_acl) },
	{ TEST(attributes_are_the_same_on_both_sides) },
	{ TEST(lists_are_the_same_on_both_sides) },
	{ TEST(errors_are_the_native_ones) },
	{ TEST(rights_are_asked_as_natively) },
	{ TEST(unlinked_objects_and_directories_have_attributes) },
	{ TEST(a_native_list_binds_the_users_of_the_mount) },
	{ TEST(a_list_set_on_the_mount_is_the_objects_or_refused) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "xattr", tests, G_N_ELEMENTS(tests));
}
