/* SPDX-License-Identifier: MIT */
/* name.c */
#include "helpers.h"

static char *name_of(size_t len)
{
	char *name = g_strnfill(len + 1, 'n');

	name[0] = '/';
	return name;
}

static void test_slash_and_a_byte_is_a_name(void)
{
	assert_ok(pshm_name_check("/a"));
	assert_ok(pshm_name_check("/\xff"));
	assert_ok(pshm_name_check("/ "));
}

static void test_255_bytes_are_a_name(void)
{
	g_autofree char *name = name_of(255);

	assert_ok(pshm_name_check(name));
}

static void test_256_bytes_are_too_long(void)
{
	g_autofree char *name = name_of(256);

	assert_fails(pshm_name_check(name), ENAMETOOLONG);
}

static void test_name_needs_its_slash(void)
{
	assert_fails(pshm_name_check("a"), EINVAL);
	assert_fails(pshm_name_check(""), EINVAL);
}

static void test_slash_alone_is_no_name(void)
{
	assert_fails(pshm_name_check("/"), EINVAL);
}

static void test_no_further_slash(void)
{
	assert_fails(pshm_name_check("//a"), EINVAL);
	assert_fails(pshm_name_check("/a/b"), EINVAL);
	assert_fails(pshm_name_check("/a/"), EINVAL);
}

static void test_dot_and_dot_dot_are_no_names(void)
{
	assert_fails(pshm_name_check("/."), EINVAL);
	assert_fails(pshm_name_check("/.."), EINVAL);
}

static void test_other_dots_are_names(void)
{
	assert_ok(pshm_name_check("/..."));
	assert_ok(pshm_name_check("/.a"));
}

static void test_null_pointer_is_no_name(void)
{
	assert_fails(pshm_name_check(NULL), EINVAL);
}

static void test_longest_name_can_be_opened(void)
{
	g_autofree char *unique = unique_name();
	AUTO_NAME name = name_of(255);

	memcpy(name, unique, strlen(unique));

	AUTO_FD fd = pshm_create(name, PSHM_RDWR, 0600);

	g_assert_cmpint(fd, >=, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("name", slash_and_a_byte_is_a_name);
	add("name", 255_bytes_are_a_name);
	add("name", 256_bytes_are_too_long);
	add("name", name_needs_its_slash);
	add("name", slash_alone_is_no_name);
	add("name", no_further_slash);
	add("name", dot_and_dot_dot_are_no_names);
	add("name", other_dots_are_names);
	add("name", null_pointer_is_no_name);
	add("name", longest_name_can_be_opened);
	return g_test_run();
}
