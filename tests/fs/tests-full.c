/* SPDX-License-Identifier: MIT */
/* A full shm file system, beside a tmpfs that is as full. */
#include "calls.h"
#include "mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define TWIN	 "/run/twin"
#define OPTIONS	 "size=2m,nr_inodes=12"
#define PAGE	 4096
#define DATA	 (16 * PAGE) /* of "a"; a hole follows */
#define HOLE_END (512 * PAGE)
#define SOURCE	 (64 * PAGE) /* of "source" */

/* The current directory is the mount, or the twin. */
static char bytes[SOURCE];

static int open_a(int oflag)
{
	return (int)ok(open("a", oflag));
}

/* ---- what takes memory ---- */

static long writes_into_a_hole(void)
{
	const int fd = open_a(O_WRONLY);

	return done(fd, pwrite(fd, bytes, sizeof(bytes), DATA));
}

static long writes_a_byte(void)
{
	const int fd = open_a(O_WRONLY);

	return done(fd, pwrite(fd, bytes, 1, DATA + 100));
}

static long writes_across_the_edge(void)
{
	const int fd = open_a(O_RDWR);

	ok(lseek(fd, DATA - 100, SEEK_SET));
	return done(fd, write(fd, bytes, sizeof(bytes)));
}

static long writes_over_what_is_there(void)
{
	const int fd = open_a(O_WRONLY);

	return done(fd, write(fd, bytes, DATA));
}

static long writes_vectors(void)
{
	const struct iovec iov[] = { { bytes, 100 }, { bytes, PAGE }, { bytes, 6 * PAGE } };
	const int fd = open_a(O_WRONLY);

	return done(fd, pwritev(fd, iov, 3, DATA));
}

static long writes_more_than_a_request_holds(void)
{
	g_autofree char *many = g_malloc0(HOLE_END);
	const int fd = open_a(O_WRONLY);

	return done(fd, pwrite(fd, many, HOLE_END, 0));
}

static long appends(void)
{
	const int fd = open_a(O_WRONLY | O_APPEND);

	return done(fd, write(fd, bytes, sizeof(bytes)));
}

static long truncates_and_writes(void)
{
	const int fd = open_a(O_WRONLY | O_TRUNC);

	return done(fd, write(fd, bytes, DATA + 8 * PAGE));
}

static long grows_and_writes_at_the_end(void)
{
	const int fd = open_a(O_WRONLY);

	ok(ftruncate(fd, 4 * HOLE_END));
	return done(fd, pwrite(fd, bytes, PAGE, 4 * HOLE_END - PAGE));
}

static long allocates(void)
{
	const int fd = open_a(O_WRONLY);

	return done(fd, fallocate(fd, 0, DATA, 8 * PAGE));
}

static long allocates_behind_the_end(void)
{
	const int fd = open_a(O_WRONLY);

	return done(fd, fallocate(fd, FALLOC_FL_KEEP_SIZE, HOLE_END, 8 * PAGE));
}

static long punches_a_hole(void)
{
	const int fd = open_a(O_WRONLY);

	return done(fd, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 4 * PAGE));
}

static long copies_a_range(void)
{
	const int fd = open_a(O_WRONLY), in = (int)ok(open("source", O_RDONLY));
	off_t from = 0, to = DATA;

	return done(in, done(fd, copy_file_range(in, &from, fd, &to, 8 * PAGE, 0)));
}

static long sends_a_file(void)
{
	const int fd = open_a(O_WRONLY), in = (int)ok(open("source", O_RDONLY));

	ok(lseek(fd, DATA, SEEK_SET));
	return done(in, done(fd, sendfile(fd, in, NULL, 8 * PAGE)));
}

static long splices(void)
{
	const int fd = open_a(O_WRONLY);
	off_t to = DATA;
	int ends[2];

	ok(pipe(ends));
	ok(write(ends[1], bytes, 8 * PAGE));
	close(ends[1]);
	return done(ends[0], done(fd, splice(ends[0], NULL, fd, &to, 8 * PAGE, 0)));
}

static long reads_a_hole(void)
{
	static char got[8 * PAGE];
	const int fd = open_a(O_RDONLY);
	const long count = pread(fd, got, sizeof(got), DATA);

	for (long i = 0; i < count; i++)
		g_assert_cmpint(got[i], ==, 0);
	return done(fd, count);
}

static long writes_to_an_unnamed_object(void)
{
	const int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	return fd == -1 ? -1 : done(fd, write(fd, bytes, sizeof(bytes)));
}

