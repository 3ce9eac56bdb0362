/* SPDX-License-Identifier: MIT */
/*
 * Option supervise, while the serving process is killed again and again: no call
 * may fail, or do what it does twice or not at all.
 */

#include "server.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { DEATHS = 100, EVERY_MS = 200 };

/* The environment may make it fewer, or more. */
static unsigned deaths(void)
{
	return (unsigned)number_from("SHMFUSE_DEATHS", DEATHS);
}

/* Seen by all processes of the test. */
static _Atomic bool *over;

static bool goes_on(void)
{
	return !atomic_load(over);
}

static char *in(const char *dir, const char *name)
{
	return g_strdup_printf("%s/%s", dir, name);
}

/* ---- names: each call has one result that is right ---- */

static void make_and_remove_files(const char *dir)
{
	g_autofree char *a = in(dir, "a"), *b = in(dir, "b"), *c = in(dir, "c");
	int fd = (int)ok(open(a, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0400));

	ok(write(fd, "content", 7));
	ok(link(a, b));
	fails(EEXIST, link(a, b));
	ok(rename(a, c));
	fails(ENOENT, unlink(a));
	g_assert_cmpint(fstat_of(fd).st_nlink, ==, 2);
	ok(renameat2(AT_FDCWD, c, AT_FDCWD, a, RENAME_NOREPLACE));
	has_names(dir, "a b ");
	ok(unlink(b));
	has_text(a, "content");
	ok(unlink(a));
	fails(ENOENT, open(a, O_RDONLY));
	g_assert_cmpint(fstat_of(fd).st_nlink, ==, 0);
	close(fd);
}

static void exchange_files(const char *dir)
{
	g_autofree char *a = in(dir, "a"), *b = in(dir, "b");

	put(a, "of a");
	put(b, "of b");
	ok(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE));
	has_text(a, "of b");
	has_text(b, "of a");
	ok(rename(a, b));
	has_text(b, "of b");
	ok(unlink(b));
}

static void make_and_remove_directories(const char *dir)
{
	g_autofree char *d = in(dir, "d"), *e = in(dir, "e"), *f = in(dir, "d/f"),
			*moved = in(dir, "e/f");

	ok(mkdir(d, 0700));
	put(f, "inside");
	fails(ENOTEMPTY, rmdir(d));
	ok(rename(d, e));
	has_text(moved, "inside");
	ok(mkdir(d, 0700));
	ok(rename(e, d));
	ok(unlink(f));
	ok(rmdir(d));
	fails(ENOENT, rmdir(d));
}

static void set_and_remove_attributes(const char *dir)
{
	g_autofree char *a = in(dir, "a");

	put(a, "");
	ok(setxattr(a, "user.x", "1", 1, XATTR_CREATE));
	ok(setxattr(a, "user.x", "2", 1, XATTR_REPLACE));
	fails(EEXIST, setxattr(a, "user.x", "3", 1, XATTR_CREATE));
	ok(removexattr(a, "user.x"));
	fails(ENODATA, removexattr(a, "user.x"));
	ok(chmod(a, 0600));
	g_assert_cmpint(stat_of(a).st_mode & 07777, ==, 0600);
	ok(unlink(a));
}

static void storm_names(const char *dir)
{
	ok(mkdir(dir, 0755));
	while (goes_on()) {
		make_and_remove_files(dir);
		exchange_files(dir);
		make_and_remove_directories(dir);
		set_and_remove_attributes(dir);
		has_names(dir, "");
	}
}

/* ---- content: as a model in memory ---- */

enum { SIZE = 256 * 1024 };

struct model {
	int fd;
	size_t size;
	char bytes[SIZE], read[SIZE];
};

static void write_at_random(struct model *model, GRand *rand)
{
	const size_t off = (size_t)g_rand_int_range(rand, 0, SIZE - 1);
	const size_t len = (size_t)g_rand_int_range(rand, 1, (gint32)(SIZE - off) + 1);

	if (off > model->size)
		memset(model->bytes + model->size, 0, off - model->size);
	fill_pattern(model->bytes + off, len, g_rand_int(rand));
	g_assert_cmpint(ok(pwrite(model->fd, model->bytes + off, len, (off_t)off)), ==, len);
	model->size = MAX(model->size, off + len);
}

