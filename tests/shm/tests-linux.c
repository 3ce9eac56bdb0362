/* SPDX-License-Identifier: MIT */
/* linux.c, on a directory of the test's own in the shm file system. */
#include <shm/platform.h>
#include <shm/statx.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "helpers.h"

struct fixture {
	char *path;
	int space;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	f->path = g_strdup("/dev/shm/pshm-test-XXXXXX");
	g_assert_nonnull(g_mkdtemp(f->path));
	f->space = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(f->space, >=, 0);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_autoptr(GDir) dir = g_dir_open(f->path, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir)))
		if (unlinkat(f->space, name, 0) == -1)
			unlinkat(f->space, name, AT_REMOVEDIR);
	close(f->space);
	g_assert_cmpint(rmdir(f->path), ==, 0);
	g_free(f->path);
}

static int create(struct fixture *f, const char *name)
{
	int fd = pshm_space_create(f->space, name, O_RDWR, 0600);

	g_assert_cmpint(fd, >=, 0);
	return fd;
}

/* One of everything that is no object. */
static const char *const no_objects[] = { "directory", "fifo", "link", "dangling", "socket" };

static void make_no_objects(struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_FD sock = socket(AF_UNIX, SOCK_STREAM, 0);

	g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", f->path);
	assert_ok(bind(sock, (struct sockaddr *)&address, sizeof(address)));
	assert_ok(mkdirat(f->space, "directory", 0700));
	assert_ok(mkfifoat(f->space, "fifo", 0600));
	close(create(f, "target"));
	assert_ok(symlinkat("target", f->space, "link"));
	assert_ok(symlinkat("missing", f->space, "dangling"));
}

/* ---- status ---- */

static void test_stat_is_what_fstat_tells(struct fixture *f, gconstpointer data)
{
	AUTO_FD fd = create(f, "object");
	struct pshm_info info;

	g_assert_cmpint(write(fd, "text", 4), ==, 4);
	assert_ok(pshm_space_stat(f->space, "object", &info));

	struct stat st = status_of(fd);

	g_assert_cmpuint(info.st.st_dev, ==, st.st_dev);
	g_assert_cmpuint(info.st.st_ino, ==, st.st_ino);
	g_assert_cmpuint(info.st.st_mode, ==, st.st_mode);
	g_assert_cmpuint(info.st.st_nlink, ==, st.st_nlink);
	g_assert_cmpuint(info.st.st_uid, ==, st.st_uid);
	g_assert_cmpuint(info.st.st_gid, ==, st.st_gid);
	g_assert_cmpuint(info.st.st_rdev, ==, st.st_rdev);
	g_assert_cmpint(info.st.st_size, ==, st.st_size);
	g_assert_cmpint(info.st.st_blksize, ==, st.st_blksize);
	g_assert_cmpint(info.st.st_blocks, ==, st.st_blocks);
	g_assert_cmpmem(&info.st.st_atim, sizeof(st.st_atim), &st.st_atim, sizeof(st.st_atim));
	g_assert_cmpmem(&info.st.st_mtim, sizeof(st.st_mtim), &st.st_mtim, sizeof(st.st_mtim));
	g_assert_cmpmem(&info.st.st_ctim, sizeof(st.st_ctim), &st.st_ctim, sizeof(st.st_ctim));
}

static void test_birth_is_told_where_it_is_kept(struct fixture *f, gconstpointer data)
{
	AUTO_FD fd = create(f, "object");
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	struct pshm_info info;
	struct statx stx;

	assert_ok(pshm_futimens(fd, times));
	assert_ok(pshm_space_stat(f->space, "object", &info));
	assert_ok(statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &stx));
	if (!(stx.stx_mask & STATX_BTIME)) {
		g_assert_cmpint(info.birth.tv_sec, ==, 0);
		g_test_skip("the shm file system keeps no birth times (Linux < 6.5)");
		return;
	}
	g_assert_cmpint(info.birth.tv_sec, ==, stx.stx_btime.tv_sec);
	g_assert_cmpint(info.birth.tv_nsec, ==, stx.stx_btime.tv_nsec);
	g_assert_cmpint(info.birth.tv_sec, >, 1);
}

static void test_stat_of_what_is_no_object_is_enoent(struct fixture *f, gconstpointer data)
{
	struct pshm_info info;

	make_no_objects(f);
	for (size_t i = 0; i < G_N_ELEMENTS(no_objects); i++)
		assert_fails(pshm_space_stat(f->space, no_objects[i], &info), ENOENT);
	assert_fails(pshm_space_stat(f->space, "missing", &info), ENOENT);
	assert_fails(pshm_space_stat(f->space, "..", &info), ENOENT);
	assert_fails(pshm_space_stat(f->space, "", &info), ENOENT);
}

