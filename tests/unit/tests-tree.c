/* SPDX-License-Identifier: MIT */
/*
 * tree.c, on a shm file system of its own: what a name in a directory stands
 * for, and which names may be had. The random worlds are as those of
 * tests-view-random.c, but the objects are there.
 */
#include "listing.h"
#include "space.h"
#include "tree.h"

#include "shm/platform.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- by example ---- */

/* The object that component in prefix is; "-" for none. */
static char *object_at(struct fs *fs, const char *prefix, const char *component)
{
	struct found found;
	int error = tree_find(fs, prefix, component, &found);

	if (error < 0) {
		assert_result(error, -ENOENT);
		return g_strdup("-");
	}
	g_assert_cmpint(S_ISDIR(found.st.st_mode), ==, found.directory);
	return g_strconcat(found.name, found.directory ? "/" : "", NULL);
}

#define assert_object_at(fs, prefix, component, wanted)                      \
	G_STMT_START                                                         \
	{                                                                    \
		g_autofree char *object_ = object_at(fs, prefix, component); \
		g_assert_cmpstr(object_, ==, wanted);                        \
	}                                                                    \
	G_STMT_END

static void test_older_of_file_and_marker_is_found(void)
{
	AUTO_FS fs = space_fs_new();

	space_make("a a% b% b");
	assert_object_at(fs, "", "a", "a");
	assert_object_at(fs, "", "a%", "-");
	assert_object_at(fs, "", "b", "b%/");
	assert_object_at(fs, "", "b%", "-");
}

static void test_split_name_is_found_below_only(void)
{
	AUTO_FS fs = space_fs_new();

	space_make("team% team%x sem.team%y team%sem.z +full% full%x");
	assert_object_at(fs, "", "team%x", "-");
	assert_object_at(fs, "team%", "x", "team%x");
	assert_object_at(fs, "", "sem.team%y", "-");
	assert_object_at(fs, "team%", "sem.y", "sem.team%y");
	assert_object_at(fs, "", "team%sem.z", "team%sem.z");
	assert_object_at(fs, "team%", "sem.z", "-");
	assert_object_at(fs, "", "full", "-");
	assert_object_at(fs, "", "full%", "full%");
	assert_object_at(fs, "", "full%x", "full%x");
}

static void test_name_that_would_be_split_may_not_be_had(void)
{
	AUTO_FS fs = space_fs_new();
	object_name name;

	space_make("team%");
	assert_result(tree_file_name(fs, "", "team%x", name), -EINVAL);
	assert_result(tree_file_name(fs, "", "sem.team%x", name), -EINVAL);
	assert_result(tree_marker_name(fs, "", "team%x", name), -EINVAL);
	/* It would be a marker. */
	assert_result(tree_file_name(fs, "", "x%", name), -EINVAL);
	assert_result(tree_file_name(fs, "team%", "x%", name), -EINVAL);
	assert_result(tree_marker_name(fs, "", "sem.x", name), -EINVAL);

	assert_result(tree_file_name(fs, "", "other%x", name), 0);
	g_assert_cmpstr(name, ==, "other%x");
	assert_result(tree_marker_name(fs, "team%", "cam", name), 0);
	g_assert_cmpstr(name, ==, "team%cam%");
}

/* sem_open("/x%") of a program whose shm directory this is. */
static void test_semaphore_s_name_may_end_in_the_separator(void)
{
	AUTO_FS fs = space_fs_new();
	object_name name;

	space_make("team% sem.team%y%");
	assert_object_at(fs, "team%", "sem.y%", "sem.team%y%");
	assert_result(tree_file_name(fs, "", "sem.x%", name), 0);
	assert_result(tree_file_name(fs, "team%", "sem.x%", name), 0);
	g_assert_cmpstr(name, ==, "sem.team%x%");
}

/* The semaphores of a directory x and the directory sem.x have nothing to do
 * with each other. */
static void test_semaphore_is_found_beside_a_directory_called_sem(void)
{
	AUTO_FS fs = space_fs_new();

	space_make("t% t%sem.x% t%sem.x%y% sem.t%x%y");
	assert_object_at(fs, "t%", "sem.x%y", "sem.t%x%y");
}

static void test_object_of_a_node_is_opened_while_it_has_the_name(void)
{
	AUTO_FS fs = space_fs_new();
	struct stat st;
	int fd;

	space_make("a");

	NODE node = node_enter(fs->nodes.root, "a", space_ino("a"), false);

	fd = tree_open(fs, node, O_RDWR);
	g_assert_cmpint(fd, >=, 0);
	close(fd);
	assert_result(tree_stat(fs, node, &st), 0);
	g_assert_cmpuint(st.st_ino, ==, space_ino("a"));

	space_clear();
	space_make("a");
	assert_result(tree_open(fs, node, O_RDWR), -ESTALE);
	assert_result(tree_stat(fs, node, &st), -ESTALE);
}

