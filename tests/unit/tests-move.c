/* SPDX-License-Identifier: MIT */
/* move.c and listing.c, on a shm file system of their own. */
#include "listing.h"
#include "move.h"
#include "space.h"

#include "shm/platform.h"

#include <sys/stat.h>
#include <unistd.h>

/* ---- listings ---- */

/* What a directory holds, sorted: "cam/ left sem.lock". */
static char *content_of(struct fs *fs, const char *prefix)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	struct listing listing;
	struct location place;

	assert_result(listing_read(&listing, fs, prefix, LISTING_LEVEL), 0);
	for (size_t i = 0; i < listing.objects.count; i++)
		if (listing_is_in(&listing, i, prefix, &place))
			g_ptr_array_add(names, g_strconcat(place.component,
							   place.directory ? "/" : "", NULL));
	listing_free(&listing);
	return sorted_text(names);
}

static void assert_content(struct fs *fs, const char *prefix, const char *wanted)
{
	g_autofree char *content = content_of(fs, prefix);

	g_assert_cmpstr(content, ==, wanted);
}

static void test_listing_has_each_object_in_its_directory(void)
{
	AUTO_FS fs = space_fs_new();

	space_make("team% team%cam% team%cam%left team%sem.x sem.team%lock other a%b");
	assert_content(fs, "", "a%b other team%sem.x team/");
	assert_content(fs, "team%", "cam/ sem.lock");
	assert_content(fs, "team%cam%", "left");
	assert_content(fs, "none%", "");
}

static void test_listing_leaves_out_what_an_older_claim_hides(void)
{
	AUTO_FS fs = space_fs_new();

	space_make("a% a b b%");
	assert_content(fs, "", "a/ b");
}

static void test_listing_shows_objects_only(void)
{
	AUTO_FS fs = space_fs_new();

	space_make("file");
	g_assert_cmpint(mkdirat(fs->space, "directory%", 0700), ==, 0);
	g_assert_cmpint(symlinkat("file", fs->space, "link%"), ==, 0);
	g_assert_cmpint(mkfifoat(fs->space, "fifo", 0600), ==, 0);
	assert_content(fs, "", "file");
}

static void test_listing_grows(void)
{
	g_autoptr(GString) names = g_string_new("file0");
	AUTO_FS fs = space_fs_new();
	struct listing listing;

	for (int i = 1; i < 1000; i++)
		g_string_append_printf(names, " file%d", i);
	space_make(names->str);
	assert_result(listing_read(&listing, fs, "", LISTING_LEVEL), 0);
	g_assert_cmpuint(listing.objects.count, ==, 1000);
	listing_free(&listing);
}

static void test_flat_listing_has_no_directories(void)
{
	AUTO_FS fs = space_fs_new();

	fs->view.flat = true;
	space_make("a% a%b");
	assert_content(fs, "", "a% a%b");
}

static void test_directory_is_empty_when_nothing_is_below(void)
{
	AUTO_FS fs = space_fs_new();

	space_make("a% ab%x a%sem.y");
	assert_result(listing_check_empty(fs, "a%"), 0);
	space_make("sem.a%y");
	assert_result(listing_check_empty(fs, "a%"), -ENOTEMPTY);
	space_clear();
	space_make("a% a%b% a%b%c");
	assert_result(listing_check_empty(fs, "a%"), -ENOTEMPTY);
	assert_result(listing_check_empty(fs, "a%b%"), -ENOTEMPTY);
}

/* ---- moves ---- */

static int move_content(struct fs *fs, const char *prefix, const char *newprefix)
{
	struct moves moves = { 0 };
	int error = moves_add_content(&moves, fs, prefix, newprefix, false, false);

	if (error == 0)
		error = moves_apply(&moves, fs);
	moves_free(&moves);
	return error;
}

static void test_all_that_is_below_moves(void)
{
	AUTO_FS fs = space_fs_new();

	space_make("a% a%x a%c% a%c%y sem.a%s sem.a%c%t");
	assert_result(move_content(fs, "a%", "bb%"), 0);
	assert_names("a% bb%c% bb%c%y bb%x sem.bb%c%t sem.bb%s");
}

static void test_what_only_looks_like_content_stays(void)
{
	AUTO_FS fs = space_fs_new();

	space_make("a% ab%x a%sem.y sem.ab%z");
	assert_result(move_content(fs, "a%", "c%"), 0);
	assert_names("a% a%sem.y ab%x sem.ab%z");
}

