/* SPDX-License-Identifier: MIT */
/* memory.c */
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "helpers.h"

#define SHARED_RW(fd, len) \
	pshm_mmap(NULL, len, PSHM_PROT_READ | PSHM_PROT_WRITE, PSHM_MAP_SHARED, fd, 0)

static size_t page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- size ---- */

static void test_ftruncate_sets_the_size(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	assert_ok(pshm_ftruncate(fd, 12345));
	g_assert_cmpint(status_of(fd).st_size, ==, 12345);
	assert_ok(pshm_ftruncate(fd, 1));
	g_assert_cmpint(status_of(fd).st_size, ==, 1);
}

static void test_ftruncate_takes_no_memory(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	assert_ok(pshm_ftruncate(fd, 1 << 20));
	g_assert_cmpint(status_of(fd).st_blocks, ==, 0);
}

static void test_ftruncate_below_0_is_einval(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	assert_fails(pshm_ftruncate(fd, -1), EINVAL);
}

static void test_ftruncate_of_reader_is_einval(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = pshm_create(name, PSHM_RDONLY, 0600);

	assert_fails(pshm_ftruncate(fd, 1), EINVAL);
}

static void test_allocate_takes_memory_and_sets_the_size(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	assert_ok(pshm_allocate(fd, 0, 100000));
	g_assert_cmpint(status_of(fd).st_size, ==, 100000);
	g_assert_cmpint(status_of(fd).st_blocks * 512, >=, 100000);
}

static void test_allocate_keeps_content_and_larger_size(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");

	assert_ok(pshm_allocate(fd, 0, 1));
	assert_holds(fd, "old");
}

static void test_allocate_of_nothing_is_einval(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	assert_fails(pshm_allocate(fd, 0, 0), EINVAL);
	assert_fails(pshm_allocate(fd, -1, 1), EINVAL);
}

static void test_allocate_beyond_all_memory_is_enospc(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);
	struct statvfs space;

	assert_ok(fstatvfs(fd, &space));
	if (space.f_blocks == 0) {
		g_test_skip("the shm file system has no limit of size");
		return;
	}
	assert_fails(pshm_allocate(fd, 0, (off_t)(space.f_blocks + 1) * (off_t)space.f_frsize),
		     ENOSPC);
	g_assert_cmpint(status_of(fd).st_size, ==, 0);
}

/* ---- mappings ---- */

static void test_shared_mappings_are_one_memory(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD one = object_with(name, "old");
	AUTO_FD two = pshm_open(name, PSHM_RDONLY, 0);
	char *writer = SHARED_RW(one, 3);
	char *reader = pshm_mmap(NULL, 3, PSHM_PROT_READ, PSHM_MAP_SHARED, two, 0);

	g_assert_true(writer != PSHM_MAP_FAILED && reader != PSHM_MAP_FAILED);
	memcpy(writer, "new", 3);
	g_assert_cmpmem(reader, 3, "new", 3);
	assert_holds(two, "new");
	assert_ok(pshm_munmap(writer, 3));
	assert_ok(pshm_munmap(reader, 3));
}

static void test_private_mapping_keeps_its_stores(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");
	char *copy = pshm_mmap(NULL, 3, PSHM_PROT_READ | PSHM_PROT_WRITE, PSHM_MAP_PRIVATE, fd, 0);

	memcpy(copy, "new", 3);
	assert_holds(fd, "old");
	assert_ok(pshm_munmap(copy, 3));
}

static void test_mapping_outlives_descriptor_and_name(void)
{
	AUTO_NAME name = unique_name();
	int fd = object_with(name, "old");
	char *mapping = SHARED_RW(fd, 3);

	assert_ok(pshm_close(fd));
	assert_ok(pshm_unlink(name));
	g_assert_cmpmem(mapping, 3, "old", 3);
	assert_ok(pshm_munmap(mapping, 3));
}

static void test_anonymous_fixed_noreserve_are_passed_on(void)
{
	int flags = PSHM_MAP_PRIVATE | PSHM_MAP_ANONYMOUS | PSHM_MAP_NORESERVE;
	char *mapping = pshm_mmap(NULL, page(), PSHM_PROT_NONE, flags, -1, 0);

	g_assert_true(mapping != PSHM_MAP_FAILED);
	g_assert_true(pshm_mmap(mapping, page(), PSHM_PROT_READ, flags | PSHM_MAP_FIXED, -1, 0) ==
		      mapping);
	g_assert_cmpint(mapping[0], ==, 0);
	assert_ok(pshm_munmap(mapping, page()));
}

static void test_growsdown_is_passed_on(void)
{
	void *stack = pshm_mmap(NULL, page(), PSHM_PROT_READ | PSHM_PROT_WRITE,
				PSHM_MAP_PRIVATE | PSHM_MAP_ANONYMOUS | PSHM_MAP_GROWSDOWN, -1, 0);

	g_assert_true(stack != PSHM_MAP_FAILED);
	assert_ok(pshm_munmap(stack, page()));
}