static void test_names_lead_nowhere_else(struct fixture *f, gconstpointer data)
{
	AUTO_FD fd = create(f, "object");
	struct pshm_info info;

	assert_ok(mkdirat(f->space, "directory", 0700));
	assert_fails(pshm_space_stat(f->space, "directory/../object", &info), ENOENT);
	assert_fails(pshm_space_stat(f->space, "/etc/passwd", &info), ENOENT);
	assert_fails(pshm_space_open_object(f->space, "/etc/passwd", O_RDONLY), ENOENT);
	assert_fails(pshm_space_create(f->space, "directory/new", O_RDWR, 0600), EINVAL);
	assert_fails(pshm_space_link(f->space, fd, "directory/new"), EINVAL);
	assert_fails(pshm_space_rename(f->space, "object", "directory/new", 0), EINVAL);
	assert_fails(pshm_space_unlink(f->space, "directory/../object"), EINVAL);
}

/* ---- descriptors ---- */

static void test_open_gives_the_object(struct fixture *f, gconstpointer data)
{
	AUTO_FD fd = create(f, "object");
	AUTO_FD opened = pshm_space_open_object(f->space, "object", O_RDWR);

	g_assert_cmpint(write(opened, "text", 4), ==, 4);
	assert_holds(fd, "text");
}

/* No writer has the FIFO open: without O_NONBLOCK the test would hang here. */
static void test_open_of_what_is_no_object_is_enoent(struct fixture *f, gconstpointer data)
{
	static const int oflags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC, O_PATH };

	make_no_objects(f);
	for (size_t i = 0; i < G_N_ELEMENTS(no_objects) * G_N_ELEMENTS(oflags); i++)
		assert_fails(pshm_space_open_object(f->space,
						    no_objects[i / G_N_ELEMENTS(oflags)],
						    oflags[i % G_N_ELEMENTS(oflags)]),
			     ENOENT);
	assert_fails(pshm_space_open_object(f->space, "missing", O_RDONLY), ENOENT);
}

static void test_open_shows_the_callers_flags_alone(struct fixture *f, gconstpointer data)
{
	static const int oflags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_APPEND,
				      O_RDONLY | O_NONBLOCK };
	AUTO_FD fd = create(f, "object");

	for (size_t i = 0; i < G_N_ELEMENTS(oflags); i++) {
		AUTO_FD opened = pshm_space_open_object(f->space, "object", oflags[i]);
		int flags = fcntl(opened, F_GETFL);

		g_assert_cmpint(flags & (O_ACCMODE | O_APPEND | O_NONBLOCK), ==, oflags[i]);
		g_assert_true(fcntl(opened, F_GETFD) & FD_CLOEXEC);
	}
}

static void test_open_path_reads_nothing_and_can_be_statted(struct fixture *f, gconstpointer data)
{
	AUTO_FD fd = create(f, "object");
	AUTO_FD path = pshm_space_open_object(f->space, "object", O_PATH);
	char byte;

	g_assert_cmpuint(status_of(path).st_ino, ==, status_of(fd).st_ino);
	assert_fails(read(path, &byte, 1), EBADF);
}

static void test_open_keeps_the_systems_error(struct fixture *f, gconstpointer data)
{
	g_autofree char *too_long = g_strnfill(256, 'n');

	assert_fails(pshm_space_open_object(f->space, too_long, O_RDONLY), ENAMETOOLONG);
	assert_fails(pshm_space_open_object(-1, "object", O_RDONLY), EBADF);
}

