/* SPDX-License-Identifier: MIT */
/*
 * The set-user-ID and set-group-ID bits: what clears them natively clears them
 * through the mount, and nothing else does. Every call is made on an object of
 * the mount and on a twin that is a native one.
 */
#include "mount.h"

#include <fcntl.h>
#include <sys/uio.h>

static void write_byte(const char *path)
{
	ok(write(ok(open(path, O_WRONLY)), "x", 1));
}

static void append_byte(const char *path)
{
	ok(write(ok(open(path, O_WRONLY | O_APPEND)), "x", 1));
}

static void write_much(const char *path)
{
	g_autofree char *buf = g_malloc0(1 << 20);

	ok(write(ok(open(path, O_RDWR)), buf, 1 << 20));
}

static void truncate_path(const char *path)
{
	ok(truncate(path, 3));
}

static void truncate_same_size(const char *path)
{
	ok(truncate(path, 4));
}

static void truncate_descriptor(const char *path)
{
	ok(ftruncate(ok(open(path, O_RDWR)), 0));
}

static void truncate_at_open(const char *path)
{
	ok(open(path, O_WRONLY | O_TRUNC));
}

static void allocate(const char *path)
{
	ok(fallocate(ok(open(path, O_RDWR)), 0, 0, 10000));
}

static void give_away(const char *path)
{
	error_of(chown(path, 1001, -1));
}

static void change_group(const char *path)
{
	error_of(chown(path, -1, 2000));
}

static void change_to_same(const char *path)
{
	error_of(chown(path, -1, -1));
}

static void set_bits(const char *path)
{
	error_of(chmod(path, 06755));
}

static void read_only(const char *path)
{
	char c;

	ok(read(ok(open(path, O_RDONLY)), &c, 1));
}

static const struct {
	const char *name;
	void (*call)(const char *path);
} calls[] = {
	{ "write", write_byte },
	{ "append", append_byte },
	{ "write much", write_much },
	{ "truncate", truncate_path },
	{ "truncate to the same size", truncate_same_size },
	{ "ftruncate", truncate_descriptor },
	{ "open with O_TRUNC", truncate_at_open },
	{ "fallocate", allocate },
	{ "chown of the user", give_away },
	{ "chown of the group", change_group },
	{ "chown of nothing", change_to_same },
	{ "chmod", set_bits },
	{ "read", read_only },
};

static void agree_for(uid_t uid, gid_t gid, gid_t group)
{
	static const mode_t modes[] = { 06777, 04777, 02777, 02767, 01777, 06666 };

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
		for (size_t j = 0; j < G_N_ELEMENTS(modes); j++) {
			put(SHM "/a", "text");
			put(SHM "/twin", "text");
			ok(chown(SHM "/a", 1000, 1000));
			ok(chown(SHM "/twin", 1000, 1000));
			ok(chmod(SHM "/a", modes[j]));
			ok(chmod(SHM "/twin", modes[j]));
			AS_MEMBER (uid, gid, group) {
				calls[i].call(SHM "/twin");
				calls[i].call(MNT "/a");
			}
			if (stat_of(SHM "/a").st_mode != stat_of(SHM "/twin").st_mode)
				g_error("%s of mode 0%o by user %u: 0%o, natively 0%o",
					calls[i].name, modes[j], uid, stat_of(SHM "/a").st_mode,
					stat_of(SHM "/twin").st_mode);
			g_assert_cmpint(stat_of(MNT "/a").st_mode, ==, stat_of(SHM "/a").st_mode);
			ok(unlink(SHM "/a"));
			ok(unlink(SHM "/twin"));
		}
}

static void other_users_clear_the_bits(void)
{
	agree_for(1001, 1001, 1001);
}

static void the_owner_clears_the_bits(void)
{
	agree_for(1000, 1000, 2000);
	agree_for(1000, 3000, 2000);
}

static void members_of_the_group_clear_the_bits(void)
{
	agree_for(1001, 1001, 1000);
}

static void root_keeps_the_bits(void)
{
	agree_for(0, 0, 0);
}

static const struct mount_test tests[] = {
	{ TEST(other_users_clear_the_bits) },
	{ TEST(the_owner_clears_the_bits) },
	{ TEST(members_of_the_group_clear_the_bits) },
	{ TEST(root_keeps_the_bits) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "suid", tests, G_N_ELEMENTS(tests));
}
