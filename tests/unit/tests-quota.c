/* SPDX-License-Identifier: MIT */
/* usage.c and quota.c, on a shm file system of its own: what counts, in a mount
 * of all and in one of a part. */
#include "space.h"
#include "usage.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the directory "team", with so many bytes and inodes. */
static struct fs *team_new(uint64_t size, uint64_t inodes)
{
	struct fs *fs = space_fs_new();

	strcpy(fs->view.root, "team%");
	fs->quota.size = size;
	fs->quota.inodes = inodes;
	return fs;
}

static void make_of_size(const char *name, off_t size)
{
	g_autofree char *path = g_strconcat(pshm_space_path(), "/", name, NULL);

	space_make(name);
	g_assert_cmpint(truncate(path, size), ==, 0);
}

static void link_objects(const char *from, const char *to)
{
	g_autofree char *old = g_strconcat(pshm_space_path(), "/", from, NULL);
	g_autofree char *new = g_strconcat(pshm_space_path(), "/", to, NULL);

	g_assert_cmpint(link(old, new), ==, 0);
}

static void assert_usage(struct fs *fs, uint64_t size, uint64_t inodes)
{
	struct usage usage;

	assert_result(usage_read(&usage, fs, true), 0);
	g_assert_cmpint(usage.size, ==, size);
	g_assert_cmpint(usage.inodes, ==, inodes);
	usage_free(&usage);
}

static void test_private_is_what_lies_below_the_root(void)
{
	AUTO_FS fs = team_new(0, 0);

	g_assert_true(usage_is_private(fs, "team%a"));
	g_assert_true(usage_is_private(fs, "team%a%b"));
	g_assert_true(usage_is_private(fs, "sem.team%a"));
	g_assert_false(usage_is_private(fs, "team%"));
	g_assert_false(usage_is_private(fs, "team"));
	g_assert_false(usage_is_private(fs, "teams%a"));
	g_assert_false(usage_is_private(fs, "sem.team%"));
	g_assert_false(usage_is_private(fs, "sem.a"));
	assert_result(shares_add(&fs->view.shares, "cam_*:sem.cam_*", SHARED_RW), 0);
	g_assert_false(usage_is_private(fs, "cam_a"));
	g_assert_false(usage_is_private(fs, "team%cam_a"));
	g_assert_false(usage_is_private(fs, "sem.team%cam_a"));
	g_assert_true(usage_is_private(fs, "team%d%cam_a"));
	shares_free(&fs->view.shares);
	fs->view.root[0] = '\0';
	g_assert_true(usage_is_private(fs, "team%"));
	g_assert_true(usage_is_private(fs, "sem.a"));
}

static void test_nothing_takes_the_root_alone(void)
{
	AUTO_FS fs = team_new(0, 0);

	assert_usage(fs, 0, 1);
	space_make("team% +other sem.x");
	assert_usage(fs, 0, 1);
}

static void test_objects_count_once_and_names_each(void)
{
	AUTO_FS fs = team_new(0, 0);

	space_make("team% team%d%");
	make_of_size("team%a", 1000);
	make_of_size("sem.team%b", 32);
	make_of_size("team%d%c", 5);
	make_of_size("other", 7);
	assert_usage(fs, 1037, 5);
	link_objects("team%a", "team%d%a");
	link_objects("team%a", "outside");
	link_objects("other", "team%other");
	assert_usage(fs, 1044, 7);
}

static void test_many_objects_are_all_counted(void)
{
	AUTO_FS fs = team_new(0, 0);

	for (int i = 0; i < 3000; i++) {
		g_autofree char *name = g_strdup_printf("team%%%d", i);

		make_of_size(name, i);
	}
	assert_usage(fs, 3000 * 2999 / 2, 3001);
}

/* ---- growth ---- */

