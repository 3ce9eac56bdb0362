/* SPDX-License-Identifier: MIT */
/*
 * Option supervise: a serving process that dies anywhere on the way from a request to
 * its answer. The call is done once, and its result is the one that it has natively.
 */

#include "halt.h"
#include "replay-calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- wherever it dies ---- */

/* What comes before a call, natively; the call through the mount; what is there then. */
struct call {
	void (*before)(void);
	void (*call)(void);
	void (*after)(void);
};

static void clear_objects(void)
{
	sh("rm -rf \"$SHM\"/*");
}

/* Before and behind each deed that this one takes, and before the answer. */
static void dies_wherever(const struct call *call)
{
	bool died = true;

	for (unsigned number = 1; died; number++) {
		struct halt halt;

		call->before();
		halt = halt_begin(daemon_of_test());
		CHILD (halt.client)
			call->call();
		died = halt_at_place(&halt, number);
		halt_die(&halt);
		call->after();
		clear_objects();
	}
}

/* The same, and the next one wherever it is then. */
static void dies_twice_wherever(const struct call *call)
{
	for (unsigned first = 1, second = 1;; second++) {
		struct halt halt;
		bool died;

		call->before();
		halt = halt_begin(daemon_of_test());
		CHILD (halt.client)
			call->call();
		died = halt_at_place(&halt, first);
		if (died) {
			halt_die_before_another(&halt);
			if (!halt_at_place(&halt, second))
				first++, second = 0;
		}
		halt_die(&halt);
		call->after();
		clear_objects();
		if (!died)
			return;
	}
}

static void nothing(void)
{
}

static void make_old(const char *path)
{
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	ok(utimensat(AT_FDCWD, path, times, 0));
}

static void is_young(const char *path)
{
	g_assert_cmpint(stat_of(path).st_mtime, >, 1);
}

static void is_at_b(void)
{
	has_names(SHM, "b ");
	has_text(SHM "/b", "of a");
}

static void is_unchanged(void)
{
	has_names(SHM, "a b ");
	has_text(SHM "/a", "of a");
	has_text(SHM "/b", "of b");
}

/* -- files -- */

static void create_to_read(void)
{
	close((int)ok(open(MNT "/a", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0200)));
}

static void is_created_to_write(void)
{
	has_names(SHM, "a ");
	g_assert_cmpint(stat_of(SHM "/a").st_mode & 07777, ==, 0200);
}

static void rename_in_vain(void)
{
	fails(EEXIST, renameat2(AT_FDCWD, MNT "/a", AT_FDCWD, MNT "/b", RENAME_NOREPLACE));
}

static void exchange_a_and_b(void)
{
	ok(renameat2(AT_FDCWD, MNT "/a", AT_FDCWD, MNT "/b", RENAME_EXCHANGE));
}

static void is_exchanged(void)
{
	has_text(SHM "/a", "of b");
	has_text(SHM "/b", "of a");
}

static void name_an_unnamed(void)
{
	int fd = open_at(MNT, O_RDWR | O_TMPFILE);
	g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", fd);

	ok(write(fd, "of a", 4));
	ok(linkat(AT_FDCWD, self, AT_FDCWD, MNT "/b", AT_SYMLINK_FOLLOW));
	close(fd);
}

static const struct call creation = { nothing, create_a, is_created };
static const struct call creation_to_read = { nothing, create_to_read, is_created_to_write };
static const struct call vain_creation = { make_a_and_b, create_a_in_vain, is_unchanged };
static const struct call unlinking = { make_a, unlink_a, is_empty };
static const struct call vain_unlinking = { nothing, unlink_in_vain, is_empty };
static const struct call linking = { make_a, link_b, has_two_names };
static const struct call vain_linking = { make_a_and_b, link_in_vain, is_unchanged };
static const struct call renaming = { make_a, rename_to_b, is_at_b };
static const struct call replacing = { make_a_and_b, rename_to_b, is_at_b };
static const struct call vain_renaming = { make_a_and_b, rename_in_vain, is_unchanged };
static const struct call exchange = { make_a_and_b, exchange_a_and_b, is_exchanged };
static const struct call naming = { nothing, name_an_unnamed, is_at_b };

