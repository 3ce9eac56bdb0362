/* SPDX-License-Identifier: MIT */
/*
 * Owners that the mount shows and makes: map_uid, map_gid, uid, gid, create_mode.
 * Natively there are HOST users 1000 and 1001 and the groups 2000 and 2001; the
 * mount shows user 1000 as 100000, group 2000 as 200000. What they may do is in
 * tests-rights.c.
 */
#include "mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define MAPPED "map_uid=1000:100000,map_gid=2000:200000"
#define HIDDEN 65534 /* who cannot be shown */

#define owned_by(path, uid, gid) expect_owner((path), (uid), (gid), __FILE__, __LINE__)

static void expect_owner(const char *path, uid_t uid, gid_t gid, const char *file, int line)
{
	const struct stat st = stat_of(path);

	if (st.st_uid != uid || st.st_gid != gid)
		g_error("%s:%d: %s is %u:%u's, not %u:%u's", file, line, path, st.st_uid, st.st_gid,
			uid, gid);
}

/* ---- map_uid, map_gid ---- */

static void owners_are_shown_by_the_map(void)
{
	int fd;

	put_new(SHM "/mapped", 0644, 1000, 2000);
	put_new(SHM "/other", 0644, 1001, 2001);
	put_new(SHM "/hidden", 0644, 100000, 200000);
	put_new(SHM "/dir%", 0755, 1000, 2000);
	owned_by(MNT "/mapped", 100000, 200000);
	owned_by(MNT "/other", 1001, 2001);
	owned_by(MNT "/hidden", HIDDEN, HIDDEN);
	owned_by(MNT "/dir", 100000, 200000);
	owned_by(MNT, 0, 0);
	fd = ok(open(MNT "/mapped", O_RDWR));
	g_assert_cmpuint(fstat_of(fd).st_uid, ==, 100000);
	ok(fchmod(fd, 0600));
	ok(unlink(SHM "/mapped"));
	g_assert_cmpuint(fstat_of(fd).st_uid, ==, 100000);
	g_assert_cmpuint(fstat_of(fd).st_gid, ==, 200000);
}

static void a_native_change_of_owner_is_seen_at_once(void)
{
	put_new(SHM "/a", 0644, 1001, 2001);
	owned_by(MNT "/a", 1001, 2001);
	ok(chown(SHM "/a", 1000, 2000));
	owned_by(MNT "/a", 100000, 200000);
	ok(chown(SHM "/a", 100000, 200000));
	owned_by(MNT "/a", HIDDEN, HIDDEN);
}

static void what_view_makes_is_hosts(void)
{
	AS_USER (100000, 200000) {
		int fd = ok(open(MNT "/made", O_RDWR | O_CREAT | O_EXCL, 0600));

		g_assert_cmpuint(fstat_of(fd).st_uid, ==, 100000);
		ok(mkdir(MNT "/dir", 0755));
		ok(mknod(MNT "/dir/node", S_IFREG | 0640, 0));
		ok(link(MNT "/made", MNT "/dir/link"));
		ok(rename(MNT "/dir/link", MNT "/dir/renamed"));
		fd = ok(open(MNT "/dir", O_TMPFILE | O_RDWR, 0600));
		g_assert_cmpuint(fstat_of(fd).st_gid, ==, 200000);
		ok(linkat(AT_FDCWD, g_strdup_printf("/proc/self/fd/%d", fd), AT_FDCWD,
			  MNT "/unnamed", AT_SYMLINK_FOLLOW));
	}
	owned_by(SHM "/made", 1000, 2000);
	owned_by(SHM "/dir%", 1000, 2000);
	owned_by(SHM "/dir%node", 1000, 2000);
	owned_by(SHM "/dir%renamed", 1000, 2000);
	owned_by(SHM "/unnamed", 1000, 2000);
	owned_by(MNT "/dir/renamed", 100000, 200000);
}

