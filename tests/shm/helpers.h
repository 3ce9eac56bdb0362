/* SPDX-License-Identifier: MIT */
/*
 * What the library's tests share. They run on the machine's real shared
 * memory objects, under names that hold the process's id.
 */
#pragma once

#include <glib.h>
#include <posix_shm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* expr returns -1 (MAP_FAILED, too) with this errno. */
#define assert_fails(expr, error) \
	G_STMT_START \
	{ \
		errno = 0; \
		intptr_t result_ = (intptr_t)(expr); \
		int errno_ = errno; \
		g_assert_cmpint(result_, ==, -1); \
		g_assert_cmpstr(g_strerror(errno_), ==, g_strerror(error)); \
	} \
	G_STMT_END

/* expr returns 0. */
#define assert_ok(expr) g_assert_cmpint((expr), ==, 0)

/* One line a test in main(): add("object", name_is_free_after_unlink). */
#define add(group, fact) g_test_add_func("/" group "/" #fact, test_##fact)

static inline void name_clear(char **name)
{
	shm_unlink(*name);
	g_free(*name);
}

static inline void fd_clear(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Ends with its scope; what has the name then is unlinked. */
#define AUTO_NAME __attribute__((__cleanup__(name_clear), __unused__)) char *

/* Ends with its scope. */
#define AUTO_FD __attribute__((__cleanup__(fd_clear), __unused__)) int

static inline char *unique_name(void)
{
	static int count;

	return g_strdup_printf("/pshm-test-%d-%d", (int)getpid(), g_atomic_int_add(&count, 1));
}

/* An object that holds text and is open for reading and writing. */
static inline int object_with(const char *name, const char *text)
{
	int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	size_t len = strlen(text);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(pwrite(fd, text, len, 0), ==, (ssize_t)len);
	return fd;
}

static inline void assert_holds(int fd, const char *text)
{
	char content[64] = { 0 };

	g_assert_cmpint(pread(fd, content, sizeof(content) - 1, 0), ==, (ssize_t)strlen(text));
	g_assert_cmpstr(content, ==, text);
}

static inline struct stat status_of(int fd)
{
	struct stat st;

	assert_ok(fstat(fd, &st));
	return st;
}

static inline unsigned mode_of(int fd)
{
	return status_of(fd).st_mode & 07777;
}

static inline gboolean exists(const char *name)
{
	int fd = shm_open(name, O_RDONLY, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != ENOENT;
}