/* -- directories -- */

static void make_d(void)
{
	put(SHM "/d%", "");
}

static void mkdir_d(void)
{
	ok(mkdir(MNT "/d", 0700));
}

static void is_made(void)
{
	has_names(SHM, "d% ");
	g_assert_cmpint(stat_of(SHM "/d%").st_mode & 07777, ==, 0700);
}

static void mkdir_in_vain(void)
{
	fails(EEXIST, mkdir(MNT "/d", 0700));
}

static void has_d(void)
{
	has_names(SHM, "d% ");
	g_assert_cmpint(stat_of(SHM "/d%").st_mode & 07777, ==, 0644);
}

static void rmdir_d(void)
{
	ok(rmdir(MNT "/d"));
}

static void rmdir_in_vain(void)
{
	fails(ENOTEMPTY, rmdir(MNT "/d"));
}

static void is_filled(void)
{
	has_names(SHM, "d% d%sub% d%sub%x d%y ");
}

static void rename_d(void)
{
	ok(rename(MNT "/d", MNT "/e"));
}

static void is_renamed(void)
{
	has_names(SHM, "e% e%sub% e%sub%x e%y ");
	has_text(SHM "/e%y", "y of d");
}

static void fill_d_beside_e(void)
{
	fill_d();
	put(SHM "/e%", "");
}

/* Names of one object in both, so that an inode number says little. */
static void fill_d_and_e(void)
{
	fill_d();
	ok(link(SHM "/d%y", SHM "/d%z"));
	ok(link(SHM "/d%y", SHM "/e%b"));
	put(SHM "/e%", "");
	put(SHM "/e%a", "a of e");
	put(SHM "/e%y", "y of e");
	put(SHM "/sem.e%s", "s of e");
	ok(link(SHM "/e%y", SHM "/d%c"));
}

static void exchange_d_and_e(void)
{
	ok(renameat2(AT_FDCWD, MNT "/d", AT_FDCWD, MNT "/e", RENAME_EXCHANGE));
}

static void contents_are_exchanged(void)
{
	has_names(SHM, "d% d%a d%b d%y e% e%c e%sub% e%sub%x e%y e%z sem.d%s ");
	has_text(SHM "/d%a", "a of e");
	has_text(SHM "/d%b", "y of d");
	has_text(SHM "/d%y", "y of e");
	has_text(SHM "/e%c", "y of e");
	has_text(SHM "/e%y", "y of d");
	has_text(SHM "/e%sub%x", "x of d");
}

/* Then the directory around them is changed too. */

static void fill_d_and_e_in_p(void)
{
	put(SHM "/p%", "");
	put(SHM "/p%d%", "");
	put(SHM "/p%d%x", "x of d");
	put(SHM "/p%e%", "");
	put(SHM "/p%e%y", "y of e");
	make_old(SHM "/p%");
}

static void exchange_d_and_e_in_p(void)
{
	ok(renameat2(AT_FDCWD, MNT "/p/d", AT_FDCWD, MNT "/p/e", RENAME_EXCHANGE));
	has_text(MNT "/p/d/y", "y of e");
	has_text(MNT "/p/e/x", "x of d");
	has_names(MNT "/p", "d e ");
}

static void contents_are_exchanged_in_p(void)
{
	has_names(SHM, "p% p%d% p%d%y p%e% p%e%x ");
	is_young(SHM "/p%");
}

static void rename_d_in_p(void)
{
	ok(rename(MNT "/p/d", MNT "/p/f"));
	has_text(MNT "/p/f/x", "x of d");
}

static void d_is_renamed_in_p(void)
{
	has_names(SHM, "p% p%e% p%e%y p%f% p%f%x ");
	is_young(SHM "/p%");
}

static void link_in_p(void)
{
	ok(link(MNT "/p/d/x", MNT "/p/x"));
}

static void is_linked_in_p(void)
{
	has_names(SHM, "p% p%d% p%d%x p%e% p%e%y p%x ");
	is_young(SHM "/p%");
}

