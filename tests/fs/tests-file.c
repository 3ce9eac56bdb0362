/* SPDX-License-Identifier: MIT */
/* The content of one object through descriptors. */
#include "mount.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>

/* The access mode that Linux has besides (man 2 open). */
#define NEITHER (O_WRONLY | O_RDWR)

enum { LARGE = 3 * 1024 * 1024 + 17 };

static void move_in_pieces(int fd, char *buf, bool in)
{
	static const size_t pieces[] = { 1, 4095, 4096, 70000, 131072, 1, 1 << 20 };

	for (size_t at = 0, i = 0; at < LARGE; i++) {
		size_t len = MIN(pieces[i % G_N_ELEMENTS(pieces)], LARGE - at);

		g_assert_cmpint(
			ok(in ? pread(fd, buf + at, len, at) : pwrite(fd, buf + at, len, at)), ==,
			len);
		at += len;
	}
}

static void content_is_the_same_on_both_sides(void)
{
	g_autofree char *written = g_malloc(LARGE), *got = g_malloc(LARGE);
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));
	int native = ok(open(SHM "/a", O_RDWR));

	fill_pattern(written, LARGE, 1);
	move_in_pieces(fd, written, false);
	move_in_pieces(native, got, true);
	g_assert_cmpmem(written, LARGE, got, LARGE);
	fill_pattern(written, LARGE, 2);
	move_in_pieces(native, written, false);
	move_in_pieces(fd, got, true);
	g_assert_cmpmem(written, LARGE, got, LARGE);
}

static void vectors_are_read_and_written(void)
{
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));
	char a[2], b[9];
	struct iovec out[] = { { .iov_base = (char[]){ "one " }, .iov_len = 4 },
			       { .iov_base = (char[]){ "two" }, .iov_len = 3 } };
	struct iovec in[] = { { a, sizeof a }, { b, sizeof b } };

	g_assert_cmpint(ok(writev(fd, out, 2)), ==, 7);
	g_assert_cmpint(ok(preadv(fd, in, 2, 0)), ==, 7);
	g_assert_cmpmem(a, 2, "on", 2);
	g_assert_cmpmem(b, 5, "e two", 5);
}

/* open(2): for ioctl(2) alone. It takes the right to read and to write. */
static void open_for_neither_reading_nor_writing(void)
{
	put_new(MNT "/a", 0644, 1000, 1000);
	for (const char **path = (const char *[]){ SHM "/a", MNT "/a", NULL }; *path; path++) {
		int fd = ok(open(*path, NEITHER));
		char byte = 'x';

		fails(EBADF, read(fd, &byte, 1));
		fails(EBADF, write(fd, &byte, 1));
		fails(EINVAL, ftruncate(fd, 0));
		ok(fchmod(fd, 0444));
		ok(fchmod(fd, 0644));
		AS_USER (1001, 1001)
			fails(EACCES, open(*path, NEITHER));
	}
	ok(open(MNT "/b", NEITHER | O_CREAT, 0600));
	ok(close(ok(open(MNT "/b", NEITHER | O_CREAT, 0600))));
	ok(open(MNT "/b", NEITHER | O_TRUNC));
	ok(open(MNT, NEITHER | O_TMPFILE, 0600));
	/* The mount goes on as before. */
	put(MNT "/a", "text");
	has_text(SHM "/a", "text");
}

static void reading_ends_at_the_end(void)
{
	char buf[100];
	int fd;

	put(SHM "/a", "0123456789");
	fd = ok(open(MNT "/a", O_RDONLY));
	g_assert_cmpint(ok(pread(fd, buf, sizeof buf, 0)), ==, 10);
	g_assert_cmpint(ok(pread(fd, buf, sizeof buf, 7)), ==, 3);
	g_assert_cmpint(ok(pread(fd, buf, sizeof buf, 10)), ==, 0);
	g_assert_cmpint(ok(pread(fd, buf, sizeof buf, 1L << 40)), ==, 0);
	fails(EINVAL, pread(fd, buf, 1, -1));
}

