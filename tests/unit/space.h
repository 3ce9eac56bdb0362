/* SPDX-License-Identifier: MIT */
/*
 * A shm file system of the test's own, for what asks the real one: a tmpfs in a
 * mount namespace, empty at the beginning of each test. The machine's objects
 * are not seen. That needs root; without, each test is skipped.
 */
#pragma once

#include "fs.h"
#include "unit.h"

struct space_test {
	void (*run)(void);
};

/* add(), for a test that needs the space. */
#define add_in_space(group, fact)                                                  \
	G_STMT_START                                                               \
	{                                                                          \
		static const struct space_test test_ = { test_##fact };            \
		g_test_add_data_func("/" group "/" #fact, &test_, space_run_test); \
	}                                                                          \
	G_STMT_END

/* Before any test. */
void space_enter(void);
void space_run_test(const void *test);

struct fs *space_fs_new(void);
void space_fs_free(struct fs *fs);

/* Objects with these names, made in this order; with content behind a plus. */
void space_make(const char *names);
void space_clear(void);
ino_t space_ino(const char *name);

/* The names of all that is in the space, sorted. */
char *space_names(void);

#define assert_names(wanted)                             \
	G_STMT_START                                     \
	{                                                \
		g_autofree char *names_ = space_names(); \
		g_assert_cmpstr(names_, ==, wanted);     \
	}                                                \
	G_STMT_END

static inline void space_fs_clear(struct fs **fs)
{
	space_fs_free(*fs);
}

#define AUTO_FS __attribute__((__cleanup__(space_fs_clear), __unused__)) struct fs *
