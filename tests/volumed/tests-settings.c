/* SPDX-License-Identifier: MIT */
/* settings.c: what a volume may be called, and may be asked to be. */
#include "settings.h"

#include <glib.h>
#include <string.h>

static message_line said;

static bool takes_name(const char *name)
{
	said[0] = '\0';
	return settings_check_name(name, said) == 0;
}

static bool takes_directory(const char *directory)
{
	said[0] = '\0';
	return settings_check_directory(directory, said) == 0;
}

/* Options as "name=value" words, up to four. */
static int read_words(struct settings *settings, const char *const *words)
{
	struct volume_option options[4];
	g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
	size_t count = 0;

	for (; words[count] != NULL; count++) {
		char *word = g_strdup(words[count]), *value = strchr(word, '=');

		g_ptr_array_add(kept, word);
		if (value != NULL)
			*value++ = '\0';
		options[count] = (struct volume_option){ word, value != NULL ? value : "" };
	}
	said[0] = '\0';
	return settings_read(settings, "cams", options, count, said);
}

#define read_of(settings, ...) read_words((settings), (const char *const[]){ __VA_ARGS__, NULL })

static void test_names_are_those_of_podman(void)
{
	g_autofree char *longest = g_strnfill(NAME_LENGTH, 'a');
	g_autofree char *too_long = g_strnfill(NAME_LENGTH + 1, 'a');

	g_assert_true(takes_name("v1"));
	g_assert_true(takes_name("Team_1.cams-2"));
	g_assert_true(takes_name(longest));
	for (const char *const *name = (const char *const[]){ "", ".", "..", ".hidden", "-f", "_a",
							      "a/b", "/a", "a b", "a\nb", "a%b",
							      "a,b", "\303\244", too_long, NULL };
	     *name != NULL; name++) {
		g_assert_false(takes_name(*name));
		g_assert_cmpstr(said, !=, "");
	}
}

static void test_directories_are_paths_within_the_tree(void)
{
	g_autofree char *too_long = g_strnfill(DIRECTORY_LENGTH + 1, 'a');

	g_assert_true(takes_directory("team"));
	g_assert_true(takes_directory("team/cams/left eye"));
	g_assert_true(takes_directory("...a/.b"));
	for (const char *const *path =
		     (const char *const[]){ "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a",
					    "a/./b", "a%b", "a,b", "a\tb", "sem.a", too_long,
					    NULL };
	     *path != NULL; path++) {
		g_assert_false(takes_directory(*path));
		g_assert_cmpstr(said, !=, "");
	}
}

static void test_volume_without_options_is_a_directory_of_its_name(void)
{
	struct settings settings;

	g_assert_cmpint(settings_read(&settings, "cams", NULL, 0, said), ==, 0);
	g_assert_cmpstr(settings.directory, ==, "cams");
	g_assert_cmpstr(settings.words, ==, "");
	g_assert_cmpint(settings.mode, ==, 01777);
}

static void test_directory_is_chosen_by_name_or_by_subdir(void)
{
	struct settings settings;

	g_assert_cmpint(read_of(&settings, "name=team"), ==, 0);
	g_assert_cmpstr(settings.directory, ==, "team");
	g_assert_cmpint(read_of(&settings, "subdir=a/b"), ==, 0);
	g_assert_cmpstr(settings.directory, ==, "a/b");
	g_assert_cmpint(read_of(&settings, "name=a/b"), ==, -1);
	g_assert_cmpint(read_of(&settings, "name=a", "subdir=a"), ==, -1);
	g_assert_cmpint(read_of(&settings, "subdir="), ==, -1);
}

static void test_order_of_options_does_not_matter(void)
{
	struct settings a, b;

	g_assert_cmpint(read_of(&a, "size=1g", "share=cam_*:lidar", "ro", "share_ro=*"), ==, 0);
	g_assert_cmpint(read_of(&b, "share_ro=*", "share=cam_*:lidar", "ro", "size=1g"), ==, 0);
	g_assert_cmpstr(a.words, ==, "ro,share_ro=*,share=cam_*:lidar,size=1g");
	g_assert_true(settings_equal(&a, &b));
	g_assert_cmpint(read_of(&b, "share=cam_*:lidar", "ro", "size=2g"), ==, 0);
	g_assert_false(settings_equal(&a, &b));
}

static void test_nothing_but_options_of_volumes_is_taken(void)
{
	struct settings settings;

	for (const char *const *word =
		     (const char *const[]){ "suid", "dev", "allow_other", "noallow_other", "debug",
					    "separator=x", "flat", "fsname=x", "x-a", "", "SIZE=1",
					    "size=1,dev", "size=1\ndev", "size=1\177", "size",
					    "ro=1", "ro,dev", "modules=subdir", NULL };
	     *word != NULL; word++) {
		g_test_message("%s", *word);
		g_assert_cmpint(read_of(&settings, *word), ==, -1);
		g_assert_cmpstr(said, !=, "");
	}
}

static void test_words_have_a_limit(void)
{
	g_autofree char *longest = g_strnfill(WORDS_LENGTH - strlen("share="), 'a');
	struct volume_option option = { "share", longest };
	struct settings settings;

	g_assert_cmpint(settings_read(&settings, "cams", &option, 1, said), ==, 0);
	g_assert_cmpint(strlen(settings.words), ==, WORDS_LENGTH);
	option.name = "share_ro";
	g_assert_cmpint(settings_read(&settings, "cams", &option, 1, said), ==, -1);
}

static void test_mode_is_octal(void)
{
	struct settings settings;

	g_assert_cmpint(read_of(&settings, "mode=0750"), ==, 0);
	g_assert_cmpint(settings.mode, ==, 0750);
	g_assert_cmpint(read_of(&settings, "mode=4755"), ==, -1);
	g_assert_cmpint(read_of(&settings, "mode=rwx"), ==, -1);
	g_assert_cmpint(read_of(&settings, "mode="), ==, -1);
	g_assert_cmpint(read_of(&settings, "mode=000001"), ==, -1);
}

static void test_settings_come_back_as_they_were(void)
{
	struct settings a, b;

	g_assert_cmpint(read_of(&a, "subdir=a/b", "share=x=y:z", "reserve", "mode=700"), ==, 0);
	g_assert_cmpint(settings_restore(&b, a.directory, a.words, "700", said), ==, 0);
	g_assert_true(settings_equal(&a, &b));
	g_assert_cmpint(settings_restore(&b, "a/../b", a.words, "700", said), ==, -1);
	g_assert_cmpint(settings_restore(&b, "a", "allow_other", "700", said), ==, -1);
	g_assert_cmpint(settings_restore(&b, "a", "ro,,ro", "700", said), ==, -1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/settings/names", test_names_are_those_of_podman);
	g_test_add_func("/settings/directories", test_directories_are_paths_within_the_tree);
	g_test_add_func("/settings/default",
			test_volume_without_options_is_a_directory_of_its_name);
	g_test_add_func("/settings/directory", test_directory_is_chosen_by_name_or_by_subdir);
	g_test_add_func("/settings/order", test_order_of_options_does_not_matter);
	g_test_add_func("/settings/allowed", test_nothing_but_options_of_volumes_is_taken);
	g_test_add_func("/settings/limit", test_words_have_a_limit);
	g_test_add_func("/settings/mode", test_mode_is_octal);
	g_test_add_func("/settings/restore", test_settings_come_back_as_they_were);
	return g_test_run();
}
