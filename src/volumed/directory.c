/* SPDX-License-Identifier: MIT */
#include "directory.h"

#include "posix_shm.h"
#include "settings.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>

#define SEPARATOR '%'

/* An object's name: slash, directories with a separator behind each, and a byte. */
typedef char marker_name[DIRECTORY_LENGTH + 4];

/* The marker of the first len bytes of the path: "/a%b%" of "a/b". */
static void marker_of(const char *path, size_t len, marker_name marker)
{
	marker[0] = '/';
	for (size_t i = 0; i < len; i++)
		marker[i + 1] = path[i] == '/' ? SEPARATOR : path[i];
	marker[len + 1] = SEPARATOR;
	marker[len + 2] = '\0';
}

/* Is name the marker's directory's, or of a semaphore in it, and not the marker? */
static bool is_below(const char *name, const char *marker)
{
	const size_t len = strlen(marker + 1);

	name++;
	if (strncmp(name, "sem.", 4) == 0)
		name += 4;
	return strncmp(name, marker + 1, len) == 0 && name[len] != '\0';
}

static int stop_if_below(const char *name, void *arg)
{
	return is_below(name, arg) ? 1 : 0;
}

static bool is_there(const char *name)
{
	const int fd = pshm_open(name, PSHM_RDONLY, 0);

	if (fd >= 0)
		pshm_close(fd);
	return fd >= 0;
}

/* Whether a file of the tree has the directory's name. */
static bool is_in_the_way(const char *marker)
{
	marker_name file;

	strcpy(file, marker);
	file[strlen(file) - 1] = '\0';
	return is_there(file);
}

static int make_marker(const char *marker, mode_t mode)
{
	const int fd = pshm_create(marker, PSHM_RDONLY, 0);
	int result;

	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	/* With the sticky bit, which is none of the modes of objects. */
	result = pshm_fchmod(fd, mode);
	pshm_close(fd);
	return result;
}

/* What of the path is the volume's own when this directory of it is there. */
static int make_one(const char *path, size_t len, mode_t mode, unsigned *own, message_line message)
{
	marker_name marker;
	int used;

	marker_of(path, len, marker);
	if (is_there(marker)) {
		*own = 0;
		return 0;
	}
	if (is_in_the_way(marker))
		return fail(message,
			    "directory '%s': '%.*s' is an object already: remove it, or give "
			    "another directory by subdir=",
			    path, (int)len, path);
	used = pshm_list(stop_if_below, marker);
	if (used < 0 || make_marker(marker, mode) < 0)
		return fail(message, "cannot make the directory '%.*s': %s", (int)len, path,
			    strerror(errno));
	*own = used > 0 ? 0 : *own + 1;
	return 0;
}

int directory_make(const char *path, mode_t mode, unsigned *made, message_line message)
{
	unsigned own = 0;
	size_t len = 0;

	do {
		len += strcspn(path + len, "/");
		if (make_one(path, len, path[len] == '\0' ? mode : 0755, &own, message) < 0)
			return -1;
	} while (path[len++] == '/');
	if (own > *made)
		*made = own;
	return 0;
}

int directory_use(const char *path)
{
	marker_name marker;
	int fd;

	marker_of(path, strlen(path), marker);
	fd = pshm_open(marker, PSHM_RDONLY, 0);
	/* Not waited for: who has it alone is about to remove what is there. */
	if (fd >= 0)
		flock(fd, LOCK_SH | LOCK_NB);
	return fd;
}

static int unlink_if_below(const char *name, void *arg)
{
	if (is_below(name, arg) && pshm_unlink(name) < 0 && errno != ENOENT)
		return errno;
	return 0;
}

static int remove_marker(const char *marker)
{
	return pshm_unlink(marker) == 0 || errno == ENOENT ? 0 : -1;
}

static void remove_empty_parents(const char *path, size_t len, unsigned made)
{
	marker_name marker;

	while (made-- > 0 && len > 0) {
		while (len > 0 && path[len - 1] != '/')
			len--;
		if (len == 0)
			return;
		marker_of(path, --len, marker);
		if (pshm_list(stop_if_below, marker) != 0 || remove_marker(marker) < 0)
			return;
	}
}

int directory_remove(const char *path, unsigned made, message_line message)
{
	const size_t len = strlen(path);
	marker_name marker;
	int error;

	if (made == 0)
		return 0;
	marker_of(path, len, marker);
	error = pshm_list(unlink_if_below, marker);
	if (error == 0 && remove_marker(marker) < 0)
		error = errno;
	if (error != 0)
		return fail(message, "cannot remove all of the directory '%s': %s", path,
			    strerror(error > 0 ? error : errno));
	remove_empty_parents(path, len, made - 1);
	return 0;
}