/* ---- for all names ---- */

#define WORLDS 4000

static char *random_text(int most)
{
	static const char *const letters[] = { "a", "a", "b", "sem.", ".", "%" };
	const int count = g_test_rand_int_range(1, most + 1);
	GString *text = g_string_new(NULL);

	for (int i = 0; i < count; i++)
		g_string_append(text, letters[g_test_rand_int_range(0, G_N_ELEMENTS(letters))]);
	if (strcmp(text->str, ".") == 0 || strcmp(text->str, "..") == 0)
		g_string_append_c(text, '%');
	return g_string_free(text, FALSE);
}

/* One of the names that ends in the separator, or "". */
static const char *random_prefix(GPtrArray *names)
{
	const guint first = names->len > 0 ? (guint)g_test_rand_int() % names->len : 0;

	for (guint i = first; i < names->len; i++)
		if (g_str_has_suffix(g_ptr_array_index(names, i), "%"))
			return g_ptr_array_index(names, i);
	return "";
}

/* Mostly a name of what lies in a directory, often a marker itself. */
static char *random_name(GPtrArray *names)
{
	const char *prefix = g_test_rand_int_range(0, 4) > 0 ? random_prefix(names) : "";
	const char *head = g_test_rand_int_range(0, 4) > 0 ? "" : "sem.";
	const char *end = g_test_rand_int_range(0, 2) > 0 ? "" : "%";
	g_autofree char *text = random_text(2);

	return g_strconcat(head, prefix, text, end, NULL);
}

/* Their names, the oldest first. */
static GPtrArray *random_objects(void)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	const int count = g_test_rand_int_range(1, 9);

	space_clear();
	for (int i = 0; i < count; i++) {
		g_autofree char *name = random_name(names);

		if (space_ino(name) != 0)
			continue;
		space_make(name);
		g_ptr_array_add(names, g_steal_pointer(&name));
	}
	return names;
}

static char *text_of(GPtrArray *names)
{
	g_ptr_array_add(names, NULL);
	return g_strjoinv(" ", (char **)names->pdata);
}

/* A marker whose directory's path an older file has. */
static bool is_hidden_marker(struct fs *fs, const struct location *place)
{
	const size_t len = strlen(place->component);
	g_autofree char *component = g_strndup(place->component, len - 1);
	struct found found;

	return len > 1 && place->component[len - 1] == '%' &&
	       tree_find(fs, place->prefix, component, &found) == 0 && !found.directory;
}

/* Is the object listed in the directory, and with the right number? */
static bool is_listed(struct fs *fs, const char *prefix, const char *name)
{
	struct listing listing;
	struct location place;
	bool is = false;

	assert_result(listing_read(&listing, fs, prefix, LISTING_LEVEL), 0);
	for (size_t i = 0; i < listing.objects.count; i++)
		if (strcmp(name_list_name(&listing.objects, i), name) == 0 &&
		    listing_is_in(&listing, i, prefix, &place))
			is = listing.objects.entries[i].ino == space_ino(name);
	listing_free(&listing);
	return is;
}

/* Object by object: what the listing says of its place, and what a lookup does. */
static const char *fault_of_object(struct fs *fs, const char *name)
{
	const struct markers markers = tree_markers(fs);
	struct location place;
	struct found found;
	bool is_there;

	view_locate(&fs->view, &markers, name, &place);
	is_there = tree_find(fs, place.prefix, place.component, &found) == 0;
	if (is_listed(fs, place.prefix, name))
		return is_there && found.st.st_ino == space_ino(name) ? NULL
								      : "listed and not found";
	if (is_there && found.st.st_ino == space_ino(name))
		return "found and not listed";
	if (is_there && found.directory)
		return NULL;
	return is_hidden_marker(fs, &place) ? NULL : "neither found nor hidden";
}

static void test_object_is_found_where_it_is_listed_or_hidden_there(void)
{
	AUTO_FS fs = space_fs_new();

	for (int i = 0; i < WORLDS; i++) {
		g_autoptr(GPtrArray) names = random_objects();

		for (guint j = 0; j < names->len; j++) {
			const char *name = g_ptr_array_index(names, j);
			const char *fault = fault_of_object(fs, name);
			g_autofree char *objects = NULL;

			if (fault == NULL)
				continue;
			objects = text_of(names);
			g_test_message("%s: %s is %s", objects, name, fault);
			g_test_fail();
			return;
		}
	}
}

/* ---- listings from the names that are known, and from all objects ---- */