static size_t writable(struct fs *fs, const char *name, off_t off, size_t len)
{
	const int fd = pshm_space_open_object(fs->space, name, O_RDWR);
	struct growth growth;
	int error = quota_begin_write(fs, fd, off, &len, &growth);

	quota_end(&growth);
	g_assert_cmpint(close(fd), ==, 0);
	if (error < 0)
		assert_result(error, -ENOSPC);
	return error < 0 ? 0 : len;
}

static void test_write_gets_what_is_left(void)
{
	AUTO_FS fs = team_new(8192, 0);

	make_of_size("team%a", 1000);
	make_of_size("team%b", 5000);
	g_assert_cmpint(writable(fs, "team%a", 1000, 100), ==, 100);
	g_assert_cmpint(writable(fs, "team%a", 1000, 2192), ==, 2192);
	g_assert_cmpint(writable(fs, "team%a", 1000, 9000), ==, 2192);
	g_assert_cmpint(writable(fs, "team%a", 3000, 9000), ==, 192);
	g_assert_cmpint(writable(fs, "team%a", QUOTA_AT_END, 9000), ==, 2192);
	g_assert_cmpint(writable(fs, "team%a", 3192, 1), ==, 0);
	g_assert_cmpint(writable(fs, "team%a", 0, 1000), ==, 1000);
	g_assert_cmpint(writable(fs, "team%a", 999999, 0), ==, 0);
}

static void test_what_is_shared_has_no_limit(void)
{
	AUTO_FS fs = team_new(8192, 0);

	make_of_size("shared", 100000);
	make_of_size("team%a", 8192);
	g_assert_cmpint(writable(fs, "shared", 100000, 50000), ==, 50000);
	g_assert_cmpint(writable(fs, "team%a", 8192, 1), ==, 0);
	link_objects("shared", "team%b");
	g_assert_cmpint(writable(fs, "shared", 100000, 50000), ==, 0);
}

static void test_beyond_the_limit_the_inside_is_left(void)
{
	AUTO_FS fs = team_new(4096, 0);

	make_of_size("team%a", 10000);
	g_assert_cmpint(writable(fs, "team%a", 9999, 10), ==, 1);
	g_assert_cmpint(writable(fs, "team%a", 10000, 10), ==, 0);
}

/* ---- names ---- */

static int check_link(struct fs *fs, const char *name, const char *newname)
{
	const int fd = pshm_space_open_object(fs->space, name, O_PATH);
	QUOTA held = quota_hold(fs);
	const int error = quota_locked_check_link(fs, fd, newname);

	close(fd);
	return error;
}

static int check_rename(struct fs *fs, const char *name, const char *newname)
{
	QUOTA held = quota_hold(fs);

	return quota_locked_check_rename(fs, name, newname);
}

static int check_new(struct fs *fs, const char *name)
{
	QUOTA held = quota_hold(fs);

	return quota_locked_check_new(fs, name);
}

static void test_what_comes_in_needs_room(void)
{
	AUTO_FS fs = team_new(8192, 0);

	make_of_size("team%a", 5000);
	make_of_size("big", 4000);
	make_of_size("small", 3000);
	assert_result(check_link(fs, "big", "team%b"), -ENOSPC);
	assert_result(check_rename(fs, "big", "team%b"), -ENOSPC);
	assert_result(check_rename(fs, "big", "sem.team%b"), -ENOSPC);
	assert_result(check_link(fs, "small", "team%b"), 0);
	assert_result(check_rename(fs, "small", "team%b"), 0);
	assert_result(check_rename(fs, "big", "bigger"), 0);
	assert_result(check_link(fs, "big", "bigger"), 0);
	assert_result(check_rename(fs, "team%a", "team%b"), 0);
	assert_result(check_rename(fs, "team%a", "out"), 0);
	/* It is counted already. */
	link_objects("small", "team%small");
	assert_result(check_link(fs, "small", "team%c"), 0);
	assert_result(check_link(fs, "team%a", "team%c"), 0);
}

