/* SPDX-License-Identifier: MIT */
/* proc_text.c: lines of /proc, and lines that are none. */
#include "proc_text.h"

#include <glib.h>
#include <string.h>
#include <sys/sysmacros.h>

static void test_a_mapping_is_read(void)
{
	struct map_line map;

	g_assert_true(proc_map_line("7f9a6b5e5000-7f9a6b5e6000 rw-s 00001000 00:2e 4294967299"
				    "                /mnt/a b (deleted)",
				    &map));
	g_assert_true(map.read && map.write && map.shared);
	g_assert_cmpuint(map.dev, ==, makedev(0, 0x2e));
	g_assert_cmpuint(map.ino, ==, 4294967299);
	g_assert_cmpstr(map.path, ==, "/mnt/a b (deleted)");
	g_assert_true(proc_map_line("00400000-00452000 ---p 00000000 fe:102 0 ", &map));
	g_assert_false(map.read || map.write || map.shared);
	g_assert_cmpuint(map.dev, ==, makedev(0xfe, 0x102));
	g_assert_cmpstr(map.path, ==, "");
}

static void test_what_is_no_mapping_is_refused(void)
{
	static const char *const lines[] = {
		"",
		"nonsense",
		"1000-2000",
		"1000-2000 rw-s",
		"1000-2000 rw-x 0 0:1 1",
		"1000-2000 rw-s 0 0:1",
		"1000-2000 rw-s 0 01 1",
		"1000-2000 rw-s 0 0:1 -1",
		"1000 2000 rw-s 0 0:1 1",
		"1000-2000 rw-s 0 0:1 99999999999999999999999",
	};
	struct map_line map;

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
		if (proc_map_line(lines[i], &map))
			g_error("taken: %s", lines[i]);
}

static void test_a_mount_is_read(void)
{
	struct mount_line mount;

	g_assert_true(proc_mount_line("92 71 0:46 / /mnt/a\\040b rw,nosuid shared:3 master:1 - "
				      "fuse.shmfuse shm rw,user_id=0\n",
				      &mount));
	g_assert_cmpuint(mount.dev, ==, makedev(0, 46));
	g_assert_cmpmem(mount.type, mount.type_len, "fuse.shmfuse", strlen("fuse.shmfuse"));
}

static void test_what_is_no_mount_is_refused(void)
{
	static const char *const lines[] = {
		"",
		"nonsense",
		"92 71 0:46",
		"92 71 0:46 / /mnt rw",
		"92 71 x:46 / /mnt rw - t s o",
		"92 71 0:46 / /mnt rw - ",
	};
	struct mount_line mount;

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
		if (proc_mount_line(lines[i], &mount))
			g_error("taken: %s", lines[i]);
}

static void test_numbers_stand_behind_their_word(void)
{
	unsigned long number = 7;

	g_assert_true(proc_number("flags:\t02100002\n", "flags", 8, &number));
	g_assert_cmpuint(number, ==, 02100002);
	g_assert_true(proc_number("fuse_connection:\t46\n", "fuse_connection", 10, &number));
	g_assert_cmpuint(number, ==, 46);
	g_assert_false(proc_number("flags:\t\n", "flags", 8, &number));
	g_assert_false(proc_number("flags\t1\n", "flags", 8, &number));
	g_assert_false(proc_number("inode:\t1\n", "ino", 10, &number));
	g_assert_false(proc_number("ino:\t-1\n", "ino", 10, &number));
}

static void test_removed_files_are_marked(void)
{
	g_assert_cmpuint(proc_deleted("/dev/shm/a (deleted)"), ==, strlen("/dev/shm/a"));
	g_assert_cmpuint(proc_deleted("/dev/shm/a"), ==, 0);
	g_assert_cmpuint(proc_deleted("/a (deleted) b"), ==, 0);
	g_assert_cmpuint(proc_deleted(" (deleted)"), ==, 0);
	g_assert_cmpuint(proc_deleted(""), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/who/proc-text/mapping", test_a_mapping_is_read);
	g_test_add_func("/who/proc-text/no-mapping", test_what_is_no_mapping_is_refused);
	g_test_add_func("/who/proc-text/mount", test_a_mount_is_read);
	g_test_add_func("/who/proc-text/no-mount", test_what_is_no_mount_is_refused);
	g_test_add_func("/who/proc-text/number", test_numbers_stand_behind_their_word);
	g_test_add_func("/who/proc-text/deleted", test_removed_files_are_marked);
	return g_test_run();
}