static void truncate_at_random(struct model *model, GRand *rand)
{
	const size_t size = (size_t)g_rand_int_range(rand, 0, SIZE);

	if (size > model->size)
		memset(model->bytes + model->size, 0, size - model->size);
	ok(ftruncate(model->fd, (off_t)size));
	model->size = size;
}

static void append_at_random(struct model *model, GRand *rand, const char *path)
{
	const size_t wanted = (size_t)g_rand_int_range(rand, 1, 5000);
	const size_t len = MIN(wanted, SIZE - model->size);
	int fd = (int)ok(open(path, O_WRONLY | O_APPEND | O_CLOEXEC));

	fill_pattern(model->bytes + model->size, len, g_rand_int(rand));
	g_assert_cmpint(ok(write(fd, model->bytes + model->size, len)), ==, len);
	model->size += len;
	close(fd);
}

static void punch_at_random(struct model *model, GRand *rand)
{
	const size_t off = (size_t)g_rand_int_range(rand, 0, SIZE - 1);
	const size_t len = (size_t)g_rand_int_range(rand, 1, (gint32)(SIZE - off) + 1);

	ok(fallocate(model->fd, 3 /* KEEP_SIZE, PUNCH_HOLE */, (off_t)off, (off_t)len));
	if (off < model->size)
		memset(model->bytes + off, 0, MIN(len, model->size - off));
}

static void compare(struct model *model)
{
	g_assert_cmpint(fstat_of(model->fd).st_size, ==, model->size);
	g_assert_cmpint(ok(pread(model->fd, model->read, SIZE, 0)), ==, model->size);
	g_assert_true(memcmp(model->read, model->bytes, model->size) == 0);
}

static void storm_content(const char *path, guint32 seed)
{
	static struct model model;
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);

	model.fd = (int)ok(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644));
	while (goes_on()) {
		switch (g_rand_int_range(rand, 0, 5)) {
		case 0:
			write_at_random(&model, rand);
			break;
		case 1:
			truncate_at_random(&model, rand);
			break;
		case 2:
			append_at_random(&model, rand, path);
			break;
		case 3:
			punch_at_random(&model, rand);
			break;
		default:
			close(model.fd);
			model.fd = (int)ok(open(path, O_RDWR | O_CLOEXEC));
		}
		compare(&model);
	}
}

/* ---- listings and locks ---- */

enum { LISTED = 3000 };

/* What is there all the time is told once. */
static void storm_listings(const char *dir)
{
	ok(mkdir(dir, 0755));
	for (unsigned i = 0; i < LISTED; i++) {
		g_autofree char *path = g_strdup_printf("%s/%u", dir, i);

		put(path, "");
	}
	while (goes_on()) {
		g_autofree char *told = names_in(dir);
		g_auto(GStrv) names = g_strsplit(told, " ", -1);

		g_assert_cmpuint(g_strv_length(names) - 1, ==, LISTED);
		for (unsigned i = 1; i < LISTED; i++)
			g_assert_cmpstr(names[i], !=, names[i - 1]);
	}
}

/* One holds the lock at a time: a counter that each reads, waits and writes. */
static void storm_locks(const char *path, _Atomic unsigned *rounds)
{
	int fd = (int)ok(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644));

	while (goes_on()) {
		struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		unsigned count = 0;

		ok(fcntl(fd, F_OFD_SETLKW, &range));
		ok(pread(fd, &count, sizeof(count), 0));
		count++;
		ok(pwrite(fd, &count, sizeof(count), 0));
		atomic_fetch_add(rounds, 1);
		range.l_type = F_UNLCK;
		ok(fcntl(fd, F_OFD_SETLK, &range));
	}
}