static void who_is_in_no_pair_makes_his_own(void)
{
	AS_USER (1001, 2001)
		put(MNT "/a", "");
	put(MNT "/roots", "");
	owned_by(SHM "/a", 1001, 2001);
	owned_by(SHM "/roots", 0, 0);
}

static void a_directorys_group_is_mapped(void)
{
	ok(chmod(SHM, 01777));
	AS_MEMBER (100000, 2001, 200000) {
		ok(mkdir(MNT "/dir", 0775));
		ok(chown(MNT "/dir", -1, 200000));
		ok(chmod(MNT "/dir", 02775));
		put(MNT "/dir/file", "");
		ok(mkdir(MNT "/dir/sub", 0755));
	}
	owned_by(SHM "/dir%", 1000, 2000);
	owned_by(SHM "/dir%file", 1000, 2000);
	owned_by(SHM "/dir%sub%", 1000, 2000);
	g_assert_cmpuint(stat_of(MNT "/dir/sub").st_mode, ==, S_IFDIR | 02755);
	owned_by(MNT "/dir/file", 100000, 200000);
}

static void chown_takes_what_is_shown(void)
{
	put_new(SHM "/a", 0644, 1001, 2001);
	ok(chown(MNT "/a", 100000, 200000));
	owned_by(SHM "/a", 1000, 2000);
	owned_by(MNT "/a", 100000, 200000);
	ok(chown(MNT "/a", 1001, -1));
	owned_by(SHM "/a", 1001, 2000);
	/* Users who are not shown under these ids. */
	fails(EOVERFLOW, chown(MNT "/a", 1000, -1));
	fails(EOVERFLOW, chown(MNT "/a", -1, 2000));
	owned_by(SHM "/a", 1001, 2000);
}

static void group_members_keep_to_their_groups(void)
{
	put_new(SHM "/a", 0644, 1000, 2001);
	AS_MEMBER (100000, 2001, 200000)
		ok(chown(MNT "/a", -1, 200000));
	owned_by(SHM "/a", 1000, 2000);
	AS_USER (100000, 2001)
		fails(EPERM, chown(MNT "/a", -1, 2002));
}

static void memory_is_shared_across_the_map(void)
{
	AS_USER (100000, 200000) {
		int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));

		ok(ftruncate(fd, 4096));
	}
	AS_USER (1000, 2000) {
		int fd = ok(open(SHM "/a", O_RDWR));

		ok(pwrite(fd, "native", 6, 100));
	}
	AS_USER (100000, 200000) {
		char text[7] = "";
		int fd = ok(open(MNT "/a", O_RDWR));

		ok(pread(fd, text, 6, 100));
		g_assert_cmpstr(text, ==, "native");
		ok(pwrite(fd, "mount", 6, 100));
	}
	AS_USER (1000, 2000) {
		char text[7] = "";

		ok(pread(ok(open(SHM "/a", O_RDONLY)), text, 6, 100));
		g_assert_cmpstr(text, ==, "mount");
	}
}

/* ---- who has no identity ---- */

static void who_comes_as_a_mapped_host_is_nobody(void)
{
	put_new(SHM "/a", 0666, 1000, 2000);
	ok(chmod(SHM "/a", 0666));
	AS_USER (1000, 2001) {
		g_assert_true(exists(MNT "/a"));
		has_names(MNT, "a ");
		fails(EOVERFLOW, open(MNT "/a", O_RDONLY));
		fails(EOVERFLOW, open(MNT "/new", O_RDWR | O_CREAT, 0600));
		fails(EOVERFLOW, mkdir(MNT "/dir", 0700));
		fails(EOVERFLOW, open(MNT, O_TMPFILE | O_RDWR, 0600));
		fails(EOVERFLOW, truncate(MNT "/a", 0));
		fails(EPERM, chmod(MNT "/a", 0777));
	}
	AS_USER (1001, 2000)
		fails(EOVERFLOW, open(MNT "/a", O_RDONLY));
	has_names(SHM, "a ");
}