static void appends_land_at_the_true_end(void)
{
	int fd = ok(open(MNT "/a", O_WRONLY | O_CREAT | O_APPEND, 0600));
	int native = ok(open(SHM "/a", O_WRONLY | O_APPEND));
	g_autoptr(GString) expected = g_string_new(NULL);

	for (int i = 0; i < 200; i++) {
		g_autofree char *line = g_strdup_printf("line %d\n", i);

		ok(write(i % 3 ? fd : native, line, strlen(line)));
		g_string_append(expected, line);
	}
	has_text(SHM "/a", expected->str);
	ok(truncate(SHM "/a", 1));
	ok(write(fd, "ast", 3));
	has_text(SHM "/a", "last");
}

static void appends_of_several_processes_lose_nothing(void)
{
	pid_t pids[4];

	put(SHM "/a", "");
	for (int i = 0; i < 4; i++)
		CHILD (pids[i]) {
			int fd = ok(open(i % 2 ? SHM "/a" : MNT "/a", O_WRONLY | O_APPEND));
			char line[16];

			memset(line, 'a' + i, sizeof line);
			for (int j = 0; j < 500; j++)
				g_assert_cmpint(ok(write(fd, line, sizeof line)), ==, sizeof line);
		}
	for (int i = 0; i < 4; i++)
		ends_well(pids[i]);
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, 4 * 500 * 16);
	sh("test $(fold -w 16 $SHM/a | sort | uniq -c | grep -c '^ *500 ') = 4");
}

static void append_can_be_switched_on(void)
{
	int fd;

	put(SHM "/a", "one");
	fd = ok(open(MNT "/a", O_RDWR));
	ok(fcntl(fd, F_SETFL, O_APPEND));
	ok(write(fd, "two", 3));
	has_text(SHM "/a", "onetwo");
}

static void sizes_change_by_path_and_descriptor(void)
{
	int fd, reader;

	put(SHM "/a", "0123456789");
	fd = ok(open(MNT "/a", O_RDWR));
	reader = ok(open(MNT "/a", O_RDONLY));
	ok(truncate(MNT "/a", 4));
	has_text(SHM "/a", "0123");
	ok(ftruncate(fd, 2));
	has_text(SHM "/a", "01");
	ok(ftruncate(fd, 100000));
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, 100000);
	g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, 100000);
	has_text(MNT "/a", "01"); /* as text it ends at the first zero */
	fails(EINVAL, ftruncate(reader, 0));
	fails(EINVAL, ftruncate(fd, -1));
	fails(EINVAL, truncate(MNT "/a", -1));
}

static bool truncation_sets_the_time(const char *path, off_t size)
{
	const struct timespec past[] = { { 1, 0 }, { 2, 0 } };

	ok(utimensat(AT_FDCWD, path, past, 0));
	ok(truncate(path, size));
	g_assert_cmpint(stat_of(path).st_size, ==, size);
	return stat_of(path).st_mtim.tv_sec != 2;
}

/* To the size that there is, tmpfs sets none unless there is memory, which may lie
 * beyond the end. */
static void truncation_sets_times_as_natively(void)
{
	const char *paths[] = { SHM "/native", MNT "/mounted" };

	for (int allocated = 0; allocated < 2; allocated++) {
		bool set[2][3];

		for (int i = 0; i < 2; i++) {
			int fd = ok(open(paths[i], O_RDWR | O_CREAT | O_TRUNC, 0600));

			for (int size = 0; size < 3; size++) {
				ok(ftruncate(fd, 1));
				if (allocated)
					ok(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4096, 4096));
				set[i][size] = truncation_sets_the_time(paths[i], size);
				if (size <= 1)
					g_assert_cmpint(fstat_of(fd).st_blocks, ==, 0);
			}
		}
		g_assert_cmpmem(set[0], sizeof(set[0]), set[1], sizeof(set[1]));
	}
}