static void unlink_in_p(void)
{
	ok(unlink(MNT "/p/d/x"));
	ok(rmdir(MNT "/p/d"));
}

static void d_is_removed_in_p(void)
{
	has_names(SHM, "p% p%e% p%e%y ");
	is_young(SHM "/p%");
}

static void make_d_and_a_file(void)
{
	fill_d();
	put(SHM "/e", "of e");
}

static void exchange_e_and_d(void)
{
	ok(renameat2(AT_FDCWD, MNT "/e", AT_FDCWD, MNT "/d", RENAME_EXCHANGE));
}

static void is_exchanged_with_a_file(void)
{
	has_names(SHM, "d e% e%sub% e%sub%x e%y ");
	has_text(SHM "/d", "of e");
}

/* Few, for the many ways to die twice. */

static void make_d_with_x(void)
{
	put(SHM "/d%", "");
	put(SHM "/d%x", "x of d");
}

static void x_is_in_e(void)
{
	has_names(SHM, "e% e%x ");
}

static void make_d_and_e_with_one_each(void)
{
	make_d_with_x();
	put(SHM "/e%", "");
	put(SHM "/e%y", "y of e");
}

static void one_each_is_exchanged(void)
{
	has_names(SHM, "d% d%y e% e%x ");
}

static void make_d_with_x_and_a_file(void)
{
	make_d_with_x();
	put(SHM "/e", "of e");
}

static void one_is_exchanged_with_a_file(void)
{
	has_names(SHM, "d e% e%x ");
}

static const struct call moving_one = { make_d_with_x, rename_d, x_is_in_e };
static const struct call swap_of_one = { make_d_and_e_with_one_each, exchange_d_and_e,
					 one_each_is_exchanged };
static const struct call swap_of_one_with_file = { make_d_with_x_and_a_file, exchange_e_and_d,
						   one_is_exchanged_with_a_file };
static const struct call making = { nothing, mkdir_d, is_made };
static const struct call vain_making = { make_d, mkdir_in_vain, has_d };
static const struct call removal = { make_d, rmdir_d, is_empty };
static const struct call vain_removal = { fill_d, rmdir_in_vain, is_filled };
static const struct call moving = { fill_d, rename_d, is_renamed };
static const struct call moving_onto = { fill_d_beside_e, rename_d, is_renamed };
static const struct call swap = { fill_d_and_e, exchange_d_and_e, contents_are_exchanged };
static const struct call swap_inside = { fill_d_and_e_in_p, exchange_d_and_e_in_p,
					 contents_are_exchanged_in_p };
static const struct call moving_inside = { fill_d_and_e_in_p, rename_d_in_p, d_is_renamed_in_p };
static const struct call linking_inside = { fill_d_and_e_in_p, link_in_p, is_linked_in_p };
static const struct call removal_inside = { fill_d_and_e_in_p, unlink_in_p, d_is_removed_in_p };
static const struct call swap_with_file = { make_d_and_a_file, exchange_d_and_e,
					    is_exchanged_with_a_file };
static const struct call swap_of_file = { make_d_and_a_file, exchange_e_and_d,
					  is_exchanged_with_a_file };

/* -- attributes and content -- */

static void append_twice(void)
{
	int fd = open_at(MNT "/a", O_WRONLY | O_APPEND);

	ok(write(fd, " and", 4));
	ok(write(fd, " and", 4));
	close(fd);
}

static void is_appended(void)
{
	has_text(SHM "/a", "of a and and");
}

static void copy_from_a_to_b(void)
{
	int in = open_at(MNT "/a", O_RDONLY), out = open_at(MNT "/b", O_WRONLY);

	g_assert_cmpint(ok(copy_file_range(in, NULL, out, NULL, 2, 0)), ==, 2);
	ok(ftruncate(out, 3));
	ok(fchmod(out, 0600));
	ok(fallocate(out, 0, 0, 5));
	close(in);
	close(out);
}