static void expect_rounds(const char *path, unsigned rounds)
{
	int fd = (int)ok(open(path, O_RDONLY | O_CLOEXEC));
	unsigned count = 0;

	ok(pread(fd, &count, sizeof(count), 0));
	g_assert_cmpuint(count, ==, rounds);
	close(fd);
}

/* ---- writes that come to the server on passthrough too ---- */

enum { LARGE = 1024 * 1024 };

static void write_large(const char *path)
{
	int fd = (int)ok(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 04755));
	g_autofree char *bytes = g_malloc(LARGE), *read = g_malloc(LARGE);

	close(fd);
	fd = (int)ok(open(path, O_RDWR | O_CLOEXEC));
	for (unsigned seed = 0; goes_on(); seed++) {
		fill_pattern(bytes, LARGE, seed);
		g_assert_cmpint(ok(pwrite(fd, bytes, LARGE, 0)), ==, LARGE);
		g_assert_cmpint(ok(pread(fd, read, LARGE, 0)), ==, LARGE);
		g_assert_true(memcmp(read, bytes, LARGE) == 0);
	}
	close(fd);
}

/* ---- */

static void *shared_page(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	g_assert_true(page != MAP_FAILED);
	return page;
}

static void no_call_fails_or_is_done_twice(void)
{
	_Atomic unsigned *rounds = shared_page();
	pid_t children[9], killer;
	size_t count = 0;

	over = shared_page();
	CHILD (children[count++])
		storm_names(MNT "/one");
	CHILD (children[count++])
		storm_names(MNT "/two");
	CHILD (children[count++])
		storm_content(MNT "/content-1", 1);
	CHILD (children[count++])
		storm_content(MNT "/content-2", 2);
	CHILD (children[count++])
		storm_listings(MNT "/listed");
	for (unsigned i = 0; i < 3; i++)
		CHILD (children[count++])
			storm_locks(MNT "/locked", rounds);
	killer = servers_die(daemon_of_test(), EVERY_MS, deaths());
	ends_well(killer);
	atomic_store(over, true);
	for (size_t i = 0; i < count; i++)
		ends_well(children[i]);
	expect_rounds(SHM "/locked", atomic_load(rounds));
}

/* In the first moments of a server, whose memory is new then. */
static void large_writes_are_done_although_servers_begin_and_die(void)
{
	pid_t writers[4];

	over = shared_page();
	for (unsigned i = 0; i < G_N_ELEMENTS(writers); i++) {
		g_autofree char *path = g_strdup_printf(MNT "/%u", i);

		CHILD (writers[i])
			write_large(path);
	}
	for (unsigned i = 0; i < deaths() / 2; i++)
		ends_well(servers_die(daemon_of_test(), 1 + i % 8, 1));
	atomic_store(over, true);
	for (unsigned i = 0; i < G_N_ELEMENTS(writers); i++)
		ends_well(writers[i]);
}

static void fio_verifies_what_it_wrote(void)
{
	pid_t killer = servers_die(daemon_of_test(), EVERY_MS, deaths());
	siginfo_t ended = { 0 };

	while (waitid(P_PID, (id_t)killer, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       ended.si_pid == 0)
		sh("fio --name=v --directory=\"$MNT\" --rw=randrw --bsrange=512-128k --size=4m "
		   "--numjobs=2 --verify=crc32c --do_verify=1 --verify_fatal=1 --output=/run/fio "
		   "--fallocate=posix --overwrite=0 --unlink=1 --ioengine=psync || "
		   "{ cat /run/fio; exit 1; }");
	ends_well(killer);
}

#define SUPERVISED .options = "supervise", .says = "*another one takes over*"

static const struct mount_test tests[] = {
	{ TEST(no_call_fails_or_is_done_twice), SUPERVISED },
	{ TEST(large_writes_are_done_although_servers_begin_and_die), SUPERVISED },
	{ TEST(fio_verifies_what_it_wrote), SUPERVISED, .needs = "fio" },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "supervise-storm", tests, G_N_ELEMENTS(tests));
}