static void who_is_shown_as_nobody_is_not_nobodys(void)
{
	put_new(SHM "/a", 0600, 100000, 200000);
	AS_USER (HIDDEN, HIDDEN) {
		fails(EACCES, open(MNT "/a", O_RDONLY));
		fails(EPERM, chmod(MNT "/a", 0666));
		fails(EPERM, unlink(MNT "/a"));
		fails(EPERM, rename(MNT "/a", MNT "/b"));
		fails(EPERM, link(MNT "/a", MNT "/b"));
		fails(EACCES, truncate(MNT "/a", 0));
		fails(EACCES, setxattr(MNT "/a", "user.x", "1", 1, 0));
		put(MNT "/mine", "");
	}
	owned_by(SHM "/mine", HIDDEN, HIDDEN);
	has_names(SHM, "a mine ");
}

/* ---- ACLs ---- */

struct acl {
	guint32 version;
	struct {
		guint16 tag, perm;
		guint32 id;
	} entries[6];
};

static struct acl acl_of(uid_t uid, gid_t gid)
{
	return (struct acl){ 2,
			     { { 0x01, 6, ~0U },
			       { 0x02, 4, uid },
			       { 0x04, 0, ~0U },
			       { 0x08, 6, gid },
			       { 0x10, 6, ~0U },
			       { 0x20, 0, ~0U } } };
}

static const char access_acl[] = "system.posix_acl_access";

#define has_acl(path, uid, gid) expect_acl((path), (uid), (gid), __FILE__, __LINE__)

static void expect_acl(const char *path, uid_t uid, gid_t gid, const char *file, int line)
{
	const struct acl wanted = acl_of(uid, gid);
	struct acl got;

	ok(getxattr(path, access_acl, &got, sizeof got));
	if (memcmp(&got, &wanted, sizeof got) != 0)
		g_error("%s:%d: the ACL of %s is for %u and %u, not for %u and %u", file, line,
			path, got.entries[1].id, got.entries[3].id, uid, gid);
}

static void acls_are_mapped_in_both_directions(void)
{
	struct acl view = acl_of(100000, 200000), host = acl_of(1000, 2000);

	put_new(SHM "/a", 0600, 1001, 2001);
	put_new(SHM "/b", 0600, 1001, 2001);
	AS_USER (1001, 2001)
		ok(setxattr(MNT "/a", access_acl, &view, sizeof view, 0));
	ok(setxattr(SHM "/b", access_acl, &host, sizeof host, 0));
	has_acl(SHM "/a", 1000, 2000);
	has_acl(MNT "/a", 100000, 200000);
	has_acl(MNT "/b", 100000, 200000);
	AS_USER (100000, 5) {
		ok(open(MNT "/a", O_RDONLY));
		fails(EACCES, open(MNT "/b", O_RDWR));
	}
	AS_USER (5, 200000)
		ok(open(MNT "/b", O_RDWR));
	AS_USER (1000, 5)
		fails(EACCES, open(SHM "/a", O_RDWR));
	AS_USER (1001, 2001) {
		fails(EOVERFLOW, setxattr(MNT "/a", access_acl, &host, sizeof host, 0));
		ok(removexattr(MNT "/a", access_acl));
	}
	fails(ENODATA, getxattr(SHM "/a", access_acl, NULL, 0));
}

static void the_default_acl_of_the_top_is_mapped(void)
{
	struct acl view = acl_of(100000, 200000), got;

	ok(setxattr(MNT, "system.posix_acl_default", &view, sizeof view, 0));
	ok(getxattr(SHM, "system.posix_acl_default", &got, sizeof got));
	g_assert_cmpuint(got.entries[1].id, ==, 1000);
	put(SHM "/a", "");
	ok(getxattr(MNT "/a", access_acl, &got, sizeof got));
	g_assert_cmpuint(got.entries[1].id, ==, 100000);
}