static void capabilities_go_with_any_truncation(void)
{
	static const guint32 capability[] = { GUINT32_TO_LE(0x02000000), 0, 0, 0, 0 };

	put_new(SHM "/a", 0666, 1000, 1000);
	for (const char **text = (const char *[]){ "", "text", NULL }; *text; text++) {
		put(SHM "/a", *text);
		ok(setxattr(SHM "/a", "security.capability", capability, sizeof(capability), 0));
		AS_USER (1000, 1000)
			ok(truncate(MNT "/a", (off_t)strlen(*text)));
		fails(ENODATA, getxattr(SHM "/a", "security.capability", NULL, 0));
	}
}

static void descriptors_do_only_what_they_were_opened_for(void)
{
	char c;

	put(SHM "/a", "text");
	fails(EBADF, write(ok(open(MNT "/a", O_RDONLY)), "x", 1));
	fails(EBADF, read(ok(open(MNT "/a", O_WRONLY)), &c, 1));
	fails(EBADF, read(ok(open(MNT "/a", O_PATH)), &c, 1));
	g_assert_cmpint(fstat_of(ok(open(MNT "/a", O_PATH))).st_size, ==, 4);
}

static void modes_owners_and_times_change(void)
{
	struct timespec times[] = { { 1, 2 }, { 3000000000, 999999999 } };
	struct timespec only_mtime[] = { { 0, UTIME_OMIT }, { 5, 5 } };
	struct timespec now[] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	int fd;

	put(SHM "/a", "text");
	fd = ok(open(MNT "/a", O_RDONLY));
	ok(chmod(MNT "/a", 0604));
	g_assert_cmpint(stat_of(SHM "/a").st_mode, ==, S_IFREG | 0604);
	ok(fchmod(fd, 07777));
	g_assert_cmpint(stat_of(SHM "/a").st_mode, ==, S_IFREG | 07777);
	ok(chown(MNT "/a", 1000, 2000));
	ok(fchown(fd, -1, 3000));
	g_assert_cmpint(stat_of(SHM "/a").st_uid, ==, 1000);
	g_assert_cmpint(stat_of(SHM "/a").st_gid, ==, 3000);
	ok(utimensat(AT_FDCWD, MNT "/a", times, 0));
	g_assert_cmpint(stat_of(SHM "/a").st_mtim.tv_sec, ==, 3000000000);
	g_assert_cmpint(stat_of(SHM "/a").st_mtim.tv_nsec, ==, 999999999);
	ok(futimens(fd, only_mtime));
	g_assert_cmpint(stat_of(SHM "/a").st_atim.tv_sec, ==, 1);
	g_assert_cmpint(stat_of(SHM "/a").st_mtim.tv_sec, ==, 5);
	ok(futimens(fd, now));
	g_assert_cmpint(stat_of(SHM "/a").st_mtim.tv_sec, >, 1000000000);
	same_stat(MNT "/a", SHM "/a");
	same_fstat(fd, SHM "/a");
}

/* An open object without a name answers all calls that take a descriptor. */
static void answers_without_a_name(int fd)
{
	char buf[8] = "";

	g_assert_cmpint(fstat_of(fd).st_nlink, ==, 0);
	g_assert_cmpint(ok(pread(fd, buf, sizeof buf, 0)), ==, 4);
	g_assert_cmpstr(buf, ==, "text");
	ok(pwrite(fd, "TE", 2, 0));
	ok(ftruncate(fd, 3));
	ok(fchmod(fd, 0640));
	ok(fchown(fd, 1000, 1000));
	ok(futimens(fd, NULL));
	ok(fsync(fd));
	ok(fallocate(fd, 0, 0, 5000));
	g_assert_cmpint(fstat_of(fd).st_size, ==, 5000);
	g_assert_cmpint(fstat_of(fd).st_mode, ==, S_IFREG | 0640);
	g_assert_cmpint(ok(pread(fd, buf, sizeof buf, 0)), ==, 8);
	g_assert_cmpstr(buf, ==, "TEx");
}