static void test_mmap_needs_one_of_shared_and_private(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	assert_fails(pshm_mmap(NULL, 1, PSHM_PROT_READ, 0, fd, 0), EINVAL);
	assert_fails(pshm_mmap(NULL, 1, PSHM_PROT_READ, PSHM_MAP_SHARED | PSHM_MAP_PRIVATE, fd, 0),
		     EINVAL);
}

static void test_mmap_refuses_other_flags(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	assert_fails(pshm_mmap(NULL, 1, PSHM_PROT_READ, PSHM_MAP_SHARED | MAP_POPULATE, fd, 0),
		     EINVAL);
	assert_fails(pshm_mmap(NULL, 1, PSHM_PROT_READ, PSHM_MAP_PRIVATE | MAP_LOCKED, fd, 0),
		     EINVAL);
}

static void test_mmap_refuses_other_prot(void)
{
	AUTO_FD fd = pshm_anonymous(0600, 0);

	assert_fails(pshm_mmap(NULL, 1, PSHM_PROT_READ | PROT_GROWSDOWN, PSHM_MAP_SHARED, fd, 0),
		     EINVAL);
	assert_fails(pshm_mmap(NULL, 1, 8, PSHM_MAP_SHARED, fd, 0), EINVAL);
}

static void test_mmap_errors_are_the_systems(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD reader = pshm_create(name, PSHM_RDONLY, 0600);

	assert_fails(SHARED_RW(reader, 1), EACCES);
	assert_fails(SHARED_RW(-1, 1), EBADF);
	assert_fails(SHARED_RW(reader, 0), EINVAL);
	assert_fails(pshm_mmap(NULL, 1, PSHM_PROT_READ, PSHM_MAP_SHARED, reader, 1), EINVAL);
}

static void test_munmap_off_a_page_is_einval(void)
{
	assert_fails(pshm_munmap((void *)1, 1), EINVAL);
}

/* ---- open, size and map ---- */

static const struct pshm_how open_or_create = { .oflag = PSHM_RDWR,
						.mode = 0600,
						.if_missing = PSHM_MISSING_CREATE };
static const struct pshm_how open_for_reading = { .oflag = PSHM_RDONLY };

static void assert_empty(const struct pshm_mapping *mapping)
{
	g_assert_cmpint(mapping->fd, ==, -1);
	g_assert_null(mapping->addr);
	g_assert_cmpuint(mapping->len, ==, 0);
}

static void test_map_open_makes_sizes_and_maps(void)
{
	AUTO_NAME name = unique_name();
	struct pshm_mapping mapping;

	assert_ok(pshm_map_open(&mapping, name, &open_or_create, 10000));
	g_assert_cmpuint(mapping.len, ==, 10000);
	g_assert_cmpint(status_of(mapping.fd).st_size, ==, 10000);
	memset(mapping.addr, 1, mapping.len);
	assert_ok(pshm_map_close(&mapping));
}

static void test_map_open_takes_the_memory(void)
{
	AUTO_NAME name = unique_name();
	struct pshm_mapping mapping;

	assert_ok(pshm_map_open(&mapping, name, &open_or_create, 1 << 20));
	g_assert_cmpint(status_of(mapping.fd).st_blocks * 512, >=, 1 << 20);
	assert_ok(pshm_map_close(&mapping));
}

static void test_map_open_of_length_0_maps_the_whole_object(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");
	struct pshm_mapping mapping;

	assert_ok(pshm_map_open(&mapping, name, &open_for_reading, 0));
	g_assert_cmpmem(mapping.addr, mapping.len, "old", 3);
	assert_ok(pshm_map_close(&mapping));
}

static void test_map_open_never_shrinks_an_object(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");
	struct pshm_mapping mapping;

	assert_ok(pshm_map_open(&mapping, name, &open_or_create, 1));
	g_assert_cmpuint(mapping.len, ==, 1);
	assert_holds(fd, "old");
	assert_ok(pshm_map_close(&mapping));
}

static void test_map_open_grows_a_smaller_object(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");
	struct pshm_mapping mapping;

	assert_ok(pshm_map_open(&mapping, name, &open_or_create, 100));
	g_assert_cmpint(status_of(fd).st_size, ==, 100);
	g_assert_cmpmem(mapping.addr, 4, "old", 4);
	assert_ok(pshm_map_close(&mapping));
}

static void test_map_open_for_reading_needs_the_length(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");
	struct pshm_mapping mapping;

	assert_fails(pshm_map_open(&mapping, name, &open_for_reading, 4), ENXIO);
	assert_empty(&mapping);
	assert_ok(pshm_map_open(&mapping, name, &open_for_reading, 3));
	assert_ok(pshm_map_close(&mapping));
}

static void test_map_open_of_empty_object_is_einval(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "");
	struct pshm_mapping mapping;

	assert_fails(pshm_map_open(&mapping, name, &open_for_reading, 0), EINVAL);
	assert_empty(&mapping);
}