static void test_taken_name_leaves_all_where_it_was(void)
{
	AUTO_FS fs = space_fs_new();

	space_make("a% a%x a%y a%z sem.a%s b%y");
	assert_result(move_content(fs, "a%", "b%"), -ENOTEMPTY);
	assert_names("a% a%x a%y a%z b%y sem.a%s");
}

static void test_too_long_name_leaves_all_where_it_was(void)
{
	g_autofree char *filler = g_strnfill(250, 'x');
	g_autofree char *names = g_strdup_printf("a%% a%%b a%%%s", filler);
	g_autofree char *wanted = g_strdup_printf("a%% a%%b a%%%s", filler);
	AUTO_FS fs = space_fs_new();

	space_make(names);
	assert_result(move_content(fs, "a%", "longer%"), -ENAMETOOLONG);
	assert_names(wanted);
	assert_result(move_content(fs, "a%", "abcd%"), 0);
}

static void test_object_gone_meanwhile_is_no_fault(void)
{
	struct moves moves = { 0 };
	AUTO_FS fs = space_fs_new();

	space_make("a% a%x a%y");
	assert_result(moves_add_content(&moves, fs, "a%", "b%", false, false), 0);
	g_assert_cmpint(pshm_space_unlink(fs->space, "a%x"), ==, 0);
	assert_result(moves_apply(&moves, fs), 0);
	assert_names("a% b%y");
	moves_undo(&moves, fs);
	assert_names("a% a%y");
	moves_free(&moves);
}

static void test_undone_moves_are_undone_once(void)
{
	struct moves moves = { 0 };
	AUTO_FS fs = space_fs_new();

	space_make("x");
	assert_result(moves_add(&moves, "x", "y", RENAME_NOREPLACE), 0);
	assert_result(moves_apply(&moves, fs), 0);
	assert_names("y");
	moves_undo(&moves, fs);
	assert_names("x");
	moves_undo(&moves, fs);
	assert_names("x");
	moves_free(&moves);
}

static void exchange(struct fs *fs, const char *one, const char *other)
{
	struct moves moves = { 0 };

	assert_result(moves_add_content(&moves, fs, one, other, true, false), 0);
	assert_result(moves_add_content(&moves, fs, other, one, true, true), 0);
	assert_result(moves_apply(&moves, fs), 0);
	moves_free(&moves);
}

static void test_contents_change_places(void)
{
	AUTO_FS fs = space_fs_new();
	ino_t ax, bx;

	space_make("a% b% a%x b%x a%only sem.b%only");
	ax = space_ino("a%x");
	bx = space_ino("b%x");
	exchange(fs, "a%", "b%");
	assert_names("a% a%x b% b%only b%x sem.a%only");
	g_assert_cmpuint(space_ino("a%x"), ==, bx);
	g_assert_cmpuint(space_ino("b%x"), ==, ax);
	exchange(fs, "a%", "b%");
	assert_names("a% a%only a%x b% b%x sem.b%only");
	g_assert_cmpuint(space_ino("a%x"), ==, ax);
}

/* Between the list and the deed: what is left of the two has the other's place. */
static void test_half_of_an_exchange_gone_meanwhile_moves_the_other(void)
{
	struct moves moves = { 0 };
	AUTO_FS fs = space_fs_new();

	space_make("a% b% a%x b%x");
	assert_result(moves_add_content(&moves, fs, "a%", "b%", true, false), 0);
	assert_result(moves_add_content(&moves, fs, "b%", "a%", true, true), 0);
	g_assert_cmpint(pshm_space_unlink(fs->space, "b%x"), ==, 0);
	assert_result(moves_apply(&moves, fs), 0);
	assert_names("a% b% b%x");
	moves_free(&moves);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	space_enter();
	add_in_space("listing", listing_has_each_object_in_its_directory);
	add_in_space("listing", listing_leaves_out_what_an_older_claim_hides);
	add_in_space("listing", listing_shows_objects_only);
	add_in_space("listing", listing_grows);
	add_in_space("listing", flat_listing_has_no_directories);
	add_in_space("listing", directory_is_empty_when_nothing_is_below);
	add_in_space("move", all_that_is_below_moves);
	add_in_space("move", what_only_looks_like_content_stays);
	add_in_space("move", taken_name_leaves_all_where_it_was);
	add_in_space("move", too_long_name_leaves_all_where_it_was);
	add_in_space("move", object_gone_meanwhile_is_no_fault);
	add_in_space("move", undone_moves_are_undone_once);
	add_in_space("move", contents_change_places);
	add_in_space("move", half_of_an_exchange_gone_meanwhile_moves_the_other);
	return g_test_run();
}