static void a_hidden_one_in_an_acl_gives_nobody_a_right(void)
{
	struct acl host = acl_of(100000, 200000);

	put_new(SHM "/a", 0600, 1001, 2001);
	ok(setxattr(SHM "/a", access_acl, &host, sizeof host, 0));
	has_acl(MNT "/a", HIDDEN, HIDDEN);
	AS_USER (HIDDEN, HIDDEN)
		fails(EACCES, open(MNT "/a", O_RDONLY));
}

/* ---- tools ---- */

static void tools_carry_owners_across(void)
{
	sh("umask 022; mkdir $PLAIN/from && echo text >$PLAIN/from/file &&"
	   "chown 100000:200000 $PLAIN/from $PLAIN/from/file &&"
	   "setfacl -m u:100000:r,g:200000:rw $PLAIN/from/file &&"
	   "rsync -aXA $PLAIN/from/ $MNT/by-rsync/ && cp -a $PLAIN/from $MNT/by-cp");
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "by-rsync" : "by-cp";
		g_autofree char *marker = g_strdup_printf(SHM "/%s%%", name);
		g_autofree char *file = g_strdup_printf(SHM "/%s%%file", name);

		owned_by(marker, 1000, 2000);
		owned_by(file, 1000, 2000);
		sh("getfacl -cn \"$1\" | grep -q '^user:1000:r--' &&"
		   "getfacl -cn \"$1\" | grep -q '^group:2000:rw-'",
		   file);
	}
	sh("rsync -aXA $MNT/by-cp/ $PLAIN/back/ && cp -a $MNT/by-rsync $PLAIN/copied &&"
	   "for d in back copied; do"
	   "  test $(stat -c %u:%g $PLAIN/$d/file) = 100000:200000 &&"
	   "  test \"$(getfacl -cn $PLAIN/$d/file)\" = \"$(getfacl -cn $PLAIN/from/file)\" ||"
	   "  exit 1; done");
}

/* ---- uid, gid ---- */

static void everything_is_the_one_owners(void)
{
	put_new(SHM "/a", 0644, 1001, 2001);
	put_new(SHM "/dir%", 0755, 0, 0);
	owned_by(MNT "/a", 5000, 6000);
	owned_by(MNT "/dir", 5000, 6000);
	owned_by(MNT, 5000, 6000);
}

static void everything_is_made_as_the_one_owners(void)
{
	const uid_t users[] = { 0, 1001, 5000 };

	ok(chmod(SHM, 03777)); /* whose group gives way too */
	for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
		AS_USER (users[i], 7) {
			put(MNT "/a", "");
			ok(mkdir(MNT "/dir", 0777));
			ok(close(ok(open(MNT, O_TMPFILE | O_RDWR, 0600))));
		}
		owned_by(SHM "/a", 5000, 6000);
		owned_by(SHM "/dir%", 5000, 6000);
		owned_by(MNT "/a", 5000, 6000);
		ok(unlink(SHM "/a"));
		ok(unlink(SHM "/dir%"));
	}
}

static void the_one_owner_cannot_be_changed(void)
{
	put_new(SHM "/a", 0644, 5000, 6000);
	ok(chown(MNT "/a", 5000, 6000));
	ok(chown(MNT "/a", 5000, -1));
	fails(EPERM, chown(MNT "/a", 1001, -1));
	fails(EPERM, chown(MNT "/a", -1, 0));
	owned_by(SHM "/a", 5000, 6000);
}

static void a_group_alone_can_be_the_one(void)
{
	put_new(SHM "/a", 0640, 1001, 2001);
	owned_by(MNT "/a", 1001, 6000);
	AS_USER (1001, 7)
		put(MNT "/b", "");
	owned_by(SHM "/b", 1001, 6000);
	put(MNT "/c", "");
	owned_by(SHM "/c", 0, 6000);
	ok(chown(MNT "/c", 1001, -1));
	owned_by(SHM "/c", 1001, 6000);
}

/* ---- create_mode ---- */

static mode_t mode_of(const char *path)
{
	return stat_of(path).st_mode & 07777;
}