static void test_map_open_that_fails_unlinks_what_it_made(void)
{
	AUTO_NAME name = unique_name();
	struct pshm_mapping mapping;

	assert_fails(pshm_map_open(&mapping, name, &open_or_create, 0), EINVAL);
	assert_empty(&mapping);
	g_assert_false(exists(name));
}

static void test_map_open_that_fails_leaves_what_it_found(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");
	struct pshm_mapping mapping;

	assert_fails(pshm_map_open(&mapping, name, &open_or_create, SIZE_MAX), EFBIG);
	g_assert_true(exists(name));
	assert_holds(fd, "old");
}

static void test_map_open_for_reading_makes_nothing(void)
{
	AUTO_NAME name = unique_name();
	AUTO_FD fd = object_with(name, "old");
	struct pshm_how supersede = { .if_exists = PSHM_EXISTS_SUPERSEDE };
	struct pshm_how create = { .if_missing = PSHM_MISSING_CREATE };
	struct pshm_mapping mapping;

	assert_fails(pshm_map_open(&mapping, name, &supersede, 1), EINVAL);
	assert_fails(pshm_map_open(&mapping, name, &create, 1), EINVAL);
	g_assert_cmpint(status_of(fd).st_nlink, ==, 1);
}

static void test_map_open_can_find_nothing(void)
{
	AUTO_NAME name = unique_name();
	struct pshm_how how = { .if_missing = PSHM_MISSING_NOTHING };
	struct pshm_mapping mapping;

	g_assert_cmpint(pshm_map_open(&mapping, name, &how, 1), ==, PSHM_NOTHING);
	assert_empty(&mapping);
	assert_ok(pshm_map_close(&mapping));
}

static void test_map_open_checks_its_arguments(void)
{
	AUTO_NAME name = unique_name();
	struct pshm_mapping mapping;

	assert_fails(pshm_map_open(NULL, name, &open_or_create, 1), EINVAL);
	assert_fails(pshm_map_open(&mapping, name, NULL, 1), EINVAL);
	assert_fails(pshm_map_open(&mapping, "no-slash", &open_or_create, 1), EINVAL);
}

static void test_map_close_can_come_twice(void)
{
	AUTO_NAME name = unique_name();
	struct pshm_mapping mapping;

	assert_ok(pshm_map_open(&mapping, name, &open_or_create, 1));

	int fd = mapping.fd;

	assert_ok(pshm_map_close(&mapping));
	assert_fails(fcntl(fd, F_GETFD), EBADF);
	assert_empty(&mapping);
	assert_ok(pshm_map_close(&mapping));
}

static void test_processes_share_what_they_map(void)
{
	AUTO_NAME name = unique_name();
	struct pshm_mapping mapping;
	int status;

	assert_ok(pshm_map_open(&mapping, name, &open_or_create, sizeof(int)));

	volatile int *number = mapping.addr;
	pid_t child = fork();

	if (child == 0) {
		struct pshm_mapping own;

		if (pshm_map_open(&own, name, &open_or_create, sizeof(int)) == -1)
			_exit(1);
		*(volatile int *)own.addr = 42;
		_exit(0);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_cmpint(status, ==, 0);
	g_assert_cmpint(*number, ==, 42);
	assert_ok(pshm_map_close(&mapping));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("memory", ftruncate_sets_the_size);
	add("memory", ftruncate_takes_no_memory);
	add("memory", ftruncate_below_0_is_einval);
	add("memory", ftruncate_of_reader_is_einval);
	add("memory", allocate_takes_memory_and_sets_the_size);
	add("memory", allocate_keeps_content_and_larger_size);
	add("memory", allocate_of_nothing_is_einval);
	add("memory", allocate_beyond_all_memory_is_enospc);
	add("memory", shared_mappings_are_one_memory);
	add("memory", private_mapping_keeps_its_stores);
	add("memory", mapping_outlives_descriptor_and_name);
	add("memory", anonymous_fixed_noreserve_are_passed_on);
	add("memory", growsdown_is_passed_on);
	add("memory", mmap_needs_one_of_shared_and_private);
	add("memory", mmap_refuses_other_flags);
	add("memory", mmap_refuses_other_prot);
	add("memory", mmap_errors_are_the_systems);
	add("memory", munmap_off_a_page_is_einval);
	add("memory", map_open_makes_sizes_and_maps);
	add("memory", map_open_takes_the_memory);
	add("memory", map_open_of_length_0_maps_the_whole_object);
	add("memory", map_open_never_shrinks_an_object);
	add("memory", map_open_grows_a_smaller_object);
	add("memory", map_open_for_reading_needs_the_length);
	add("memory", map_open_of_empty_object_is_einval);
	add("memory", map_open_that_fails_unlinks_what_it_made);
	add("memory", map_open_that_fails_leaves_what_it_found);
	add("memory", map_open_for_reading_makes_nothing);
	add("memory", map_open_can_find_nothing);
	add("memory", map_open_checks_its_arguments);
	add("memory", map_close_can_come_twice);
	add("memory", processes_share_what_they_map);
	return g_test_run();
}
