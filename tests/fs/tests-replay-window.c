/* SPDX-License-Identifier: MIT */
/*
 * Option supervise: a serving process that dies between a deed and its answer, and
 * somebody else who changes the same objects natively before the next one serves.
 */

#include "halt.h"
#include "replay-calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

static void become_user_1000(void)
{
	ok(setresgid(1000, 1000, 1000));
	ok(setresuid(1000, 1000, 1000));
}

/* ---- what others made of it stays ---- */

/* It dies where the system call has returned, or where the next one comes. */
static struct halt while_it(void (*call)(void), long system_call, bool at_once)
{
	struct halt halt = halt_begin(daemon_of_test());

	CHILD (halt.client)
		call();
	if (at_once)
		halt_at_end(&halt, system_call);
	else
		halt_after(&halt, system_call);
	return halt;
}

static void what_has_the_name_of_the_unlinked_stays(void)
{
	struct halt halt;

	make_a();
	halt = while_it(unlink_a, SYS_unlinkat, true);
	put(SHM "/a", "another");
	halt_die(&halt);
	has_text(SHM "/a", "another");
}

static void what_has_the_name_of_the_renamed_stays(void)
{
	struct halt halt;

	make_a();
	halt = while_it(rename_to_b, SYS_renameat2, true);
	put(SHM "/a", "another");
	halt_die(&halt);
	has_text(SHM "/a", "another");
	has_text(SHM "/b", "of a");
}

/* As of a queue. */
static void renamed_file_may_be_consumed_at_once(void)
{
	struct halt halt;

	make_a();
	halt = while_it(rename_to_b, SYS_renameat2, true);
	ok(unlink(SHM "/b"));
	halt_die(&halt);
	is_empty();
}

static void renamed_file_may_be_replaced_at_once(void)
{
	struct halt halt;

	make_a();
	put(SHM "/c", "another");
	halt = while_it(rename_to_b, SYS_renameat2, true);
	ok(rename(SHM "/c", SHM "/b"));
	halt_die(&halt);
	has_names(SHM, "b ");
	has_text(SHM "/b", "another");
}

static void linked_file_may_be_consumed_at_once(void)
{
	struct halt halt;

	make_a();
	halt = while_it(link_b, SYS_linkat, false);
	ok(unlink(SHM "/b"));
	halt_die(&halt);
	has_names(SHM, "a ");
}

/* Empty, and as young as the call. */
static void what_another_has_created_is_not_taken_for_ones_own(void)
{
	struct halt halt = halt_begin(daemon_of_test());

	CHILD (halt.client)
		create_a_in_vain();
	halt_after(&halt, SYS_setfsuid);
	put(SHM "/a", "");
	halt_die(&halt);
	has_text(SHM "/a", "");
}

static void truncate_a(void)
{
	int fd = open_at(MNT "/a", O_WRONLY);

	ok(ftruncate(fd, 0));
	close(fd);
}

static void open_a_truncating(void)
{
	close(open_at(MNT "/a", O_WRONLY | O_TRUNC));
}

static void is_not_truncated_again(void (*call)(void), long system_call)
{
	struct halt halt;

	make_a();
	halt = while_it(call, system_call, false);
	has_text(SHM "/a", "");
	put(SHM "/a", "native");
	halt_die(&halt);
	has_text(SHM "/a", "native");
}

static void what_was_written_after_a_truncation_stays(void)
{
	is_not_truncated_again(truncate_a, SYS_ftruncate);
}

static void what_was_written_after_a_truncating_open_stays(void)
{
	struct halt halt;

	make_a();
	halt = halt_begin(daemon_of_test());
	CHILD (halt.client)
		open_a_truncating();
	/* Several are opened on the way. */
	do
		halt_after(&halt, SYS_openat);
	while (stat_of(SHM "/a").st_size > 0);
	put(SHM "/a", "native");
	halt_die(&halt);
	has_text(SHM "/a", "native");
}

static void create_a_truncating(void)
{
	close((int)ok(open(MNT "/a", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)));
}

/* It was not there when the kernel looked. */
static void what_was_written_after_a_truncating_creation_stays(void)
{
	struct halt halt = halt_begin(daemon_of_test());

	CHILD (halt.client)
		create_a_truncating();
	halt_at_start(&halt, SYS_linkat);
	put(SHM "/a", "native");
	do
		halt_after(&halt, SYS_openat);
	while (stat_of(SHM "/a").st_size > 0);
	put(SHM "/a", "native again");
	halt_die(&halt);
	has_text(SHM "/a", "native again");
}

static void write_at_the_start(void)
{
	int fd = open_at(MNT "/a", O_WRONLY);

	g_assert_cmpint(ok(pwrite(fd, "mount", 5, 0)), ==, 5);
	close(fd);
}