static void new_files_have_the_mode_whatever_the_umask(void)
{
	static const mode_t umasks[] = { 0, 022, 077, 0777 };

	put_new(SHM "/old", 0600, 1001, 2001);
	for (size_t i = 0; i < G_N_ELEMENTS(umasks); i++) {
		AS_USER (1001, 2001) {
			umask(umasks[i]);
			ok(close(ok(open(MNT "/a", O_RDWR | O_CREAT, 0600))));
			ok(mknod(MNT "/b", S_IFREG | 06777, 0));
			ok(mkdir(MNT "/dir", 0700));
			ok(mkdir(MNT "/sticky", 01777));
			ok(close(ok(open(MNT "/old", O_RDWR | O_CREAT, 0666))));
			g_assert_cmpuint(
				fstat_of(ok(open(MNT "/dir", O_TMPFILE | O_RDWR, 0600))).st_mode,
				==, S_IFREG | 0664);
		}
		g_assert_cmpuint(mode_of(SHM "/a"), ==, 0664);
		g_assert_cmpuint(mode_of(SHM "/b"), ==, 0664);
		g_assert_cmpuint(mode_of(MNT "/dir"), ==, 0775);
		g_assert_cmpuint(mode_of(MNT "/sticky"), ==, 01775);
		g_assert_cmpuint(mode_of(SHM "/old"), ==, 0600);
		sh("rmdir $MNT/dir $MNT/sticky && rm $MNT/a $MNT/b");
	}
}

static void new_files_have_the_mode_whatever_the_default_acl(void)
{
	struct acl acl = acl_of(1001, 2001);

	ok(setxattr(SHM, "system.posix_acl_default", &acl, sizeof acl, 0));
	AS_USER (1001, 2001) {
		put(MNT "/a", "");
		ok(mkdir(MNT "/dir", 0700));
	}
	g_assert_cmpuint(mode_of(MNT "/a"), ==, 0664);
	g_assert_cmpuint(mode_of(MNT "/dir"), ==, 0775);
}

static void the_mode_can_be_changed_later(void)
{
	put(MNT "/a", "");
	ok(chmod(MNT "/a", 04700));
	g_assert_cmpuint(mode_of(SHM "/a"), ==, 04700);
}

/* ---- set-ID bits ---- */

static void a_lent_identity_is_not_lent_on(void)
{
	AS_USER (100000, 200000) {
		umask(0);
		ok(close(ok(open(MNT "/made", O_RDWR | O_CREAT, 06755))));
		ok(mknod(MNT "/node", S_IFREG | 06755, 0));
		put(MNT "/a", "");
		ok(chmod(MNT "/a", 06755));
		ok(mkdir(MNT "/d", 0755));
		ok(chmod(MNT "/d", 02755));
	}
	g_assert_cmpuint(mode_of(SHM "/made"), ==, 0755);
	g_assert_cmpuint(mode_of(SHM "/node"), ==, 0755);
	g_assert_cmpuint(mode_of(SHM "/a"), ==, 0755);
	g_assert_cmpuint(mode_of(SHM "/d%"), ==, 02755);
	AS_USER (1001, 2001) {
		put(MNT "/own", "");
		ok(chmod(MNT "/own", 04755));
	}
	g_assert_cmpuint(mode_of(SHM "/own"), ==, 04755);
}

static void the_one_owners_identity_is_not_lent_on(void)
{
	AS_USER (1001, 2001) {
		umask(0);
		ok(close(ok(open(MNT "/made", O_RDWR | O_CREAT, 06755))));
	}
	g_assert_cmpuint(mode_of(SHM "/made"), ==, 0755);
}