/* All that the listing has, with its numbers, sorted. */
static char *listing_text(struct fs *fs, const char *prefix, enum listing_depth depth)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	struct listing listing;
	struct location place;

	assert_result(listing_read(&listing, fs, prefix, depth), 0);
	for (size_t i = 0; i < listing.objects.count; i++)
		if (depth == LISTING_ALL ? listing_is_below(&listing, i)
					 : listing_is_in(&listing, i, prefix, &place))
			g_ptr_array_add(names,
					g_strdup_printf("%s=%ju",
							name_list_name(&listing.objects, i),
							(uintmax_t)listing.objects.entries[i].ino));
	listing_free(&listing);
	return sorted_text(names);
}

static void assert_listed_alike(struct fs *fs, const char *prefix, enum listing_depth depth,
				GPtrArray *names)
{
	const int watch = fs->marks.watch;
	g_autofree char *known = listing_text(fs, prefix, depth), *scanned = NULL, *objects = NULL;

	fs->marks.watch = -1;
	scanned = listing_text(fs, prefix, depth);
	fs->marks.watch = watch;
	if (strcmp(known, scanned) == 0)
		return;
	objects = text_of(names);
	g_error("%s: in \"%s\" there is \"%s\", but known is \"%s\"", objects, prefix, scanned,
		known);
}

/* Other names for some of the objects, other objects for some of the names. */
static void change_objects(struct fs *fs, GPtrArray *names)
{
	for (guint i = 0; i + 1 < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		const char *next = g_ptr_array_index(names, i + 1);

		if (g_test_rand_int_range(0, 4) == 0)
			pshm_space_unlink(fs->space, name);
		else if (g_test_rand_int_range(0, 4) == 0)
			pshm_space_rename(fs->space, name, next,
					  g_test_rand_bit() ? RENAME_EXCHANGE : 0);
	}
}

static void test_known_names_are_listed_as_all_objects_are(void)
{
	AUTO_FS fs = space_fs_new();

	for (int i = 0; i < WORLDS; i++) {
		g_autoptr(GPtrArray) names = random_objects();

		for (int round = 0; round < 2; round++) {
			assert_listed_alike(fs, "", LISTING_LEVEL, names);
			for (guint j = 0; j < names->len; j++) {
				const char *prefix = g_ptr_array_index(names, j);

				if (!g_str_has_suffix(prefix, "%"))
					continue;
				assert_listed_alike(fs, prefix, LISTING_LEVEL, names);
				assert_listed_alike(fs, prefix, LISTING_ALL, names);
			}
			change_objects(fs, names);
		}
	}
}

/* Makes component in prefix, if that may be, and looks for it there. */
static bool is_found_where_made(struct fs *fs, const char *prefix, const char *component,
				bool directory)
{
	struct found found;
	object_name name;
	int error = directory ? tree_marker_name(fs, prefix, component, name)
			      : tree_file_name(fs, prefix, component, name);

	if (error < 0 || tree_find(fs, prefix, component, &found) == 0 || space_ino(name) != 0)
		return true;
	space_make(name);
	return tree_find(fs, prefix, component, &found) == 0 && found.directory == directory &&
	       strcmp(found.name, name) == 0;
}

static bool is_directory(struct fs *fs, const char *prefix)
{
	const struct markers markers = tree_markers(fs);
	struct location place = { .directory = true };

	if (prefix[0] != '\0')
		view_locate(&fs->view, &markers, prefix, &place);
	return place.directory;
}

static void check_making(bool directory)
{
	AUTO_FS fs = space_fs_new();

	for (int i = 0; i < WORLDS; i++) {
		g_autoptr(GPtrArray) names = random_objects();
		const char *prefix = random_prefix(names);
		g_autofree char *component = random_text(4), *objects = NULL;

		if (!is_directory(fs, prefix))
			prefix = "";
		if (is_found_where_made(fs, prefix, component, directory))
			continue;
		objects = text_of(names);
		g_test_message("%s: %s made in %s is not there", objects, component, prefix);
		g_test_fail();
		return;
	}
}

static void test_file_is_found_where_it_was_made(void)
{
	check_making(false);
}

static void test_directory_is_found_where_it_was_made(void)
{
	check_making(true);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	space_enter();
	add_in_space("tree", older_of_file_and_marker_is_found);
	add_in_space("tree", split_name_is_found_below_only);
	add_in_space("tree", name_that_would_be_split_may_not_be_had);
	add_in_space("tree", semaphore_s_name_may_end_in_the_separator);
	add_in_space("tree", semaphore_is_found_beside_a_directory_called_sem);
	add_in_space("tree", object_of_a_node_is_opened_while_it_has_the_name);
	add_in_space("tree", object_is_found_where_it_is_listed_or_hidden_there);
	add_in_space("listing", known_names_are_listed_as_all_objects_are);
	add_in_space("tree", file_is_found_where_it_was_made);
	add_in_space("tree", directory_is_found_where_it_was_made);
	return g_test_run();
}
