/* SPDX-License-Identifier: MIT */
/* Names: making, removing, moving, linking, listing them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operation.h"

OPERATION(unlink)
{
	finish(outcome, unlinkat(place_fd(worker, &call->at[0]), call->at[0].path, 0));
}

OPERATION(rmdir)
{
	finish(outcome, unlinkat(place_fd(worker, &call->at[0]), call->at[0].path, AT_REMOVEDIR));
}

OPERATION(mkdir)
{
	finish(outcome, mkdirat(place_fd(worker, &call->at[0]), call->at[0].path, call->mode));
}

OPERATION(rename)
{
	const struct place *from = &call->at[0], *to = &call->at[1];

	finish(outcome, renameat2(place_fd(worker, from), from->path, place_fd(worker, to),
				  to->path, call->flags));
}

OPERATION(link)
{
	const struct place *from = &call->at[0], *to = &call->at[1];

	finish(outcome, linkat(place_fd(worker, from), from->path, place_fd(worker, to), to->path,
			       (int)call->flags));
}

/* Gives an open file, perhaps one of O_TMPFILE, a name. */
OPERATION(link_fd)
{
	const struct place *to = &call->at[0];
	int fd = slot_fd(worker, call->slot), result;
	char name[24];

	snprintf(name, sizeof(name), "%d", fd);
	if (call->flags & AT_EMPTY_PATH)
		result = linkat(fd, "", place_fd(worker, to), to->path, AT_EMPTY_PATH);
	else
		result = linkat(worker->proc_fd, name, place_fd(worker, to), to->path,
				AT_SYMLINK_FOLLOW);
	finish(outcome, result);
}

OPERATION(symlink)
{
	const struct place *at = &call->at[0];

	finish(outcome, symlinkat("anywhere", place_fd(worker, at), at->path));
}

OPERATION(mknod)
{
	const struct place *at = &call->at[0];

	finish(outcome, mknodat(place_fd(worker, at), at->path, call->flags | call->mode, 0));
}

enum { LIST_MOST = 4096 };

/* One entry of a listing, as the text that is compared. */
static char *describe(int dir, const struct dirent64 *entry)
{
	bool dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	struct stat st;
	int known = fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW);
	char *text;

	/* The root directory's own entries tell of what it is mounted on. */
	if (asprintf(&text, "%s type %d %s", entry->d_name, entry->d_type,
		     known < 0				 ? strerrorname_np(errno)
		     : dots || st.st_ino == entry->d_ino ? "the same inode"
							 : "another inode") < 0)
		abort();
	return text;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int64_t list(struct worker *worker, int dir, char **lines, int *err)
{
	int64_t n = 0;
	ssize_t got;

	while ((got = getdents64(dir, worker->buffer, 8192)) > 0) {
		for (ssize_t at = 0; at < got && n < LIST_MOST;) {
			struct dirent64 *entry = (void *)(worker->buffer + at);

			lines[n++] = describe(dir, entry);
			at += entry->d_reclen;
		}
	}
	*err = got < 0 ? errno : 0;
	return n;
}

/* All names of the directory, in order, with their type and whether the inode number is the file's.
 */
static void report_list(struct worker *worker, int dir, struct outcome *outcome)
{
	static char *lines[LIST_MOST];
	int err;
	int64_t n = list(worker, dir, lines, &err);
	size_t used = 0;

	qsort(lines, (size_t)n, sizeof(lines[0]), by_text);
	for (int64_t i = 0; i < n; i++) {
		outcome->hash = hash_bytes(outcome->hash, lines[i], strlen(lines[i]) + 1);
		if (used < sizeof(outcome->text))
			used += (size_t)snprintf(outcome->text + used, sizeof(outcome->text) - used,
						 "%s; ", lines[i]);
		free(lines[i]);
	}
	outcome->values[0] = err;
	finish(outcome, n);
}

OPERATION(readdir)
{
	const struct place *at = &call->at[0];
	int fd = openat(place_fd(worker, at), at->path, O_RDONLY | O_DIRECTORY);

	if (fd < 0) {
		finish(outcome, -1);
		return;
	}
	report_list(worker, fd, outcome);
	close(fd);
}

OPERATION(getdents)
{
	int fd = slot_fd(worker, call->slot);
	struct stat st;

	/* Only the start of a directory is an offset with the same meaning everywhere. */
	if (fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		finish(outcome, -1);
	else
		report_list(worker, fd, outcome);
}
