/* SPDX-License-Identifier: MIT */
/* object.c */
#include <sys/wait.h>

#include "helpers.h"

/* ---- open ---- */

static void test_open_of_missing_object_is_enoent(void)
{
	AUTO_NAME name = unique_name();

	assert_fails(pshm_open(name, PSHM_RDWR, 0), ENOENT);
}

static void test_new_object_has_size_0(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = pshm_open(name, PSHM_RDWR | PSHM_CREAT, 0600);

	g_assert_cmpint(status_of(fd).st_size, ==, 0);
}

static void test_exclusive_open_of_existing_object_is_eexist(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");

	assert_fails(pshm_open(name, PSHM_RDWR | PSHM_CREAT | PSHM_EXCL, 0600), EEXIST);
}

static void test_trunc_empties_the_object(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");
	AUTO_FD truncated = pshm_open(name, PSHM_RDWR | PSHM_TRUNC, 0);

	g_assert_cmpint(truncated, >=, 0);
	g_assert_cmpint(status_of(fd).st_size, ==, 0);
}

static void test_rdonly_descriptor_cannot_write(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");
	AUTO_FD reader = pshm_open(name, PSHM_RDONLY, 0);

	assert_holds(reader, "old");
	assert_fails(write(reader, "x", 1), EBADF);
}

static void test_open_refuses_flags_that_shm_open_has_not(void)
{
	AUTO_NAME name = unique_name();
	static const int refused[] = { O_WRONLY, O_WRONLY | O_RDWR, O_RDWR | O_APPEND,
				       O_RDWR | O_NONBLOCK, O_RDWR | O_CLOEXEC, -1 };

	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
		assert_fails(pshm_open(name, refused[i] | PSHM_CREAT, 0600), EINVAL);
	g_assert_false(exists(name));
}

static void test_open_refuses_modes_beyond_permissions(void)
{
	AUTO_NAME name = unique_name();

	assert_fails(pshm_open(name, PSHM_RDWR | PSHM_CREAT, 04600), EINVAL);
	assert_fails(pshm_open(name, PSHM_RDWR | PSHM_CREAT, S_IFREG | 0600), EINVAL);
	g_assert_false(exists(name));
}

static void test_open_is_under_the_umask(void)
{
	AUTO_NAME name = unique_name();
	mode_t before = umask(027);
	AUTO_FD fd = pshm_open(name, PSHM_RDWR | PSHM_CREAT, 0666);

	umask(before);
	g_assert_cmpint(mode_of(fd), ==, 0640);
}

static void test_bad_names_are_refused(void)
{
	static const struct pshm_how how = { .oflag = PSHM_RDWR };

	assert_fails(pshm_open("/a/b", PSHM_RDWR, 0), EINVAL);
	assert_fails(pshm_create("a", PSHM_RDWR, 0600), EINVAL);
	assert_fails(pshm_open_how("/..", &how), EINVAL);
	assert_fails(pshm_unlink(NULL), EINVAL);
}

static gboolean is_close_on_exec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void test_descriptors_are_close_on_exec(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD created = pshm_create(name, PSHM_RDWR, 0600);
	AUTO_FD opened = pshm_open(name, PSHM_RDONLY, 0);
	AUTO_FD how = pshm_open_how(name, &(struct pshm_how){ .oflag = PSHM_RDWR });
	AUTO_FD anonymous = pshm_anonymous(0600, 0);

	g_assert_true(is_close_on_exec(created));
	g_assert_true(is_close_on_exec(opened));
	g_assert_true(is_close_on_exec(how));
	g_assert_true(is_close_on_exec(anonymous));
}

/* ---- create ---- */

static void test_create_has_exact_permissions_under_any_umask(void)
{
	static const mode_t umasks[] = { 0, 022, 077, 0777 };
	static const mode_t modes[] = { 0, 0400, 0640, 0666, 0777 };

	for (size_t i = 0; i < G_N_ELEMENTS(umasks) * G_N_ELEMENTS(modes); i++) {
		mode_t mode = modes[i % G_N_ELEMENTS(modes)];
		AUTO_NAME name = unique_name();
		mode_t before = umask(umasks[i / G_N_ELEMENTS(modes)]);
		AUTO_FD fd = pshm_create(name, PSHM_RDWR, mode);

		umask(before);
		g_assert_cmpint(fd, >=, 0);
		g_assert_cmpint(mode_of(fd), ==, mode);
	}
}

static void test_create_leaves_the_umask_alone(void)
{
	AUTO_NAME name = unique_name();
	mode_t before = umask(031);
	AUTO_FD fd = pshm_create(name, PSHM_RDWR, 0777);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(umask(before), ==, 031);
}

static void test_create_of_existing_object_is_eexist(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");

	assert_fails(pshm_create(name, PSHM_RDWR, 0777), EEXIST);
	assert_holds(fd, "old");
	g_assert_cmpint(mode_of(fd), ==, 0600);
}