static void test_names_have_a_limit_of_their_own(void)
{
	AUTO_FS fs = team_new(0, 3);

	space_make("team%a +other more");
	assert_result(check_new(fs, "team%b"), 0);
	space_make("team%b");
	assert_result(check_new(fs, "team%c"), -ENOSPC);
	assert_result(check_new(fs, NULL), -ENOSPC);
	assert_result(check_new(fs, "shared"), 0);
	assert_result(check_link(fs, "team%a", "team%c"), -ENOSPC);
	assert_result(check_link(fs, "other", "team%c"), -ENOSPC);
	assert_result(check_rename(fs, "other", "team%c"), -ENOSPC);
	assert_result(check_rename(fs, "other", "team%b"), 0);
	assert_result(check_rename(fs, "team%a", "team%c"), 0);
}

/* Nobody cuts an object off while it is written to, and nobody else grows one
 * while it grows. */
static void test_growth_is_alone_and_what_is_inside_is_not(void)
{
	AUTO_FS fs = team_new(8192, 0);
	struct quota *quota = &fs->quota;
	struct growth inside, growing;
	size_t len = 100;
	int fd;

	make_of_size("team%a", 1000);
	fd = pshm_space_open_object(fs->space, "team%a", O_RDWR);
	assert_result(quota_begin_write(fs, fd, 0, &len, &inside), 0);
	g_assert_cmpint(pthread_rwlock_trywrlock(&quota->shrink), ==, EBUSY);
	assert_result(quota_begin_write(fs, fd, 1000, &len, &growing), 0);
	g_assert_cmpint(pthread_mutex_trylock(&quota->lock), ==, EBUSY);
	quota_end(&growing);
	g_assert_cmpint(pthread_mutex_trylock(&quota->lock), ==, 0);
	pthread_mutex_unlock(&quota->lock);
	g_assert_cmpint(pthread_rwlock_trywrlock(&quota->shrink), ==, EBUSY);
	quota_end(&inside);
	quota_begin_truncate(fs);
	g_assert_cmpint(pthread_rwlock_tryrdlock(&quota->shrink), ==, EBUSY);
	quota_end_truncate(fs);
	assert_result(quota_begin_resize(fs, fd, 10, &growing), 0);
	g_assert_cmpint(pthread_rwlock_tryrdlock(&quota->shrink), ==, EBUSY);
	quota_end(&growing);
	assert_result(quota_begin_resize(fs, fd, 8193, &growing), -ENOSPC);
	g_assert_cmpint(pthread_rwlock_trywrlock(&quota->shrink), ==, 0);
	pthread_rwlock_unlock(&quota->shrink);
	close(fd);
}

static void test_without_a_limit_nothing_is_held(void)
{
	AUTO_FS fs = team_new(0, 0);
	struct growth growth;
	size_t len = 10;

	g_assert_null(quota_hold(fs));
	assert_result(quota_begin_write(fs, -1, 0, &len, &growth), 0);
	g_assert_null(growth.quota);
	assert_result(quota_begin_resize(fs, -1, 1000, &growth), 0);
	g_assert_null(growth.quota);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	space_enter();
	add_in_space("quota", private_is_what_lies_below_the_root);
	add_in_space("quota", nothing_takes_the_root_alone);
	add_in_space("quota", objects_count_once_and_names_each);
	add_in_space("quota", many_objects_are_all_counted);
	add_in_space("quota", write_gets_what_is_left);
	add_in_space("quota", what_is_shared_has_no_limit);
	add_in_space("quota", beyond_the_limit_the_inside_is_left);
	add_in_space("quota", what_comes_in_needs_room);
	add_in_space("quota", names_have_a_limit_of_their_own);
	add_in_space("quota", growth_is_alone_and_what_is_inside_is_not);
	add_in_space("quota", without_a_limit_nothing_is_held);
	return g_test_run();
}
