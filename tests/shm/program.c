/* SPDX-License-Identifier: MIT */
/*
 * A user's program, in the plain C that the library asks for: no macro, no
 * test framework. check-musl runs it, check-installed too (also as C++).
 */
#include <posix_shm.h>
#include <stdio.h>
#include <string.h>

#define EXPECT(fact) \
	do { \
		if (!(fact)) { \
			fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", __FILE__, __LINE__, \
				#fact, errno); \
			return 1; \
		} \
	} while (0)

static int find(const char *name, void *wanted)
{
	return strcmp(name, (const char *)wanted) == 0;
}

static int errors_and_text(void)
{
	char text[PSHM_STRERROR_SIZE];
	mode_t mode;

	EXPECT(strcmp(pshm_error_name(EEXIST), "EEXIST") == 0);
	EXPECT(pshm_error_number("EWOULDBLOCK") == EWOULDBLOCK);
	EXPECT(strcmp(pshm_strerror(EEXIST, text, sizeof(text)), strerror(EEXIST)) == 0);
	EXPECT(strcmp(pshm_strerror(4711, text, sizeof(text)), "Unknown error 4711") == 0);
	EXPECT(errno == EINVAL);
	EXPECT(pshm_mode_from_text("user-read|wusr", &mode) == 0 && mode == 0600);
	return 0;
}

static int objects(char *name)
{
	struct pshm_how how = { PSHM_RDWR, 0640, PSHM_EXISTS_ERROR, PSHM_MISSING_CREATE };
	struct pshm_mapping mapping;
	struct stat st;
	int fd;

	EXPECT(pshm_open("no-slash", PSHM_RDWR, 0) == -1 && errno == EINVAL);
	EXPECT(pshm_map_open(&mapping, name, &how, 5000) == 0);
	memcpy(mapping.addr, "hello", 5);
	EXPECT(pshm_fstat(mapping.fd, &st) == 0);
	EXPECT(st.st_size == 5000 && (st.st_mode & 0777) == 0640);
	EXPECT(pshm_list(find, name) == 1);
	EXPECT(pshm_map_close(&mapping) == 0);
	EXPECT(pshm_unlink(name) == 0);
	EXPECT(pshm_open(name, PSHM_RDONLY, 0) == -1 && errno == ENOENT);
	EXPECT((fd = pshm_anonymous(0600, 0)) >= 0);
	EXPECT(pshm_close(fd) == 0);
	return 0;
}

int main(void)
{
	char name[64];

	snprintf(name, sizeof(name), "/pshm-program-%p-%ld", (void *)name, (long)time(NULL));
	return errors_and_text() || objects(name);
}
