/* SPDX-License-Identifier: MIT */
/*
 * shmfuse who, on processes that have objects open and mapped. The body is one of
 * them; its namespaces have no others but the daemon, and those that it starts.
 */
#include "mount.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>

/* Reads what --json has written, as strictly as Python does, and writes a line for
 * each row. */
static const char show_rows[] =
	"import json, sys\n"
	"def word(a):\n"
	"    letters = 'r' * a['read'] + 'w' * a['write'] or 'none'\n"
	"    return letters + str(a['count']) if a['count'] else '-'\n"
	"for row in json.load(open('" RUN_OUT "')):\n"
	"    via = '+'.join(w for w in ('native', 'mount') if row[w])\n"
	"    words = [row['object'], 'gone' if row['unlinked'] else '', word(row['open']),\n"
	"             word(row['mapped']), via]\n"
	"    print(ascii(' '.join(w for w in words if w))[1:-1])\n";

static char *rows(const char *arguments)
{
	const int code = run_shmfuse("who --json %s", arguments);
	char *text = sh_output("python3 -c \"$1\"", show_rows);

	g_test_message("who %s: %d\n%s", arguments, code, text);
	g_assert_cmpint(code, ==, text[0] == '\0' ? 1 : 0);
	return text;
}

static void expect_rows(const char *arguments, const char *wanted)
{
	g_autofree char *text = rows(arguments);

	g_assert_cmpstr(text, ==, wanted);
}

static void *map_of(int fd, int prot, int flags)
{
	void *memory = mmap(NULL, 4096, prot, flags, fd, 0);

	g_assert_true(memory != MAP_FAILED);
	return memory;
}

static void make_object(const char *path)
{
	put(path, "");
	ok(truncate(path, 4096));
}

static void an_object_that_nobody_uses_is_told_by_the_exit_code(void)
{
	make_object(SHM "/a");
	expect_rows("", "");
	expect_rows("/a", "");
	g_assert_cmpint(run_shmfuse("who a"), ==, 1);
	has_text(RUN_OUT, "");
}

static void descriptors_are_told_with_their_access(void)
{
	int fd;

	make_object(SHM "/a");
	fd = ok(open(SHM "/a", O_RDONLY));
	expect_rows("/a", "/a r1 - native\n");
	close(fd);
	fd = ok(open(SHM "/a", O_WRONLY));
	expect_rows("a", "/a w1 - native\n");
	ok(open(MNT "/a", O_RDONLY));
	expect_rows("", "/a rw2 - native+mount\n");
	close(fd);
	expect_rows(MNT "/a", "/a r1 - mount\n");
	ok(open(MNT "/a", O_RDWR | O_APPEND));
	expect_rows(SHM "/a", "/a rw2 - mount\n");
}

static void a_descriptor_that_only_points_is_told(void)
{
	make_object(SHM "/a");
	ok(open(MNT "/a", O_PATH));
	expect_rows("/a", "/a none1 - mount\n");
}