/* Who runs a program of the mount does not become whom it is shown to be of. */
static void set_id_bits_of_mapped_owners_are_not_shown(void)
{
	put_new(SHM "/hosts", 0755, 1000, 2000);
	put_new(SHM "/others", 0755, 1001, 2001);
	ok(chmod(SHM "/hosts", 06755));
	ok(chmod(SHM "/others", 06755));
	g_assert_cmpuint(mode_of(MNT "/hosts"), ==, 0755);
	g_assert_cmpuint(mode_of(MNT "/others"), ==, 06755);
	AS_USER (100000, 200000)
		ok(pwrite(ok(open(MNT "/hosts", O_RDWR)), "x", 1, 0));
	g_assert_cmpuint(mode_of(SHM "/hosts"), ==, 0755);
}

/* ---- containers ---- */

/* mount(2) as an ID-mapped one is refused: see doc/limits.md. */
static void id_mapped_mounts_are_refused(void)
{
	struct {
		guint64 set, clear, propagation, userns_fd;
	} attr = { .set = 0x00100000 /* MOUNT_ATTR_IDMAP */ };
	int tree;

	attr.userns_fd = (guint64)user_namespace(100000, 200000);
	tree = ok(syscall(SYS_open_tree, AT_FDCWD, MNT, 1 /* OPEN_TREE_CLONE */));
	fails(EINVAL, syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof attr));
	ok(close(tree));
}

static void only_root_maps_owners(void)
{
	static const char *const options[] = { "map_uid=1000:1", "map_gid=1:2", "uid=1000",
					       "gid=5" };

	for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
		AS_USER (1000, 1000)
			sh("code=0; said=$(\"$SHMFUSE\" -o $1 $PLAIN 2>&1) || code=$?;"
			   "test $code = 1; case $said in *'need root'*) ;; *) exit 1 ;; esac",
			   options[i]);
}

static const struct mount_test tests[] = {
	{ TEST(owners_are_shown_by_the_map), .options = MAPPED },
	{ TEST(a_native_change_of_owner_is_seen_at_once), .options = MAPPED },
	{ TEST(what_view_makes_is_hosts), .options = MAPPED },
	{ TEST(who_is_in_no_pair_makes_his_own), .options = MAPPED },
	{ TEST(a_directorys_group_is_mapped), .options = MAPPED },
	{ TEST(chown_takes_what_is_shown), .options = MAPPED },
	{ TEST(group_members_keep_to_their_groups), .options = MAPPED },
	{ TEST(memory_is_shared_across_the_map), .options = MAPPED },
	{ TEST(who_comes_as_a_mapped_host_is_nobody), .options = MAPPED },
	{ TEST(who_is_shown_as_nobody_is_not_nobodys), .options = MAPPED },
	{ TEST(acls_are_mapped_in_both_directions), .options = MAPPED },
	{ TEST(the_default_acl_of_the_top_is_mapped), .options = MAPPED },
	{ TEST(a_hidden_one_in_an_acl_gives_nobody_a_right), .options = MAPPED },
	{ TEST(tools_carry_owners_across), .options = MAPPED, .needs = "rsync" },
	{ TEST(everything_is_the_one_owners), .options = "uid=5000,gid=6000" },
	{ TEST(everything_is_made_as_the_one_owners), .options = "uid=5000,gid=6000" },
	{ TEST(the_one_owner_cannot_be_changed), .options = "uid=5000,gid=6000" },
	{ TEST(a_group_alone_can_be_the_one), .options = "gid=6000" },
	{ TEST(new_files_have_the_mode_whatever_the_umask), .options = "create_mode=0664" },
	{ TEST(new_files_have_the_mode_whatever_the_default_acl), .options = "create_mode=0664" },
	{ TEST(the_mode_can_be_changed_later), .options = "create_mode=0664" },
	{ TEST(a_lent_identity_is_not_lent_on), .options = MAPPED },
	{ TEST(the_one_owners_identity_is_not_lent_on), .options = "uid=0,gid=0" },
	{ TEST(set_id_bits_of_mapped_owners_are_not_shown), .options = MAPPED },
	{ TEST(id_mapped_mounts_are_refused), .options = MAPPED },
	{ TEST(only_root_maps_owners), .paths = NO_MOUNT },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "owner", tests, G_N_ELEMENTS(tests));
}