static void test_create_is_exclusive(struct fixture *f, gconstpointer data)
{
	AUTO_FD fd = create(f, "object");

	make_no_objects(f);
	assert_fails(pshm_space_create(f->space, "object", O_RDWR, 0600), EEXIST);
	for (size_t i = 0; i < G_N_ELEMENTS(no_objects); i++)
		assert_fails(pshm_space_create(f->space, no_objects[i], O_RDWR, 0600), EEXIST);
	g_assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* ---- names ---- */

static void test_tmpfile_can_be_given_a_name(struct fixture *f, gconstpointer data)
{
	AUTO_FD fd = pshm_space_tmpfile(f->space, O_RDWR, false, 0600);
	struct pshm_info info;

	g_assert_cmpuint(status_of(fd).st_nlink, ==, 0);
	assert_ok(pshm_space_link(f->space, fd, "name"));
	assert_ok(pshm_space_stat(f->space, "name", &info));
	g_assert_cmpuint(info.st.st_ino, ==, status_of(fd).st_ino);
}

static void test_exclusive_tmpfile_stays_without_a_name(struct fixture *f, gconstpointer data)
{
	AUTO_FD fd = pshm_space_tmpfile(f->space, O_RDWR, true, 0600);

	assert_fails(pshm_space_link(f->space, fd, "name"), ENOENT);
}

static void test_any_descriptor_can_be_linked(struct fixture *f, gconstpointer data)
{
	AUTO_FD fd = create(f, "object");
	AUTO_FD path = pshm_space_open_object(f->space, "object", O_PATH);

	assert_ok(pshm_space_link(f->space, path, "second"));
	g_assert_cmpuint(status_of(fd).st_nlink, ==, 2);
	assert_fails(pshm_space_link(f->space, fd, "second"), EEXIST);
}

static void test_rename_knows_its_flags(struct fixture *f, gconstpointer data)
{
	AUTO_FD one = create(f, "one");
	AUTO_FD two = create(f, "two");
	struct pshm_info info;

	assert_fails(pshm_space_rename(f->space, "one", "two", RENAME_NOREPLACE), EEXIST);
	assert_ok(pshm_space_rename(f->space, "one", "two", RENAME_EXCHANGE));
	assert_ok(pshm_space_stat(f->space, "two", &info));
	g_assert_cmpuint(info.st.st_ino, ==, status_of(one).st_ino);
	assert_ok(pshm_space_rename(f->space, "two", "one", 0));
	assert_fails(pshm_space_stat(f->space, "two", &info), ENOENT);
	g_assert_cmpuint(status_of(two).st_nlink, ==, 0);
}

static void test_unlink_frees_the_name(struct fixture *f, gconstpointer data)
{
	AUTO_FD fd = create(f, "object");

	assert_ok(pshm_space_unlink(f->space, "object"));
	assert_fails(pshm_space_unlink(f->space, "object"), ENOENT);
	g_assert_cmpuint(status_of(fd).st_nlink, ==, 0);
}

/* ---- list ---- */

static int count_kept(const char *name, ino_t ino, void *arg)
{
	int *counts = arg;
	int n;

	if (sscanf(name, "keep%d", &n) == 1)
		counts[n]++;
	return 0;
}

static int expect_target(const char *name, ino_t ino, void *arg)
{
	g_assert_cmpstr(name, ==, "target");
	*(ino_t *)arg = ino;
	return 0;
}

static void test_list_tells_regular_files_only(struct fixture *f, gconstpointer data)
{
	struct pshm_info info;
	ino_t ino;

	make_no_objects(f);
	assert_ok(pshm_space_list(f->space, expect_target, &ino));
	assert_ok(pshm_space_stat(f->space, "target", &info));
	g_assert_cmpuint(ino, ==, info.st.st_ino);
}

#define KEPT 2000

struct churn {
	struct fixture *f;
	int stop; /* atomic */
};

/* New and old names come and go, all over the directory. */
static gpointer churn(gpointer data)
{
	struct churn *churn = data;

	for (unsigned i = 0; !g_atomic_int_get(&churn->stop); i++) {
		g_autofree char *name = g_strdup_printf("churn%u", i % 300);
		int fd = pshm_space_create(churn->f->space, name, O_RDWR, 0600);

		if (fd >= 0)
			close(fd);
		else
			pshm_space_unlink(churn->f->space, name);
	}
	return NULL;
}

static void list_and_count(struct fixture *f)
{
	int counts[KEPT] = { 0 };

	assert_ok(pshm_space_list(f->space, count_kept, counts));
	for (int i = 0; i < KEPT; i++)
		g_assert_cmpint(counts[i], ==, 1);
}

static gpointer list_often(gpointer data)
{
	for (int i = 0; i < 50; i++)
		list_and_count(data);
	return NULL;
}

static void test_list_tells_once_what_stays_whatever_comes_and_goes(struct fixture *f,
								     gconstpointer data)
{
	struct churn state = { .f = f };

	for (int i = 0; i < KEPT; i++) {
		g_autofree char *name = g_strdup_printf("keep%d", i);

		close(create(f, name));
	}

	GThread *churner = g_thread_new("churn", churn, &state);
	GThread *lister = g_thread_new("list", list_often, f);

	list_often(f);
	g_thread_join(lister);
	g_atomic_int_set(&state.stop, 1);
	g_thread_join(churner);
}

/* ---- the space itself ---- */

static void test_space_is_where_shm_open_makes_objects(struct fixture *f, gconstpointer data)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "");
	AUTO_FD space = pshm_space_open();
	struct pshm_info info;

	assert_ok(pshm_space_stat(space, name + 1, &info));
	g_assert_cmpuint(info.st.st_ino, ==, status_of(fd).st_ino);
	g_assert_true(fcntl(space, F_GETFD) & FD_CLOEXEC);
	g_assert_cmpstr(pshm_space_path(), ==, "/dev/shm");
}

#define add_here(fact) \
	g_test_add("/linux/" #fact, struct fixture, NULL, set_up, test_##fact, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_here(stat_is_what_fstat_tells);
	add_here(birth_is_told_where_it_is_kept);
	add_here(stat_of_what_is_no_object_is_enoent);
	add_here(names_lead_nowhere_else);
	add_here(open_gives_the_object);
	add_here(open_of_what_is_no_object_is_enoent);
	add_here(open_shows_the_callers_flags_alone);
	add_here(open_path_reads_nothing_and_can_be_statted);
	add_here(open_keeps_the_systems_error);
	add_here(create_is_exclusive);
	add_here(tmpfile_can_be_given_a_name);
	add_here(exclusive_tmpfile_stays_without_a_name);
	add_here(any_descriptor_can_be_linked);
	add_here(rename_knows_its_flags);
	add_here(unlink_frees_the_name);
	add_here(list_tells_regular_files_only);
	add_here(list_tells_once_what_stays_whatever_comes_and_goes);
	add_here(space_is_where_shm_open_makes_objects);
	return g_test_run();
}