static long writes_to_an_unlinked_object(void)
{
	const int fd = (int)ok(open("source", O_RDWR));

	ok(unlink("source"));
	return done(fd, pwrite(fd, bytes, 8 * PAGE, SOURCE));
}

static long writes_a_new_file(void)
{
	const int fd = open("new", O_WRONLY | O_CREAT, 0600);

	return fd == -1 ? -1 : done(fd, write(fd, bytes, 8 * PAGE));
}

/* The signal that ends who stores to a hole. */
static long stores_to_a_mapping(void)
{
	const pid_t pid = (pid_t)ok(fork());
	int status;

	if (pid == 0) {
		char *map = mmap(NULL, HOLE_END, PROT_WRITE, MAP_SHARED, open_a(O_RDWR), 0);

		if (map == MAP_FAILED)
			_exit(1);
		for (int i = 0; i < 8; i++)
			map[DATA + i * PAGE] = 'x';
		_exit(0);
	}
	ok(waitpid(pid, &status, 0));
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- what takes an inode ---- */

static long creates(void)
{
	const int fd = open("new", O_WRONLY | O_CREAT | O_EXCL, 0600);

	return fd == -1 ? -1 : done(fd, 0);
}

static long opens_what_is_there(void)
{
	return done(open_a(O_RDWR | O_CREAT), 0);
}

static long makes_a_node(void)
{
	return mknod("new", S_IFREG | 0600, 0);
}

static long makes_a_directory(void)
{
	return mkdir("new", 0700);
}

static long links(void)
{
	return link("a", "new");
}

static long makes_an_unnamed_object(void)
{
	const int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	return fd == -1 ? -1 : done(fd, 0);
}

static long renames(void)
{
	return rename("a", "new");
}

static long renames_over_another(void)
{
	return rename("source", "a");
}

static long exchanges(void)
{
	return renameat2(AT_FDCWD, "source", AT_FDCWD, "a", RENAME_EXCHANGE);
}

static long sets_a_small_attribute(void)
{
	return setxattr("a", "trusted.small", "x", 1, 0);
}

static long sets_a_large_attribute(void)
{
	return setxattr("a", "trusted.large", bytes, 60000, 0);
}

static long unlinks(void)
{
	return unlink("source");
}

/* ---- both sides ---- */

static const struct call takes_memory[] = {
	CALL(writes_into_a_hole),
	CALL(writes_a_byte),
	CALL(writes_across_the_edge),
	CALL(writes_over_what_is_there),
	CALL(writes_vectors),
	CALL(writes_more_than_a_request_holds),
	CALL(appends),
	CALL(truncates_and_writes),
	CALL(grows_and_writes_at_the_end),
	CALL(allocates),
	CALL(allocates_behind_the_end),
	CALL(punches_a_hole),
	CALL(copies_a_range),
	CALL(sends_a_file),
	CALL(splices),
	CALL(reads_a_hole),
	CALL(writes_to_an_unnamed_object),
	CALL(writes_to_an_unlinked_object),
	CALL(writes_a_new_file),
	{ .name = "stores_to_a_mapping", .run = stores_to_a_mapping, .maps = true },
};

static const struct call takes_inodes[] = {
	CALL(creates),
	CALL(opens_what_is_there),
	CALL(makes_a_node),
	CALL(makes_a_directory),
	CALL(links),
	CALL(makes_an_unnamed_object),
	CALL(renames),
	CALL(renames_over_another),
	CALL(exchanges),
	CALL(sets_a_small_attribute),
	CALL(sets_a_large_attribute),
	CALL(unlinks),
};

static void fill_memory(const char *place, int free_pages)
{
	g_autofree char *full = g_strdup_printf("%s/full", place);
	const int fd = (int)ok(open(full, O_WRONLY | O_CREAT, 0600));

	for (size_t len = sizeof(bytes); len >= PAGE; len /= 2)
		while (write(fd, bytes, len) > 0)
			;
	g_assert_cmpint(errno, ==, ENOSPC);
	ok(ftruncate(fd, fstat_of(fd).st_size - free_pages * PAGE));
	ok(close(fd));
}

static void fill_inodes(const char *place, int free_inodes)
{
	int made = 0;

	ok(chdir(place));
	for (char name[] = "i0"; mknod(name, S_IFREG | 0600, 0) == 0; name[1]++)
		made++;
	g_assert_cmpint(errno, ==, ENOSPC);
	while (free_inodes-- > 0) {
		char name[] = { 'i', (char)('0' + --made), '\0' };

		ok(unlink(name));
	}
	ok(chdir("/"));
}

/* What the daemon has open still takes memory without a name. */
static bool is_all_free(void)
{
	struct statvfs status;

	ok(statvfs(".", &status));
	return status.f_bfree == status.f_blocks && status.f_ffree == status.f_files - 1;
}

static void empty(void)
{
	g_auto(GStrv) list = list_of(".");

	for (char **name = list; *name; name++)
		ok(remove(*name));
	wait_until (is_all_free())
		;
}

/* Content, a hole behind it, a file to copy from; the rest is full but for some. */
static void prepare(const char *place, void (*fill)(const char *place, int free), int free)
{
	int fd;

	ok(chdir(place));
	empty();
	fd = (int)ok(open("a", O_WRONLY | O_CREAT, 0600));
	ok(write(fd, bytes, DATA));
	ok(ftruncate(fd, HOLE_END));
	ok(close(fd));
	fd = (int)ok(open("source", O_WRONLY | O_CREAT, 0600));
	ok(write(fd, bytes, sizeof(bytes)));
	ok(close(fd));
	ok(chdir("/"));
	fill(place, free);
}

static long run_in(const char *place, const struct call *call, int *error)
{
	long result;

	ok(chdir(place));
	result = call->run();
	*error = error_of(result);
	ok(chdir("/"));
	return result;
}

static bool are_as_full(void)
{
	struct statvfs a, b;

	ok(statvfs(SHM, &a));
	ok(statvfs(TWIN, &b));
	return a.f_bfree == b.f_bfree && a.f_ffree == b.f_ffree;
}

/* Of a directory of the mount, the marker. */
static char *name_in_twin(const char *name)
{
	char *twin = g_strdup_printf(TWIN "/%s", name);

	if (g_str_has_suffix(twin, "%"))
		twin[strlen(twin) - 1] = '\0';
	return twin;
}

static void same_content(void)
{
	g_auto(GStrv) list = list_of(SHM);

	for (char **name = list; *name; name++) {
		g_autofree char *path = g_strdup_printf(SHM "/%s", *name);
		g_autofree char *twin = name_in_twin(*name);
		g_autofree char *content = NULL, *native = NULL;
		gsize len, native_len;

		if (g_file_test(twin, G_FILE_TEST_IS_DIR))
			continue;
		g_assert_cmpint(stat_of(path).st_blocks, ==, stat_of(twin).st_blocks);
		g_assert_true(g_file_get_contents(path, &content, &len, NULL));
		g_assert_true(g_file_get_contents(twin, &native, &native_len, NULL));
		g_assert_cmpmem(content, len, native, native_len);
	}
	g_assert_cmpint(g_strv_length(list), ==, count_names(TWIN));
}

static void compare(const struct call *call, void (*fill)(const char *place, int free), int free)
{
	int error, native_error;
	long result, native;

	g_test_message("%s, %d free", call->name, free);
	prepare(SHM, fill, free);
	prepare(TWIN, fill, free);
	native = run_in(TWIN, call, &native_error);
	result = run_in(MNT, call, &error);
	g_assert_cmpint(error, ==, native_error);
	g_assert_cmpint(result, ==, native);
	same_content();
	wait_until (are_as_full())
		;
}

static void compare_all(const struct call *calls, size_t count,
			void (*fill)(const char *place, int free), const int *frees, size_t n_frees)
{
	fill_pattern(bytes, sizeof(bytes), 1);
	ok(mkdir(TWIN, 0755));
	ok(mount("tmpfs", TWIN, "tmpfs", MS_NOSUID | MS_NODEV, OPTIONS));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < n_frees; j++)
			if (!calls[i].maps || on_passthrough())
				compare(&calls[i], fill, frees[j]);
	/* What is given back can be used at once. */
	ok(unlink(exists(MNT "/full") ? MNT "/full" : MNT "/i0"));
	put(MNT "/more", "text");
	ok(umount(TWIN));
}

static void calls_that_take_memory_end_as_natively(void)
{
	static const int free_pages[] = { 0, 1, 5 };

	compare_all(takes_memory, G_N_ELEMENTS(takes_memory), fill_memory, free_pages,
		    G_N_ELEMENTS(free_pages));
}

static void calls_that_take_inodes_end_as_natively(void)
{
	static const int free_inodes[] = { 0, 1 };

	compare_all(takes_inodes, G_N_ELEMENTS(takes_inodes), fill_inodes, free_inodes,
		    G_N_ELEMENTS(free_inodes));
}

static const struct mount_test tests[] = {
	{ TEST(calls_that_take_memory_end_as_natively), .shm_options = OPTIONS },
	{ TEST(calls_that_take_inodes_end_as_natively), .shm_options = OPTIONS },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "full", tests, G_N_ELEMENTS(tests));
}
