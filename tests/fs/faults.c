/* SPDX-License-Identifier: MIT */
/*
 * The allocations of shmfuse-faults. In the daemon's own code meson.build calls
 * them shmfuse_malloc() and so on; those of the libraries that it is linked
 * with come as __wrap_malloc(), by the linker's --wrap.
 */
#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct faults *faults;

__attribute__((constructor)) static void faults_open(void)
{
	const char *path = getenv(FAULTS_FILE);
	const int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	faults = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (faults == MAP_FAILED)
		abort();
	close(fd);
}

static bool is_due(enum fault_side side)
{
	long left = faults == NULL ? 0 : atomic_load(&faults->left[side]);

	while (left > 0 && !(left == 1 && faults->stays) &&
	       !atomic_compare_exchange_weak(&faults->left[side], &left, left - 1))
		;
	if (left != 1)
		return false;
	atomic_fetch_add(&faults->failed, 1);
	errno = ENOMEM;
	return true;
}

/* A function in both kinds; what it gives where it fails. */
#define FAULTY(result, name, parameters, arguments, fault)                   \
	result __real_##name parameters;                                     \
	result __wrap_##name parameters;                                     \
	result shmfuse_##name parameters;                                    \
	result __wrap_##name parameters                                      \
	{                                                                    \
		return is_due(IN_LIBFUSE) ? fault : __real_##name arguments; \
	}                                                                    \
	result shmfuse_##name parameters                                     \
	{                                                                    \
		return is_due(IN_SHMFUSE) ? fault : __real_##name arguments; \
	}

FAULTY(void *, malloc, (size_t size), (size), NULL)
FAULTY(void *, calloc, (size_t count, size_t size), (count, size), NULL)
FAULTY(void *, realloc, (void *block, size_t size), (block, size), NULL)
FAULTY(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size), NULL)
FAULTY(char *, strdup, (const char *text), (text), NULL)
FAULTY(char *, strndup, (const char *text, size_t len), (text, len), NULL)
FAULTY(char *, realpath, (const char *path, char *resolved), (path, resolved), NULL)
FAULTY(DIR *, fdopendir, (int fd), (fd), NULL)
FAULTY(int, pthread_create,
       (pthread_t * thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg),
       (thread, attr, run, arg), EAGAIN)

__attribute__((format(printf, 2, 3))) int shmfuse_asprintf(char **text, const char *format, ...);
int shmfuse_asprintf(char **text, const char *format, ...)
{
	va_list args;
	int len = -1;

	va_start(args, format);
	if (!is_due(IN_SHMFUSE))
		len = vasprintf(text, format, args);
	va_end(args);
	return len;
}
