/* SPDX-License-Identifier: MIT */
#include "replay-calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

ino_t ino_of(const char *path)
{
	return stat_of(path).st_ino;
}

void make_a(void)
{
	put(SHM "/a", "of a");
}

void make_a_and_b(void)
{
	put(SHM "/a", "of a");
	put(SHM "/b", "of b");
}

void is_empty(void)
{
	has_names(SHM, "");
}

void create_a(void)
{
	int fd = (int)ok(open(MNT "/a", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0400));

	ok(write(fd, "new", 3));
	close(fd);
}

void is_created(void)
{
	has_names(SHM, "a ");
	has_text(SHM "/a", "new");
	g_assert_cmpint(stat_of(SHM "/a").st_mode & 07777, ==, 0400);
}

void create_a_in_vain(void)
{
	fails(EEXIST, open(MNT "/a", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
}

void unlink_a(void)
{
	ok(unlink(MNT "/a"));
}

void unlink_in_vain(void)
{
	fails(ENOENT, unlink(MNT "/a"));
}

void link_b(void)
{
	ok(link(MNT "/a", MNT "/b"));
}

void has_two_names(void)
{
	has_names(SHM, "a b ");
	g_assert_cmpint(ino_of(SHM "/a"), ==, ino_of(SHM "/b"));
	g_assert_cmpint(stat_of(SHM "/a").st_nlink, ==, 2);
}

void link_in_vain(void)
{
	fails(EEXIST, link(MNT "/a", MNT "/b"));
}

void rename_to_b(void)
{
	ok(rename(MNT "/a", MNT "/b"));
}

void fill_d(void)
{
	put(SHM "/d%", "");
	put(SHM "/d%sub%", "");
	put(SHM "/d%sub%x", "x of d");
	put(SHM "/d%y", "y of d");
}

void set_attribute(void)
{
	ok(setxattr(MNT "/a", "user.x", "1", 1, XATTR_CREATE));
}

void has_attribute(void)
{
	char value[4];

	g_assert_cmpint(ok(getxattr(SHM "/a", "user.x", value, sizeof(value))), ==, 1);
	g_assert_cmpint(value[0], ==, '1');
}

void make_a_with_attribute(void)
{
	make_a();
	ok(setxattr(SHM "/a", "user.x", "1", 1, 0));
}

void set_attribute_in_vain(void)
{
	fails(EEXIST, setxattr(MNT "/a", "user.x", "1", 1, XATTR_CREATE));
}

void remove_attribute(void)
{
	ok(removexattr(MNT "/a", "user.x"));
}

void remove_attribute_in_vain(void)
{
	fails(ENODATA, removexattr(MNT "/a", "user.x"));
}

void has_no_attribute(void)
{
	fails(ENODATA, getxattr(SHM "/a", "user.x", NULL, 0));
}