static void test_create_takes_no_flags_but_access(void)
{
	AUTO_NAME name = unique_name();

	assert_fails(pshm_create(name, PSHM_RDWR | PSHM_CREAT, 0600), EINVAL);
	assert_fails(pshm_create(name, O_WRONLY, 0600), EINVAL);
	assert_fails(pshm_create(name, PSHM_RDWR, 01600), EINVAL);
	g_assert_false(exists(name));
}

/* ---- open with if-exists and if-missing ---- */

static int open_how(const char *name, enum pshm_if_exists if_exists,
		    enum pshm_if_missing if_missing)
{
	struct pshm_how how = { .oflag = PSHM_RDWR,
				.mode = 0666,
				.if_exists = if_exists,
				.if_missing = if_missing };

	return pshm_open_how(name, &how);
}

static void test_how_of_zeros_opens_for_reading(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");
	AUTO_FD reader = pshm_open_how(name, &(struct pshm_how){ 0 });

	assert_holds(reader, "old");
	assert_fails(write(reader, "x", 1), EBADF);
}

static void test_if_exists_overwrite_keeps_the_content(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD old = object_with(name, "old");
	AUTO_FD fd = open_how(name, PSHM_EXISTS_OVERWRITE, PSHM_MISSING_CREATE);

	assert_holds(fd, "old");
	g_assert_cmpint(mode_of(fd), ==, 0600);
}

static void test_if_exists_truncate_empties_the_same_object(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD old = object_with(name, "old");
	AUTO_FD fd = open_how(name, PSHM_EXISTS_TRUNCATE, PSHM_MISSING_ERROR);

	assert_holds(fd, "");
	g_assert_cmpint(status_of(fd).st_ino, ==, status_of(old).st_ino);
	g_assert_cmpint(mode_of(fd), ==, 0600);
}

static void test_if_exists_supersede_makes_a_new_object(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD old = object_with(name, "old");
	AUTO_FD fd = open_how(name, PSHM_EXISTS_SUPERSEDE, PSHM_MISSING_ERROR);

	assert_holds(fd, "");
	g_assert_cmpint(mode_of(fd), ==, 0666);
	assert_holds(old, "old");
	g_assert_cmpint(status_of(old).st_nlink, ==, 0);
}

static void test_if_exists_error_is_eexist(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD old = object_with(name, "old");

	assert_fails(open_how(name, PSHM_EXISTS_ERROR, PSHM_MISSING_CREATE), EEXIST);
}

static void test_if_exists_nothing_opens_nothing(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD old = object_with(name, "old");

	g_assert_cmpint(open_how(name, PSHM_EXISTS_NOTHING, PSHM_MISSING_CREATE), ==,
			PSHM_NOTHING);
	assert_holds(old, "old");
}

static void test_if_missing_error_is_enoent(void)
{
	AUTO_NAME name = unique_name();

	assert_fails(open_how(name, PSHM_EXISTS_OVERWRITE, PSHM_MISSING_ERROR), ENOENT);
	assert_fails(open_how(name, PSHM_EXISTS_TRUNCATE, PSHM_MISSING_ERROR), ENOENT);
	assert_fails(open_how(name, PSHM_EXISTS_SUPERSEDE, PSHM_MISSING_ERROR), ENOENT);
	g_assert_false(exists(name));
}

static void test_if_missing_nothing_makes_nothing(void)
{
	AUTO_NAME name = unique_name();

	g_assert_cmpint(open_how(name, PSHM_EXISTS_OVERWRITE, PSHM_MISSING_NOTHING), ==,
			PSHM_NOTHING);
	g_assert_cmpint(open_how(name, PSHM_EXISTS_SUPERSEDE, PSHM_MISSING_NOTHING), ==,
			PSHM_NOTHING);
	g_assert_false(exists(name));
}

static void test_if_missing_create_makes_it_exactly(void)
{
	for (int i = PSHM_EXISTS_OVERWRITE; i <= PSHM_EXISTS_NOTHING; i++) {
		AUTO_NAME name = unique_name();
		mode_t before = umask(077);
		AUTO_FD fd = open_how(name, (enum pshm_if_exists)i, PSHM_MISSING_CREATE);

		umask(before);
		g_assert_cmpint(fd, >=, 0);
		g_assert_cmpint(mode_of(fd), ==, 0666);
	}
}

static void test_how_that_can_open_nothing_is_einval(void)
{
	AUTO_NAME name = unique_name();

	assert_fails(open_how(name, PSHM_EXISTS_ERROR, PSHM_MISSING_ERROR), EINVAL);
	assert_fails(open_how(name, PSHM_EXISTS_NOTHING, PSHM_MISSING_NOTHING), EINVAL);
}

static void test_how_outside_the_lists_is_einval(void)
{
	AUTO_NAME name = unique_name();
	struct pshm_how append = { .oflag = O_RDWR | O_APPEND };
	struct pshm_how creat = { .oflag = PSHM_RDWR | PSHM_CREAT };
	struct pshm_how sticky = { .oflag = PSHM_RDWR, .mode = 01777 };
	struct pshm_how read_truncate = { .if_exists = PSHM_EXISTS_TRUNCATE };

	assert_fails(pshm_open_how(name, NULL), EINVAL);
	assert_fails(pshm_open_how(name, &append), EINVAL);
	assert_fails(pshm_open_how(name, &creat), EINVAL);
	assert_fails(pshm_open_how(name, &sticky), EINVAL);
	assert_fails(pshm_open_how(name, &read_truncate), EINVAL);
	assert_fails(open_how(name, (enum pshm_if_exists)5, PSHM_MISSING_CREATE), EINVAL);
	assert_fails(open_how(name, PSHM_EXISTS_OVERWRITE, (enum pshm_if_missing)3), EINVAL);
}

