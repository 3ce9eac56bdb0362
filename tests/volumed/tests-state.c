/* SPDX-License-Identifier: MIT */
/* state.c and volume.c: what is remembered, on real files. */
#include "state.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define BOOT "12345678-boot"

typedef struct {
	char *directory, *path;
	struct volumes volumes;
	message_line said;
} Fixture;

static void set_up(Fixture *fixture, const void *data)
{
	(void)data;
	fixture->directory = g_dir_make_tmp("volumed-XXXXXX", NULL);
	g_assert_nonnull(fixture->directory);
	fixture->path = g_build_filename(fixture->directory, "volumes.json", NULL);
}

static void tear_down(Fixture *fixture, const void *data)
{
	g_autoptr(GDir) directory = g_dir_open(fixture->directory, 0, NULL);
	const char *name;

	(void)data;
	while ((name = g_dir_read_name(directory)) != NULL) {
		g_autofree char *path = g_build_filename(fixture->directory, name, NULL);

		g_remove(path);
	}
	g_rmdir(fixture->directory);
	volumes_free(&fixture->volumes);
	g_free(fixture->path);
	g_free(fixture->directory);
}

static struct volume *add(Fixture *fixture, const char *name, const char *directory)
{
	struct settings settings;
	struct volume *volume;

	g_assert_cmpint(
		settings_restore(&settings, directory, "share=cam_*,size=1g", "750", fixture->said),
		==, 0);
	volume = volume_new(name, &settings);
	volumes_add(&fixture->volumes, volume);
	return volume;
}

static void save(Fixture *fixture)
{
	if (state_write(&fixture->volumes, fixture->path, BOOT, fixture->said) < 0)
		g_error("%s", fixture->said);
	volumes_free(&fixture->volumes);
}

static enum state_result load(Fixture *fixture, const char *boot)
{
	volumes_free(&fixture->volumes);
	return state_read(&fixture->volumes, fixture->path, boot, fixture->said);
}

static void test_volumes_come_back_as_they_were(Fixture *fixture, const void *data)
{
	struct volume *volume = add(fixture, "v2", "a/b");

	(void)data;
	add(fixture, "v1", "v1");
	g_assert_cmpint(volume_hold(volume, "first", fixture->said), ==, 0);
	g_assert_cmpint(volume_hold(volume, "sec-ond", fixture->said), ==, 0);
	volume->made = 2;
	volume->pid = 4321;
	volume->born = 1ULL << 40;
	save(fixture);
	g_assert_cmpint(load(fixture, BOOT), ==, STATE_READ);
	g_assert_cmpint(fixture->volumes.count, ==, 2);
	g_assert_cmpstr(fixture->volumes.first->name, ==, "v1");
	volume = volumes_find(&fixture->volumes, "v2");
	g_assert_cmpstr(volume->settings.directory, ==, "a/b");
	g_assert_cmpstr(volume->settings.words, ==, "share=cam_*,size=1g");
	g_assert_cmpint(volume->settings.mode, ==, 0750);
	g_assert_cmpint(volume->holder_count, ==, 2);
	g_assert_true(volume_is_held_by(volume, "sec-ond"));
	g_assert_cmpint(volume->made, ==, 2);
	g_assert_cmpint(volume->pid, ==, 4321);
	g_assert_cmpint(volume->born, ==, 1ULL << 40);
}

/* Mounts, processes and objects do not outlive it. */
static void test_another_boot_has_the_volumes_and_nothing_of_their_use(Fixture *fixture,
								       const void *data)
{
	struct volume *volume = add(fixture, "v1", "v1");

	(void)data;
	volume_hold(volume, "first", fixture->said);
	volume->made = 1;
	volume->pid = 4321;
	save(fixture);
	g_assert_cmpint(load(fixture, "another"), ==, STATE_READ);
	volume = volumes_find(&fixture->volumes, "v1");
	g_assert_nonnull(volume);
	g_assert_cmpint(volume->holder_count, ==, 0);
	g_assert_cmpint(volume->made, ==, 0);
	g_assert_cmpint(volume->pid, ==, 0);
}

static void test_no_file_is_no_volumes(Fixture *fixture, const void *data)
{
	(void)data;
	g_assert_cmpint(load(fixture, BOOT), ==, STATE_NONE);
	g_assert_null(fixture->volumes.first);
}

static void test_file_is_for_root_alone_and_replaced_as_a_whole(Fixture *fixture, const void *data)
{
	g_autofree char *new = g_strconcat(fixture->path, ".new", NULL);
	struct stat before, after;

	(void)data;
	add(fixture, "v1", "v1");
	save(fixture);
	g_assert_cmpint(stat(fixture->path, &before), ==, 0);
	g_assert_cmpint(before.st_mode & 07777, ==, 0600);
	save(fixture);
	g_assert_cmpint(stat(fixture->path, &after), ==, 0);
	g_assert_cmpint(before.st_ino, !=, after.st_ino);
	g_assert_false(g_file_test(new, G_FILE_TEST_EXISTS));
}