static void append_to_a(void)
{
	int fd = open_at(MNT "/a", O_WRONLY | O_APPEND);

	g_assert_cmpint(ok(write(fd, "tick", 4)), ==, 4);
	close(fd);
}

/* After somebody who is not root the daemon has more to do. */

static void punch_a(void)
{
	int fd;

	become_user_1000();
	fd = open_at(MNT "/a", O_WRONLY);
	ok(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 5));
	close(fd);
}

static void copy_a_to_b(void)
{
	int in, out;

	become_user_1000();
	in = open_at(MNT "/a", O_RDONLY);
	out = open_at(MNT "/b", O_WRONLY);
	ok(copy_file_range(in, NULL, out, NULL, 4, 0));
	close(in);
	close(out);
}

static void what_was_written_after_a_write_stays(void)
{
	struct halt halt;

	make_a();
	halt = while_it(write_at_the_start, SYS_pwrite64, false);
	has_text(SHM "/a", "mount");
	put(SHM "/a", "native");
	halt_die(&halt);
	has_text(SHM "/a", "native");
}

static void what_was_written_into_a_hole_stays(void)
{
	struct halt halt;

	make_a();
	ok(chmod(SHM "/a", 0666));
	halt = while_it(punch_a, SYS_fallocate, false);
	put(SHM "/a", "native");
	halt_die(&halt);
	has_text(SHM "/a", "native");
}

static void what_was_written_over_a_copy_stays(void)
{
	struct halt halt;

	make_a_and_b();
	ok(chmod(SHM "/b", 0666));
	halt = while_it(copy_a_to_b, SYS_copy_file_range, false);
	put(SHM "/b", "native");
	halt_die(&halt);
	has_text(SHM "/b", "native");
}

static void native_append(const char *text)
{
	int fd = open_at(SHM "/a", O_WRONLY | O_APPEND);

	ok(write(fd, text, strlen(text)));
	close(fd);
}

static void append_at_its_end_is_found(void)
{
	struct halt halt;

	make_a();
	halt = while_it(append_to_a, SYS_pwritev2, true);
	native_append("tock");
	halt_die(&halt);
	has_text(SHM "/a", "of aticktock");
}

/* The end that was noted is not where it went. */
static void append_is_done_once_where_another_comes_before(void)
{
	struct halt halt = { 0 };

	make_a();
	halt = halt_begin(daemon_of_test());
	CHILD (halt.client)
		append_to_a();
	halt_at_start(&halt, SYS_pwritev2);
	native_append("tock");
	halt_after(&halt, SYS_pwritev2);
	halt_die(&halt);
	has_text(SHM "/a", "of atocktick");
}

static void attribute_that_was_removed_after_it_was_set_is_not_set_again(void)
{
	struct halt halt;

	make_a();
	halt = while_it(set_attribute, SYS_fsetxattr, false);
	ok(removexattr(SHM "/a", "user.x"));
	halt_die(&halt);
	has_no_attribute();
}

static void attribute_that_was_set_after_it_was_removed_stays(void)
{
	struct halt halt;

	make_a_with_attribute();
	halt = while_it(remove_attribute, SYS_fremovexattr, false);
	ok(setxattr(SHM "/a", "user.x", "1", 1, 0));
	halt_die(&halt);
	has_attribute();
}

/* ---- calls that fail by themselves ---- */

static void removal_of_no_attribute_fails(void)
{
	struct halt halt;

	make_a();
	halt = while_it(remove_attribute_in_vain, SYS_fremovexattr, true);
	halt_die(&halt);
}

static void second_creation_of_an_attribute_fails(void)
{
	struct halt halt;

	make_a_with_attribute();
	halt = while_it(set_attribute_in_vain, SYS_fsetxattr, true);
	halt_die(&halt);
}

static void unlink_of_what_was_consumed_fails(void)
{
	struct halt halt;

	make_a();
	ok(chown(SHM "/a", 1000, 1000));
	halt = halt_begin(daemon_of_test());
	CHILD (halt.client) {
		become_user_1000();
		unlink_in_vain();
	}
	halt_at_start(&halt, SYS_unlinkat);
	ok(unlink(SHM "/a"));
	halt_after(&halt, SYS_unlinkat);
	halt_die(&halt);
	is_empty();
}

static void rename_of_what_was_consumed_fails(void)
{
	struct halt halt;

	make_a();
	ok(chown(SHM "/a", 1000, 1000));
	halt = halt_begin(daemon_of_test());
	CHILD (halt.client) {
		become_user_1000();
		fails(ENOENT, rename(MNT "/a", MNT "/b"));
	}
	halt_at_start(&halt, SYS_renameat2);
	ok(unlink(SHM "/a"));
	halt_after(&halt, SYS_renameat2);
	halt_die(&halt);
	is_empty();
}