static void is_copied(void)
{
	g_assert_cmpint(stat_of(SHM "/b").st_size, ==, 5);
	has_text(SHM "/b", "of ");
	g_assert_cmpint(stat_of(SHM "/b").st_mode & 07777, ==, 0600);
}

static const struct call setting = { make_a, set_attribute, has_attribute };
static const struct call vain_setting = { make_a_with_attribute, set_attribute_in_vain,
					  has_attribute };
static const struct call unsetting = { make_a_with_attribute, remove_attribute, has_no_attribute };
static const struct call vain_unsetting = { make_a, remove_attribute_in_vain, has_no_attribute };
static const struct call appending = { make_a, append_twice, is_appended };
static const struct call copying = { make_a_and_b, copy_from_a_to_b, is_copied };

#define WHEREVER(name)                                     \
	static void name##_outlives_a_death_anywhere(void) \
	{                                                  \
		dies_wherever(&name);                      \
	}

#define TWICE(name)                                           \
	static void name##_outlives_two_deaths_anywhere(void) \
	{                                                     \
		dies_twice_wherever(&name);                   \
	}

WHEREVER(creation)
WHEREVER(creation_to_read)
WHEREVER(vain_creation)
WHEREVER(unlinking)
WHEREVER(vain_unlinking)
WHEREVER(linking)
WHEREVER(vain_linking)
WHEREVER(renaming)
WHEREVER(replacing)
WHEREVER(vain_renaming)
WHEREVER(exchange)
WHEREVER(naming)
WHEREVER(making)
WHEREVER(vain_making)
WHEREVER(removal)
WHEREVER(vain_removal)
WHEREVER(moving)
WHEREVER(moving_onto)
WHEREVER(swap)
WHEREVER(swap_inside)
WHEREVER(moving_inside)
WHEREVER(linking_inside)
WHEREVER(removal_inside)
WHEREVER(swap_with_file)
WHEREVER(swap_of_file)
WHEREVER(setting)
WHEREVER(vain_setting)
WHEREVER(unsetting)
WHEREVER(vain_unsetting)
WHEREVER(appending)
WHEREVER(copying)

TWICE(creation)
TWICE(linking)
TWICE(moving_one)
TWICE(swap_of_one)
TWICE(swap_of_one_with_file)
TWICE(setting)
TWICE(unsetting)

#define SUPERVISED .options = "supervise", .says = "*another one takes over*"

static const struct mount_test tests[] = {
	{ TEST(creation_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(creation_to_read_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(vain_creation_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(unlinking_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(vain_unlinking_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(linking_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(vain_linking_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(renaming_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(replacing_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(vain_renaming_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(exchange_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(naming_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(making_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(vain_making_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(removal_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(vain_removal_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(moving_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(moving_onto_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(swap_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(swap_inside_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(moving_inside_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(linking_inside_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(removal_inside_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(swap_with_file_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(swap_of_file_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(setting_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(vain_setting_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(unsetting_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(vain_unsetting_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(appending_outlives_a_death_anywhere), .paths = ONLY_MAPPED, SUPERVISED },
	{ TEST(copying_outlives_a_death_anywhere), SUPERVISED },
	{ TEST(creation_outlives_two_deaths_anywhere), SUPERVISED },
	{ TEST(linking_outlives_two_deaths_anywhere), .paths = ONLY_MAPPED, SUPERVISED },
	{ TEST(moving_one_outlives_two_deaths_anywhere), .paths = ONLY_MAPPED, SUPERVISED },
	{ TEST(swap_of_one_outlives_two_deaths_anywhere), .paths = ONLY_MAPPED, SUPERVISED },
	{ TEST(swap_of_one_with_file_outlives_two_deaths_anywhere), .paths = ONLY_MAPPED,
	  SUPERVISED },
	{ TEST(setting_outlives_two_deaths_anywhere), .paths = ONLY_MAPPED, SUPERVISED },
	{ TEST(unsetting_outlives_two_deaths_anywhere), .paths = ONLY_MAPPED, SUPERVISED },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "replay-anywhere", tests, G_N_ELEMENTS(tests));
}