static void mappings_are_told_when_the_descriptor_is_closed(void)
{
	int fd;

	make_object(SHM "/a");
	fd = ok(open(SHM "/a", O_RDWR));
	map_of(fd, PROT_READ, MAP_SHARED);
	close(fd);
	expect_rows("/a", "/a - r1 native\n");
	fd = ok(open(MNT "/a", O_RDWR));
	map_of(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	expect_rows("/a", "/a rw1 r2 native+mount\n");
	if (on_passthrough())
		map_of(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	close(fd);
	expect_rows("/a", on_passthrough() ? "/a - rw3 native+mount\n" : "/a - r2 native+mount\n");
}

static void unlinked_objects_are_told_in_directories(void)
{
	ok(mkdir(MNT "/team", 0755));
	make_object(MNT "/team/left");
	make_object(SHM "/a");
	ok(open(MNT "/team/left", O_RDONLY));
	ok(open(SHM "/a", O_RDONLY));
	ok(unlink(MNT "/team/left"));
	ok(unlink(SHM "/a"));
	expect_rows("", "/a gone r1 - native\n/run/mnt/team/left gone r1 - mount\n");
	expect_rows(SHM, "/a gone r1 - native\n/run/mnt/team/left gone r1 - mount\n");
	expect_rows(MNT "/team", "/run/mnt/team/left gone r1 - mount\n");
	put(SHM "/a", "new");
	expect_rows("/a", "");
}

static void the_table_tells_counts_and_what_is_unlinked(void)
{
	g_autofree char *table = NULL;

	make_object(SHM "/a");
	for (int i = 0; i < 3; i++)
		ok(open(SHM "/a", O_RDWR));
	ok(unlink(SHM "/a"));
	g_assert_cmpint(run_shmfuse("who"), ==, 0);
	table = get(RUN_OUT);
	g_test_message("%s", table);
	g_assert_nonnull(strstr(table, "rw*3"));
	g_assert_nonnull(strstr(table, "/a (deleted)"));
}

static void a_directory_is_what_lies_below_it(void)
{
	ok(mkdir(MNT "/team", 0755));
	ok(mkdir(MNT "/team/cam", 0755));
	make_object(MNT "/team/cam/left");
	make_object(MNT "/other");
	ok(open(MNT "/team/cam/left", O_RDONLY));
	ok(open(MNT "/other", O_RDONLY));
	/* An open directory is no object. */
	ok(open(MNT "/team", O_RDONLY | O_DIRECTORY));
	expect_rows(MNT "/team", "/team%cam%left r1 - mount\n");
	expect_rows(MNT "/team/cam /other", "/other r1 - mount\n/team%cam%left r1 - mount\n");
	expect_rows(MNT, "/other r1 - mount\n/team%cam%left r1 - mount\n");
}

/* ---- other processes ---- */

struct holder {
	pid_t pid;
	int end; /* closed: it may go */
};

/* A process that has done what begin() does, and stays. */
static struct holder hold(void (*begin)(void))
{
	struct holder holder;
	int ready[2], end[2];
	char c;

	ok(pipe2(ready, O_CLOEXEC));
	ok(pipe2(end, O_CLOEXEC));
	CHILD (holder.pid) {
		close(end[1]);
		begin();
		ok(write(ready[1], "", 1));
		ok(read(end[0], &c, 1));
	}
	close(ready[1]);
	close(end[0]);
	g_assert_cmpint(ok(read(ready[0], &c, 1)), ==, 1);
	close(ready[0]);
	holder.end = end[1];
	return holder;
}

static void let_go(struct holder holder)
{
	close(holder.end);
	ends_well(holder.pid);
}

static void open_in_a_namespace(void)
{
	ok(unshare(CLONE_NEWNS));
	ok(mount(MNT "/team", SHM, NULL, MS_BIND, NULL));
	ok(open(SHM "/left", O_RDWR));
}

static void a_process_in_a_namespace_of_its_own_is_told(void)
{
	struct holder holder;

	ok(mkdir(MNT "/team", 0755));
	make_object(MNT "/team/left");
	holder = hold(open_in_a_namespace);
	expect_rows("/team%left", "/team%left rw1 - mount\n");
	expect_rows(MNT "/team/left", "/team%left rw1 - mount\n");
	let_go(holder);
	expect_rows("/team%left", "");
}

/* The numbers of objects are those of one tmpfs: on another, they mean others. */
static void open_on_another_tmpfs(void)
{
	ok(unshare(CLONE_NEWNS));
	ok(umount(MNT));
	ok(mount("tmpfs", SHM, "tmpfs", 0, "mode=1777"));
	ok(mkdir("/run/other", 0755));
	g_assert_cmpint(run_shmfuse("-o %s /run/other", options_of_path()), ==, 0);
	make_object(SHM "/other");
	ok(open(SHM "/other", O_RDWR));
	ok(open("/run/other/other", O_RDWR));
}

static void another_shm_file_system_is_not_mixed_up(void)
{
	struct holder holder;
	g_autofree char *other = NULL;

	make_object(SHM "/a");
	holder = hold(open_on_another_tmpfs);
	other = g_strdup_printf("/proc/%d/root" SHM "/other", holder.pid);
	g_assert_cmpuint(stat_of(SHM "/a").st_ino, ==, stat_of(other).st_ino);
	expect_rows("", "");
	expect_rows("/a", "");
	{
		g_autofree char *found = rows(other);

		g_assert_true(g_str_has_suffix(found, "/other rw2 - native+mount\n"));
	}
	let_go(holder);
}

static void view_of_team(void)
{
	ok(unshare(CLONE_NEWNS));
	ok(close_range(3, ~0U, 0));
	ok(mount(MNT "/team", SHM, NULL, MS_BIND, NULL));
	expect_rows("/left", "/left rw1 - native\n");
	expect_rows("", "/left rw1 - native\n");
}

/* With a mount on /dev/shm, it finds what the mount shows by itself. */
static void it_works_where_a_mount_is_on_dev_shm(void)
{
	pid_t pid;

	ok(mkdir(MNT "/team", 0755));
	make_object(MNT "/team/left");
	ok(open(SHM "/team%left", O_RDWR));
	CHILD (pid)
		view_of_team();
	ends_well(pid);
}

static void names_are_exact_and_harmless(void)
{
	g_autofree char *table = NULL;

	make_object(SHM "/a\nb\x1b \"\\\xff\xc3\xa4");
	ok(open(SHM "/a\nb\x1b \"\\\xff\xc3\xa4", O_RDONLY));
	expect_rows("", "/a\\nb\\x1b \"\\\\\\udcff\\xe4 r1 - native\n");
	g_assert_cmpint(run_shmfuse("who"), ==, 0);
	table = get(RUN_OUT);
	g_assert_nonnull(strstr(table, "\n/a\\x0ab\\x1b \\x22\\x5c\\xff\\xc3\\xa4 "));
}

static void processes_are_described(void)
{
	make_object(SHM "/a");
	ok(open(SHM "/a", O_RDONLY));
	g_assert_cmpint(run_shmfuse("who --json /a"), ==, 0);
	sh("python3 -c 'import json, sys\n"
	   "row, = json.load(open(\"" RUN_OUT "\"))\n"
	   "assert row[\"pid\"] == int(sys.argv[1]), row\n"
	   "assert row[\"command\"] == \"tests-who\", row\n"
	   "assert (row[\"uid\"], row[\"user\"]) == (0, \"root\"), row\n' $PPID");
}

static void a_user_sees_his_own_and_a_count_of_the_rest(void)
{
	g_autofree char *said = NULL;

	put_new(SHM "/a", 0666, 0, 0);
	ok(open(SHM "/a", O_RDONLY));
	ok(chmod("/run", 01777));
	AS_USER (1000, 1000)
		sh("exec 9<>$SHM/a; \"$SHMFUSE\" who --json /a >" RUN_OUT " 2>" RUN_ERR "; :");
	sh("python3 -c 'import json\n"
	   "row, = json.load(open(\"" RUN_OUT "\"))\n"
	   "assert row[\"uid\"] == 1000, row\n'");
	said = get(RUN_ERR);
	g_assert_true(g_str_has_prefix(said, "shmfuse who: processes not looked into"));
}

/* ---- containers ---- */

#define CONTAINER "3f2a9c1b7d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"

/* A control group that an engine could have made; NULL where none can be. */
static char *make_group(void)
{
	static const char *const hierarchies[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified",
						   "/sys/fs/cgroup/freezer" };

	for (size_t i = 0; i < G_N_ELEMENTS(hierarchies); i++) {
		g_autofree char *group = g_strdup_printf("%s/libpod-" CONTAINER, hierarchies[i]);
		g_autofree char *procs = g_strconcat(group, "/cgroup.procs", NULL);

		if (mkdir(group, 0755) == 0 && access(procs, W_OK) == 0)
			return g_steal_pointer(&group);
		rmdir(group);
	}
	return NULL;
}

static void open_a(void)
{
	ok(open(MNT "/a", O_RDWR));
}

static void a_process_in_a_container_is_told_with_it(void)
{
	g_autofree char *group = make_group();
	g_autofree char *table = NULL, *script = NULL;
	struct holder holder;
	int code, joined;

	if (!group)
		skip_test("no control group can be made here");
	make_object(SHM "/a");
	holder = hold(open_a);
	script = g_strdup_printf("echo %d >%s/cgroup.procs", holder.pid, group);
	joined = system(script);
	code = run_shmfuse("who /a");
	table = get(RUN_OUT);
	let_go(holder);
	wait_until (rmdir(group) == 0)
		;
	if (joined != 0)
		skip_test("no process can be put into a control group here");
	g_assert_cmpint(code, ==, 0);
	g_assert_nonnull(strstr(table, "  3f2a9c1b7d4e  "));
}

/* ---- what cannot be answered ---- */

static void bad_questions_are_refused_in_one_line(void)
{
	static const char *const questions[] = { "missing",    "/etc/passwd", "/etc",
						 "/dev/null",  "--bogus",     "/proc",
						 "/a /missing" };

	make_object(SHM "/a");
	for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
		const int code = run_shmfuse("who %s", questions[i]);
		g_autofree char *said = get(RUN_ERR);

		g_test_message("%s: %s", questions[i], said);
		g_assert_cmpint(code, ==, 2);
		g_assert_true(g_str_has_prefix(said, "shmfuse who: "));
		g_assert_cmpstr(strchr(said, '\n'), ==, "\n");
		has_text(RUN_OUT, "");
	}
	g_assert_cmpint(run_shmfuse("who --help"), ==, 0);
}

/* Not in this process: what it starts would close it, and wait for the daemon. */
static void a_daemon_that_hangs_does_not_hang_it(void)
{
	g_autofree char *daemon = sh_output("pgrep -x shmfuse");
	struct holder holder;

	make_object(SHM "/a");
	holder = hold(open_a);
	stop(atoi(daemon));
	expect_rows("/a", "/a rw1 - mount\n");
	ok(kill(atoi(daemon), SIGCONT));
	let_go(holder);
}

#define READS_JSON .needs = "python3"

static const struct mount_test tests[] = {
	{ TEST(an_object_that_nobody_uses_is_told_by_the_exit_code), READS_JSON },
	{ TEST(descriptors_are_told_with_their_access), READS_JSON },
	{ TEST(a_descriptor_that_only_points_is_told), READS_JSON },
	{ TEST(mappings_are_told_when_the_descriptor_is_closed), READS_JSON },
	{ TEST(unlinked_objects_are_told_in_directories), READS_JSON },
	{ TEST(the_table_tells_counts_and_what_is_unlinked) },
	{ TEST(a_directory_is_what_lies_below_it), READS_JSON },
	{ TEST(a_process_in_a_namespace_of_its_own_is_told), READS_JSON },
	{ TEST(another_shm_file_system_is_not_mixed_up), READS_JSON },
	{ TEST(it_works_where_a_mount_is_on_dev_shm), READS_JSON },
	{ TEST(names_are_exact_and_harmless), READS_JSON },
	{ TEST(processes_are_described), READS_JSON },
	{ TEST(a_user_sees_his_own_and_a_count_of_the_rest), READS_JSON },
	{ TEST(a_process_in_a_container_is_told_with_it) },
	{ TEST(bad_questions_are_refused_in_one_line) },
	{ TEST(a_daemon_that_hangs_does_not_hang_it), READS_JSON },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "who", tests, G_N_ELEMENTS(tests));
}
