/* SPDX-License-Identifier: MIT */
#include "space.h"

#include "shm/platform.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *no_space; /* why there is none */

static const char *try_to_enter(void)
{
	if (geteuid() != 0)
		return "needs root, for a tmpfs of its own";
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("shm", pshm_space_path(), "tmpfs", 0, "mode=1777") < 0)
		return "may not mount, not even in a mount namespace of its own";
	return NULL;
}

void space_enter(void)
{
	no_space = try_to_enter();
}

void space_run_test(const void *test)
{
	if (no_space != NULL) {
		g_test_skip(no_space);
		return;
	}
	space_clear();
	((const struct space_test *)test)->run();
}

struct fs *space_fs_new(void)
{
	struct fs *fs = g_new0(struct fs, 1);
	struct stat st;

	fs->space = pshm_space_open();
	g_assert_cmpint(fs->space, >=, 0);
	g_assert_cmpint(fstat(fs->space, &st), ==, 0);
	fs->view.separator = '%';
	pthread_rwlock_init(&fs->names, NULL);
	holds_init(&fs->holds);
	marks_init(&fs->marks, &fs->view, fs->space);
	assert_result(nodes_init(&fs->nodes, &fs->view, st.st_ino), 0);
	return fs;
}

void space_fs_free(struct fs *fs)
{
	holds_free(&fs->holds);
	marks_free(&fs->marks);
	nodes_destroy(&fs->nodes);
	pthread_rwlock_destroy(&fs->names);
	close(fs->space);
	g_free(fs);
}

static char *path_of(const char *name)
{
	return g_strconcat(pshm_space_path(), "/", name, NULL);
}

void space_make(const char *names)
{
	g_auto(GStrv) list = g_strsplit(names, " ", -1);

	for (size_t i = 0; list[i] != NULL; i++) {
		const bool filled = list[i][0] == '+';
		g_autofree char *path = path_of(list[i] + filled);
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		g_assert_cmpint(fd, >=, 0);
		g_assert_cmpint(ftruncate(fd, filled), ==, 0);
		close(fd);
	}
}

static void each_name(void (*use)(const char *name, void *arg), void *arg)
{
	GDir *directory = g_dir_open(pshm_space_path(), 0, NULL);
	const char *name;

	g_assert_nonnull(directory);
	while ((name = g_dir_read_name(directory)) != NULL)
		use(name, arg);
	g_dir_close(directory);
}

static void remove_name(const char *name, void *arg)
{
	g_autofree char *path = path_of(name);

	(void)arg;
	g_assert_cmpint(remove(path), ==, 0);
}

void space_clear(void)
{
	each_name(remove_name, NULL);
}

ino_t space_ino(const char *name)
{
	g_autofree char *path = path_of(name);
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

static void add_name(const char *name, void *arg)
{
	g_ptr_array_add(arg, g_strdup(name));
}

char *space_names(void)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	each_name(add_name, names);
	return sorted_text(names);
}
