/* SPDX-License-Identifier: MIT */
/* Objects: open, create, anonymous, unlink, close. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "internal.h"

void pshm_discard(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* POSIX lets shm_open() fail with EINTR. It does where the place of the
 * objects is itself served by a program (FUSE); nothing has been opened then,
 * so that it can simply be asked again. */
static int open_again(const char *name, int oflag, mode_t mode)
{
	int fd;

	do
		fd = shm_open(name, oflag, mode);
	while (fd == -1 && errno == EINTR);
	return fd;
}

int pshm_open(const char *name, int oflag, mode_t mode)
{
	if (!pshm_oflag_valid(oflag) || ((oflag & O_CREAT) && !pshm_mode_valid(mode)))
		return fail_with(EINVAL);
	if (pshm_name_check(name) == -1)
		return -1;
	return open_again(name, oflag, mode);
}

static void unmake(const char *name, int fd)
{
	int saved = errno;

	shm_unlink(name);
	close(fd);
	errno = saved;
}

/* A umask only takes bits away: made with mode, the object has at most mode
 * until fchmod() gives back what was taken. Changing the umask instead would
 * be seen by all threads. */
static int create_exactly(const char *name, int oflag, mode_t mode)
{
	int fd = open_again(name, oflag | O_CREAT | O_EXCL, mode);

	if (fd == -1)
		return -1;
	if (pshm_fchmod(fd, mode) == -1) {
		unmake(name, fd);
		return -1;
	}
	return fd;
}

int pshm_create(const char *name, int oflag, mode_t mode)
{
	if (!pshm_access_valid(oflag) || !pshm_mode_valid(mode))
		return fail_with(EINVAL);
	if (pshm_name_check(name) == -1)
		return -1;
	return create_exactly(name, oflag, mode);
}

/* ---- open with if-exists and if-missing ---- */

/* Some combinations can never open anything: a mistake, not a wish. */
static bool how_valid(const struct pshm_how *how)
{
	if (!how || !pshm_access_valid(how->oflag) || !pshm_mode_valid(how->mode))
		return false;
	if ((unsigned)how->if_missing > PSHM_MISSING_NOTHING)
		return false;

	switch (how->if_exists) {
	case PSHM_EXISTS_OVERWRITE:
	case PSHM_EXISTS_SUPERSEDE:
		return true;
	case PSHM_EXISTS_TRUNCATE:
		return how->oflag == O_RDWR;
	case PSHM_EXISTS_ERROR:
	case PSHM_EXISTS_NOTHING:
		return how->if_missing == PSHM_MISSING_CREATE;
	}
	return false;
}

/* EEXIST: another one was quicker. */
static int make(const char *name, const struct pshm_how *how, bool *made)
{
	int fd = create_exactly(name, how->oflag, how->mode);

	*made = fd != -1;
	return fd;
}

/* ENOENT: there was none. */
static int supersede(const char *name, const struct pshm_how *how, bool *made)
{
	if (pshm_unlink(name) == -1)
		return -1;

	for (int i = 0; i < PSHM_ATTEMPTS; i++) {
		int fd = make(name, how, made);

		if (fd != -1 || errno != EEXIST)
			return fd;
		if (pshm_unlink(name) == -1 && errno != ENOENT)
			return -1;
	}
	return fail_with(EAGAIN);
}

/* Take the object that exists. ENOENT: there was none. Without O_CREAT, which
 * Linux would refuse on another user's object (fs.protected_regular). */
static int take(const char *name, const struct pshm_how *how, bool *made)
{
	switch (how->if_exists) {
	case PSHM_EXISTS_SUPERSEDE:
		return supersede(name, how, made);
	case PSHM_EXISTS_TRUNCATE:
		return open_again(name, how->oflag | O_TRUNC, 0);
	default:
		return open_again(name, how->oflag, 0);
	}
}

/* EEXIST: one came meanwhile. */
static int do_without(const char *name, const struct pshm_how *how, bool *made)
{
	switch (how->if_missing) {
	case PSHM_MISSING_CREATE:
		return make(name, how, made);
	case PSHM_MISSING_NOTHING:
		return PSHM_NOTHING;
	default:
		return fail_with(ENOENT);
	}
}

static int take_or_make(const char *name, const struct pshm_how *how, bool *made)
{
	for (int i = 0; i < PSHM_ATTEMPTS; i++) {
		int fd = take(name, how, made);

		if (fd != -1 || errno != ENOENT)
			return fd;
		fd = do_without(name, how, made);
		if (fd != -1 || errno != EEXIST)
			return fd;
	}
	return fail_with(EAGAIN);
}

int pshm_open_telling(const char *name, const struct pshm_how *how, bool *made)
{
	*made = false;
	if (!how_valid(how))
		return fail_with(EINVAL);
	if (pshm_name_check(name) == -1)
		return -1;

	if (how->if_exists != PSHM_EXISTS_ERROR && how->if_exists != PSHM_EXISTS_NOTHING)
		return take_or_make(name, how, made);

	int fd = make(name, how, made);

	if (fd == -1 && errno == EEXIST && how->if_exists == PSHM_EXISTS_NOTHING)
		return PSHM_NOTHING;
	return fd;
}

int pshm_open_how(const char *name, const struct pshm_how *how)
{
	bool made;

	return pshm_open_telling(name, how, &made);
}

/* ---- anonymous ---- */

#define RANDOM_NAME_SIZE sizeof("/pshm-0123456789abcdef0123456789abcdef")

/* From the system's generator: a name that nobody can guess is one that nobody
 * can occupy beforehand. */
static int random_name(char name[RANDOM_NAME_SIZE])
{
	uint64_t bits[2];

	if (getentropy(bits, sizeof(bits)) == -1)
		return -1;
	snprintf(name, RANDOM_NAME_SIZE, "/pshm-%016" PRIx64 "%016" PRIx64, bits[0], bits[1]);
	return 0;
}

static int create_under_random_name(char name[RANDOM_NAME_SIZE], unsigned attempts)
{
	int fd;

	do {
		if (random_name(name) == -1)
			return -1;
		fd = open_again(name, O_RDWR | O_CREAT | O_EXCL, 0);
	} while (fd == -1 && errno == EEXIST && --attempts > 0);
	return fd;
}

int pshm_anonymous(mode_t mode, unsigned attempts)
{
	char name[RANDOM_NAME_SIZE];

	if (!pshm_mode_valid(mode))
		return fail_with(EINVAL);

	int fd = create_under_random_name(name, attempts ? attempts : PSHM_ATTEMPTS);

	if (fd == -1)
		return -1;
	if (pshm_unlink(name) == -1 || pshm_fchmod(fd, mode) == -1) {
		pshm_discard(fd);
		return -1;
	}
	return fd;
}

/* ---- the end of an object ---- */

/* EINTR as in open_again(): nothing was unlinked. */
int pshm_unlink(const char *name)
{
	int result;

	if (pshm_name_check(name) == -1)
		return -1;
	do
		result = shm_unlink(name);
	while (result == -1 && errno == EINTR);
	return result;
}

int pshm_close(int fd)
{
	if (close(fd) == -1 && errno != EINTR)
		return -1;
	return 0;
}