static void unlinked_object_keeps_its_content_while_open(void)
{
	for (int native = 0; native <= 1; native++) {
		int fd;

		put(SHM "/a", "text");
		fd = ok(open(MNT "/a", O_RDWR));
		ok(unlink(native ? SHM "/a" : MNT "/a"));
		has_names(SHM, "");
		has_names(MNT, "");
		fails(ENOENT, open(MNT "/a", O_RDWR));
		answers_without_a_name(fd);
	}
}

static void syncing_succeeds(void)
{
	int fd = ok(open(MNT "/a", O_RDWR | O_CREAT, 0600));

	ok(fsync(fd));
	ok(fdatasync(fd));
	ok(syncfs(fd));
	ok(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	ok(fsync(ok(open(MNT, O_RDONLY | O_DIRECTORY))));
}

static void private_mappings_read_and_keep_their_stores(void)
{
	char *map;
	int fd;

	put(SHM "/a", "text");
	fd = ok(open(MNT "/a", O_RDONLY));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	g_assert_true(map != MAP_FAILED);
	g_assert_cmpstr(map, ==, "text");
	strcpy(map, "mine");
	has_text(SHM "/a", "text");
	has_text(MNT "/a", "text");
	g_assert_cmpstr(map, ==, "mine");
}

static void shared_mappings_are_the_objects_or_refused(void)
{
	int fd;

	put(SHM "/a", "text");
	fd = ok(open(MNT "/a", O_RDWR));
	for (int prot = PROT_READ; prot <= (PROT_READ | PROT_WRITE); prot += PROT_WRITE) {
		char *map = mmap(NULL, 4096, prot, MAP_SHARED, fd, 0);

		if (on_passthrough()) {
			g_assert_true(map != MAP_FAILED);
			put(SHM "/a", "changed");
			g_assert_cmpstr(map, ==, "changed");
		} else {
			fails(ENODEV, map == MAP_FAILED ? -1 : 0);
		}
	}
}

static void a_read_only_descriptor_maps_no_shared_writing(void)
{
	int fd;

	put(SHM "/a", "text");
	fd = ok(open(MNT "/a", O_RDONLY));
	fails(EACCES, mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
}

static void direct_io_works_as_natively(void)
{
	g_autofree char *got = g_malloc0(8192);
	char *buf = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	fill_pattern(buf, 8192, 3);
	put(SHM "/a", "");
	fd = ok(open(MNT "/a", O_RDWR | O_DIRECT));
	g_assert_cmpint(ok(pwrite(fd, buf, 8192, 4096)), ==, 8192);
	g_assert_cmpint(ok(pread(ok(open(SHM "/a", O_RDONLY)), got, 8192, 4096)), ==, 8192);
	g_assert_cmpmem(got, 8192, buf, 8192);
	memset(buf, 0, 8192);
	g_assert_cmpint(ok(pread(fd, buf, 8192, 4096)), ==, 8192);
	g_assert_cmpmem(got, 8192, buf, 8192);
}

static void splice_and_sendfile_move_content(void)
{
	int from, to, ends[2];
	off_t off = 0;

	put(SHM "/from", "content");
	from = ok(open(MNT "/from", O_RDONLY));
	to = ok(open(MNT "/to", O_RDWR | O_CREAT, 0600));
	ok(pipe(ends));
	g_assert_cmpint(ok(splice(from, &off, ends[1], NULL, 7, 0)), ==, 7);
	g_assert_cmpint(ok(splice(ends[0], NULL, to, NULL, 7, 0)), ==, 7);
	has_text(SHM "/to", "content");
	off = 3;
	g_assert_cmpint(ok(sendfile(to, from, &off, 100)), ==, 4);
	has_text(SHM "/to", "contenttent");
}

static void copy_file_range_copies(void)
{
	g_autofree char *written = g_malloc(LARGE), *got = g_malloc(LARGE);
	int from = ok(open(MNT "/from", O_RDWR | O_CREAT, 0600));
	int to = ok(open(MNT "/to", O_RDWR | O_CREAT, 0600));
	off_t in = 5, out = 0;

	fill_pattern(written, LARGE, 4);
	move_in_pieces(from, written, false);
	while (out < LARGE - 5)
		g_assert_cmpint(ok(copy_file_range(from, &in, to, &out, LARGE, 0)), >, 0);
	g_assert_cmpint(ok(copy_file_range(from, &in, to, &out, LARGE, 0)), ==, 0);
	g_assert_cmpint(ok(pread(to, got, LARGE, 0)), ==, LARGE - 5);
	g_assert_cmpmem(written + 5, LARGE - 5, got, LARGE - 5);
	fails(EINVAL, copy_file_range(from, &(off_t){ 0 }, from, &(off_t){ 10 }, 100, 0));
}

static void an_object_can_be_executed(void)
{
	sh("cp /bin/echo $MNT/echo; chmod 755 $MNT/echo; test \"$($MNT/echo hello)\" = hello");
	ok(chmod(SHM "/echo", 0644));
	fails(EACCES, execl(MNT "/echo", "echo", (char *)NULL));
}

static void noexec_forbids_execution(void)
{
	sh("cp /bin/echo $MNT/echo; chmod 755 $MNT/echo");
	fails(EACCES, execl(MNT "/echo", "echo", (char *)NULL));
}

/* What a process meets that writes over its limit on file size. */
static int status_over_the_limit(const char *path, bool ignore)
{
	pid_t pid = ok(fork());
	int status;

	if (pid == 0) {
		int fd = ok(open(path, O_RDWR | O_CREAT, 0600));
		char buf[100] = "";

		signal(SIGXFSZ, ignore ? SIG_IGN : SIG_DFL);
		ok(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1000, 1000 }));
		g_assert_cmpint(ok(pwrite(fd, buf, 100, 950)), ==, 50);
		if (ignore) {
			fails(EFBIG, pwrite(fd, buf, 100, 1000));
			fails(EFBIG, ftruncate(fd, 1001));
			fails(EFBIG, truncate(path, 1001));
			fails(EFBIG, fallocate(fd, 0, 0, 1001));
			ok(ftruncate(fd, 1000));
			_exit(0);
		}
		_exit(error_of(pwrite(fd, buf, 100, 1000)));
	}
	ok(waitpid(pid, &status, 0));
	return status;
}