/* Each thread opens or makes the object, unlinks it, and so on: in no
 * interleaving may either see an error. */
static gpointer open_and_unlink(gpointer data)
{
	const char *name = data;

	for (int i = 0; i < 5000; i++) {
		int fd = open_how(name, PSHM_EXISTS_OVERWRITE, PSHM_MISSING_CREATE);

		g_assert_cmpint(fd, >=, 0);
		close(fd);
		if (pshm_unlink(name) == -1)
			g_assert_cmpint(errno, ==, ENOENT);
	}
	return NULL;
}

static void test_open_or_create_bears_others_that_unlink(void)
{
	AUTO_NAME name = unique_name();
	GThread *threads[4];

	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("open-and-unlink", open_and_unlink, name);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
}

/* ---- anonymous ---- */

static void test_anonymous_object_has_no_name(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(status_of(fd).st_nlink, ==, 0);
}

static void test_anonymous_object_can_be_written_and_read(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 1);

	g_assert_cmpint(pwrite(fd, "text", 4, 0), ==, 4);
	assert_holds(fd, "text");
}

static void test_anonymous_object_has_exact_permissions(void)
{
	mode_t before = umask(077);
	AUTO_FD fd = pshm_anonymous(0666, 0);

	umask(before);
	g_assert_cmpint(mode_of(fd), ==, 0666);
}

static void test_anonymous_refuses_modes_beyond_permissions(void)
{
	assert_fails(pshm_anonymous(02600, 0), EINVAL);
}

/* ---- unlink, close ---- */

static void test_unlinked_object_keeps_its_content_while_open(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");

	assert_ok(pshm_unlink(name));
	assert_holds(fd, "old");
}

static void test_unlinked_name_is_free_at_once(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD old = object_with(name, "old");

	assert_ok(pshm_unlink(name));

	AUTO_FD fd = pshm_create(name, PSHM_RDWR, 0600);

	assert_holds(fd, "");
}

static void test_unlink_of_missing_object_is_enoent(void)
{
	AUTO_NAME name = unique_name();

	assert_fails(pshm_unlink(name), ENOENT);
}

static void test_object_outlives_the_process_that_made_it(void)
{
	AUTO_NAME name = unique_name();
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(write(pshm_create(name, PSHM_RDWR, 0600), "child", 5) == 5 ? 0 : 1);
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);

	AUTO_FD fd = pshm_open(name, PSHM_RDONLY, 0);

	assert_holds(fd, "child");
}

static void test_closed_descriptor_is_ebadf(void)
{
	int fd = pshm_anonymous(0600, 0);

	assert_ok(pshm_close(fd));
	assert_fails(pshm_close(fd), EBADF);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("object", open_of_missing_object_is_enoent);
	add("object", new_object_has_size_0);
	add("object", exclusive_open_of_existing_object_is_eexist);
	add("object", trunc_empties_the_object);
	add("object", rdonly_descriptor_cannot_write);
	add("object", open_refuses_flags_that_shm_open_has_not);
	add("object", open_refuses_modes_beyond_permissions);
	add("object", open_is_under_the_umask);
	add("object", bad_names_are_refused);
	add("object", descriptors_are_close_on_exec);
	add("object", create_has_exact_permissions_under_any_umask);
	add("object", create_leaves_the_umask_alone);
	add("object", create_of_existing_object_is_eexist);
	add("object", create_takes_no_flags_but_access);
	add("object", how_of_zeros_opens_for_reading);
	add("object", if_exists_overwrite_keeps_the_content);
	add("object", if_exists_truncate_empties_the_same_object);
	add("object", if_exists_supersede_makes_a_new_object);
	add("object", if_exists_error_is_eexist);
	add("object", if_exists_nothing_opens_nothing);
	add("object", if_missing_error_is_enoent);
	add("object", if_missing_nothing_makes_nothing);
	add("object", if_missing_create_makes_it_exactly);
	add("object", how_that_can_open_nothing_is_einval);
	add("object", how_outside_the_lists_is_einval);
	add("object", open_or_create_bears_others_that_unlink);
	add("object", anonymous_object_has_no_name);
	add("object", anonymous_object_can_be_written_and_read);
	add("object", anonymous_object_has_exact_permissions);
	add("object", anonymous_refuses_modes_beyond_permissions);
	add("object", unlinked_object_keeps_its_content_while_open);
	add("object", unlinked_name_is_free_at_once);
	add("object", unlink_of_missing_object_is_enoent);
	add("object", object_outlives_the_process_that_made_it);
	add("object", closed_descriptor_is_ebadf);
	return g_test_run();
}