static void link_to_a_name_that_another_took_fails(void)
{
	struct halt halt;

	make_a();
	halt = halt_begin(daemon_of_test());
	CHILD (halt.client)
		link_in_vain();
	halt_at_start(&halt, SYS_linkat);
	ok(link(SHM "/a", SHM "/b"));
	halt_after(&halt, SYS_linkat);
	halt_die(&halt);
	has_two_names();
}

/* ---- renames of directories that meet something native ---- */

static void rename_d_in_vain(void)
{
	fails(ENOTEMPTY, rename(MNT "/d", MNT "/e"));
}

/* Neither half is outside of every directory then. */
static void rename_that_cannot_go_on_leaves_both_directories(void)
{
	struct halt halt;

	fill_d();
	halt = while_it(rename_d_in_vain, SYS_renameat2, true);
	put(SHM "/e%y", "native");
	put(SHM "/e%sub%x", "native");
	halt_die(&halt);
	has_names(MNT, "d e ");
	has_text(MNT "/e/y", "native");
	has_text(MNT "/e/sub/x", "native");
}

/* ---- a user's own mount ---- */

static pid_t mount_as_user_1000(void)
{
	pid_t daemon;

	let_user_1000_mount();
	CHILD (daemon) {
		become_user_1000();
		execl(shmfuse_path(), "shmfuse", "-f", "-o", "data=mapped,supervise", MNT,
		      (char *)NULL);
	}
	wait_until (is_mounted(MNT))
		;
	AS_USER (1000, 1000)
		has_names(MNT, "");
	return daemon;
}

/* The user may not open it as it is for the second time. */
static void read_only_file_can_be_created_in_a_users_mount(void)
{
	const pid_t daemon = mount_as_user_1000();
	struct halt halt = halt_begin(daemon);

	CHILD (halt.client) {
		become_user_1000();
		create_a();
	}
	/* The first way to give it a name may be closed to the user. */
	do
		halt_after(&halt, SYS_linkat);
	while (!exists(SHM "/a"));
	halt_die(&halt);
	is_created();
	AS_USER (1000, 1000)
		sh("fusermount3 -u $MNT");
	g_assert_cmpint(daemon_status(daemon), ==, 0);
}

#define SUPERVISED .options = "supervise", .says = "*another one takes over*"

static const struct mount_test tests[] = {
	{ TEST(what_has_the_name_of_the_unlinked_stays), SUPERVISED },
	{ TEST(what_has_the_name_of_the_renamed_stays), SUPERVISED },
	{ TEST(renamed_file_may_be_consumed_at_once), SUPERVISED },
	{ TEST(renamed_file_may_be_replaced_at_once), SUPERVISED },
	{ TEST(linked_file_may_be_consumed_at_once), SUPERVISED },
	{ TEST(what_another_has_created_is_not_taken_for_ones_own), SUPERVISED },
	{ TEST(what_was_written_after_a_truncation_stays), SUPERVISED },
	{ TEST(what_was_written_after_a_truncating_open_stays), SUPERVISED },
	{ TEST(what_was_written_after_a_truncating_creation_stays), SUPERVISED },
	{ TEST(what_was_written_after_a_write_stays), .paths = ONLY_MAPPED, SUPERVISED },
	{ TEST(what_was_written_into_a_hole_stays), SUPERVISED },
	{ TEST(what_was_written_over_a_copy_stays), SUPERVISED },
	{ TEST(append_at_its_end_is_found), .paths = ONLY_MAPPED, SUPERVISED },
	{ TEST(append_is_done_once_where_another_comes_before), .paths = ONLY_MAPPED, SUPERVISED },
	{ TEST(attribute_that_was_removed_after_it_was_set_is_not_set_again), SUPERVISED },
	{ TEST(attribute_that_was_set_after_it_was_removed_stays), SUPERVISED },
	{ TEST(removal_of_no_attribute_fails), SUPERVISED },
	{ TEST(second_creation_of_an_attribute_fails), SUPERVISED },
	{ TEST(unlink_of_what_was_consumed_fails), SUPERVISED },
	{ TEST(rename_of_what_was_consumed_fails), SUPERVISED },
	{ TEST(link_to_a_name_that_another_took_fails), SUPERVISED },
	{ TEST(rename_that_cannot_go_on_leaves_both_directories), SUPERVISED },
	{ TEST(read_only_file_can_be_created_in_a_users_mount), NO_MOUNT, .needs = "fusermount3" },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "replay-window", tests, G_N_ELEMENTS(tests));
}