static void the_limit_on_file_size_holds_as_natively(void)
{
	for (int ignore = 0; ignore <= 1; ignore++)
		g_assert_cmpint(status_over_the_limit(MNT "/a", ignore), ==,
				status_over_the_limit(PLAIN "/a", ignore));
	g_assert_cmpint(stat_of(SHM "/a").st_size, ==, 1000);
}

static const struct mount_test tests[] = {
	{ TEST(content_is_the_same_on_both_sides) },
	{ TEST(vectors_are_read_and_written) },
	{ TEST(open_for_neither_reading_nor_writing) },
	{ TEST(reading_ends_at_the_end) },
	{ TEST(appends_land_at_the_true_end) },
	{ TEST(appends_of_several_processes_lose_nothing) },
	{ TEST(append_can_be_switched_on) },
	{ TEST(sizes_change_by_path_and_descriptor) },
	{ TEST(truncation_sets_times_as_natively) },
	{ TEST(capabilities_go_with_any_truncation) },
	{ TEST(descriptors_do_only_what_they_were_opened_for) },
	{ TEST(modes_owners_and_times_change) },
	{ TEST(unlinked_object_keeps_its_content_while_open) },
	{ TEST(syncing_succeeds) },
	{ TEST(private_mappings_read_and_keep_their_stores) },
	{ TEST(shared_mappings_are_the_objects_or_refused) },
	{ TEST(a_read_only_descriptor_maps_no_shared_writing) },
	{ TEST(direct_io_works_as_natively) },
	{ TEST(splice_and_sendfile_move_content) },
	{ TEST(copy_file_range_copies) },
	{ TEST(an_object_can_be_executed) },
	{ TEST(noexec_forbids_execution), .options = "noexec" },
	{ TEST(the_limit_on_file_size_holds_as_natively) },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "file", tests, G_N_ELEMENTS(tests));
}
