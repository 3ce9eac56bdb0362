/* SPDX-License-Identifier: MIT */
/* An object's memory: size, allocation, mappings; and all of it in one call. */
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "internal.h"

/* The size is a number: to set it again is to have set it once. */
int pshm_ftruncate(int fd, off_t len)
{
	int result;

	do
		result = ftruncate(fd, len);
	while (result == -1 && errno == EINTR);
	return result;
}

/* An interrupted fallocate(2) on tmpfs gives back all it has taken
 * (shmem_fallocate() in the kernel's mm/shmem.c): begun again and again, it
 * would not end under a timer that is quicker than it. So the first attempt
 * can be interrupted, and the next is made with signals blocked. The newest
 * kernels (6.18 with its fixes) let only fatal signals interrupt it. */
static int allocate_undisturbed(int fd, off_t off, off_t len)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	do /* a stopped and continued process is interrupted all the same */
		error = posix_fallocate(fd, off, len);
	while (error == EINTR);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

int pshm_allocate(int fd, off_t off, off_t len)
{
	int error = posix_fallocate(fd, off, len);

	if (error == EINTR)
		error = allocate_undisturbed(fd, off, len);
	return error ? fail_with(error) : 0;
}

void *pshm_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	if (!pshm_prot_valid(prot) || !pshm_map_flags_valid(flags)) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	return mmap(addr, len, prot, flags, fd, off);
}

int pshm_munmap(void *addr, size_t len)
{
	return munmap(addr, len);
}

/* ---- open, size and map ---- */

static int whole_size(int fd, size_t *len)
{
	struct stat st;

	if (pshm_fstat(fd, &st) == -1)
		return -1;
	if ((uintmax_t)st.st_size > SIZE_MAX)
		return fail_with(EOVERFLOW);
	*len = (size_t)st.st_size;
	return 0;
}

static int has_size(int fd, size_t len)
{
	size_t size;

	if (whole_size(fd, &size) == -1)
		return -1;
	return size < len ? fail_with(ENXIO) : 0;
}

static int give_size(int fd, size_t len)
{
	if ((uintmax_t)len > INT64_MAX) /* off_t has 64 bits */
		return fail_with(EFBIG);
	return pshm_allocate(fd, 0, (off_t)len);
}

/* On success, *len is what can be mapped. */
static int fit(int fd, int oflag, size_t *len)
{
	if (*len == 0)
		return whole_size(fd, len);
	return oflag == O_RDWR ? give_size(fd, *len) : has_size(fd, *len);
}

static int fit_and_map(struct pshm_mapping *mapping, int fd, int oflag, size_t len)
{
	int prot = oflag == O_RDWR ? PROT_READ | PROT_WRITE : PROT_READ;

	if (fit(fd, oflag, &len) == -1)
		return -1;

	void *addr = mmap(NULL, len, prot, MAP_SHARED, fd, 0);

	if (addr == MAP_FAILED)
		return -1;
	*mapping = (struct pshm_mapping){ .fd = fd, .addr = addr, .len = len };
	return 0;
}

/* What is made through a read-only descriptor stays empty: to say so before
 * anything is superseded. */
static bool makes_what_stays_empty(const struct pshm_how *how)
{
	return how && how->oflag == O_RDONLY &&
	       (how->if_missing == PSHM_MISSING_CREATE ||
		how->if_exists == PSHM_EXISTS_SUPERSEDE);
}

static void forget(const char *name, int fd, bool made)
{
	int saved = errno;

	if (made)
		pshm_unlink(name);
	errno = saved;
	pshm_discard(fd);
}

int pshm_map_open(struct pshm_mapping *mapping, const char *name, const struct pshm_how *how,
		  size_t len)
{
	bool made;

	if (!mapping)
		return fail_with(EINVAL);
	*mapping = (struct pshm_mapping){ .fd = -1 };
	if (makes_what_stays_empty(how))
		return fail_with(EINVAL);

	int fd = pshm_open_telling(name, how, &made);

	if (fd < 0)
		return fd;
	if (fit_and_map(mapping, fd, how->oflag, len) == -1) {
		forget(name, fd, made);
		return -1;
	}
	return 0;
}

int pshm_map_close(struct pshm_mapping *mapping)
{
	struct pshm_mapping old = *mapping;

	*mapping = (struct pshm_mapping){ .fd = -1 };
	if (old.fd == -1)
		return 0;
	if (pshm_munmap(old.addr, old.len) == -1) {
		pshm_discard(old.fd);
		return -1;
	}
	return pshm_close(old.fd);
}