static void test_failed_write_leaves_the_old_file(Fixture *fixture, const void *data)
{
	g_autofree char *new = g_strconcat(fixture->path, ".new", NULL);

	(void)data;
	add(fixture, "v1", "v1");
	save(fixture);
	g_assert_cmpint(g_mkdir(new, 0700), ==, 0);
	add(fixture, "v2", "v2");
	g_assert_cmpint(state_write(&fixture->volumes, fixture->path, BOOT, fixture->said), ==, -1);
	g_assert_nonnull(strstr(fixture->said, "cannot write"));
	g_assert_cmpint(g_rmdir(new), ==, 0);
	g_assert_cmpint(load(fixture, BOOT), ==, STATE_READ);
	g_assert_cmpint(fixture->volumes.count, ==, 1);
}

/* Each differs from a good file in one place. */
static void test_damaged_files_are_told_and_kept(Fixture *fixture, const void *data)
{
	static const struct {
		const char *good, *bad;
	} damages[] = {
		{ "{", "" },
		{ "}", "} x" },
		{ "\"version\": 1", "\"version\": 2" },
		{ "\"version\"", "\"revision\"" },
		{ "\"boot\": \"", "\"more\": 1, \"boot\": \"" },
		{ "\"v1\"", "\"../v1\"" },
		{ "\"subdir\": \"v1\"", "\"subdir\": \"../v1\"" },
		{ "\"subdir\"", "\"more\": 1, \"subdir\"" },
		{ "size=1g", "size=1g,allow_other" },
		{ "\"750\"", "\"4755\"" },
		{ "\"made\": 0", "\"made\": -1" },
		{ "\"made\": 0", "\"made\": \"0\"" },
		{ "\"pid\": 0", "\"pid\": -1" },
		{ "\"first\"", "1" },
		{ "\"first\"", "\"\"" },
		{ "\"holders\": [", "\"holders\": 1, \"x\": [" },
	};
	g_autofree char *text = NULL;

	(void)data;
	volume_hold(add(fixture, "v1", "v1"), "first", fixture->said);
	save(fixture);
	g_assert_true(g_file_get_contents(fixture->path, &text, NULL, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
		const char *at = g_strstr_len(text, -1, damages[i].good);
		g_autofree char *before = g_strndup(text, (size_t)(at - text));
		g_autofree char *damaged =
			g_strconcat(before, damages[i].bad, at + strlen(damages[i].good), NULL);

		g_test_message("%s -> %s", damages[i].good, damages[i].bad);
		g_assert_true(g_file_set_contents(fixture->path, damaged, -1, NULL));
		g_assert_cmpint(load(fixture, BOOT), ==, STATE_DAMAGED);
		g_assert_cmpstr(fixture->said, !=, "");
		g_assert_null(fixture->volumes.first);
	}
	g_assert_cmpint(state_put_aside(fixture->path, fixture->said), ==, 0);
	g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
	g_assert_nonnull(strstr(fixture->said, "volumes.json.damaged-"));
	g_assert_true(g_file_test(strchr(fixture->said, '/'), G_FILE_TEST_EXISTS));
}

static void test_unreadable_file_is_not_taken_for_a_damaged_one(Fixture *fixture, const void *data)
{
	(void)data;
	g_assert_cmpint(g_mkdir(fixture->path, 0700), ==, 0);
	g_assert_cmpint(load(fixture, BOOT), ==, STATE_FAILED);
	g_assert_nonnull(strstr(fixture->said, "cannot read"));
}

static void test_holder_counts_once(Fixture *fixture, const void *data)
{
	struct volume *volume = add(fixture, "v1", "v1");

	(void)data;
	volume_hold(volume, "a", fixture->said);
	volume_hold(volume, "a", fixture->said);
	volume_hold(volume, "b", fixture->said);
	g_assert_cmpint(volume->holder_count, ==, 2);
	volume_release(volume, "c");
	volume_release(volume, "a");
	g_assert_cmpint(volume->holder_count, ==, 1);
	g_assert_false(volume_is_held_by(volume, "a"));
	g_assert_true(volume_is_held_by(volume, "b"));
}

static void test_volumes_know_who_shares_their_directory(Fixture *fixture, const void *data)
{
	struct volume *a = add(fixture, "v1", "a"), *b = add(fixture, "v2", "a/b");
	struct volume *other = add(fixture, "v3", "ab");

	(void)data;
	g_assert_true(volumes_within(&fixture->volumes, a) == b);
	g_assert_null(volumes_within(&fixture->volumes, b));
	g_assert_null(volumes_within(&fixture->volumes, other));
}

#define ADD(name, function) g_test_add("/state/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("again", test_volumes_come_back_as_they_were);
	ADD("boot", test_another_boot_has_the_volumes_and_nothing_of_their_use);
	ADD("none", test_no_file_is_no_volumes);
	ADD("file", test_file_is_for_root_alone_and_replaced_as_a_whole);
	ADD("full", test_failed_write_leaves_the_old_file);
	ADD("damaged", test_damaged_files_are_told_and_kept);
	ADD("unreadable", test_unreadable_file_is_not_taken_for_a_damaged_one);
	ADD("holders", test_holder_counts_once);
	ADD("within", test_volumes_know_who_shares_their_directory);
	return g_test_run();
}
