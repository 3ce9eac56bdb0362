/* SPDX-License-Identifier: MIT */
/* portable.c: linked in before the library, so that its calls use it. */
#include <shm/platform.h>

#include "helpers.h"

static int never(const char *name, void *arg)
{
	g_assert_not_reached();
}

static int never_there(const char *name, ino_t ino, void *arg)
{
	g_assert_not_reached();
}

static void test_objects_can_be_opened_by_name(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = pshm_create(name, PSHM_RDWR, 0600);

	g_assert_cmpint(fd, >=, 0);
}

static void test_list_is_enotsup(void)
{
	assert_fails(pshm_list(never, NULL), ENOTSUP);
}

static void test_everything_else_is_enotsup(void)
{
	struct pshm_info info;

	assert_fails(pshm_space_open(), ENOTSUP);
	assert_fails(pshm_space_stat(-1, "x", &info), ENOTSUP);
	assert_fails(pshm_space_open_object(-1, "x", O_RDWR), ENOTSUP);
	assert_fails(pshm_space_create(-1, "x", O_RDWR, 0600), ENOTSUP);
	assert_fails(pshm_space_tmpfile(-1, O_RDWR, false, 0600), ENOTSUP);
	assert_fails(pshm_space_link(-1, -1, "x"), ENOTSUP);
	assert_fails(pshm_space_rename(-1, "x", "y", 0), ENOTSUP);
	assert_fails(pshm_space_unlink(-1, "x"), ENOTSUP);
	assert_fails(pshm_space_list(-1, never_there, NULL), ENOTSUP);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("portable", objects_can_be_opened_by_name);
	add("portable", list_is_enotsup);
	add("portable", everything_else_is_enotsup);
	return g_test_run();
}
