/* SPDX-License-Identifier: MIT */
#include "proc_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* A number that begins right here: no space before it, no sign. */
static bool take_number(const char **at, int base, unsigned long *number)
{
	char *end;

	if (!isxdigit((unsigned char)**at))
		return false;
	errno = 0;
	*number = strtoul(*at, &end, base);
	if (errno != 0 || end == *at)
		return false;
	*at = end;
	return true;
}

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool take_device(const char **at, int base, dev_t *dev)
{
	unsigned long high, low;

	if (!take_number(at, base, &high) || !take(at, ':') || !take_number(at, base, &low))
		return false;
	*dev = makedev((unsigned)high, (unsigned)low);
	return true;
}

static bool take_permissions(const char **at, struct map_line *map)
{
	const char *perms = *at;

	if (strnlen(perms, 4) < 4)
		return false;
	map->read = perms[0] == 'r';
	map->write = perms[1] == 'w';
	map->shared = perms[3] == 's';
	*at += 4;
	return perms[3] == 's' || perms[3] == 'p';
}

/* 7f9a6b5e5000-7f9a6b5e6000 rw-s 00000000 00:2e 3      /dev/shm/left */
bool proc_map_line(const char *line, struct map_line *map)
{
	unsigned long start, end, off, ino;

	if (!take_number(&line, 16, &start) || !take(&line, '-') || !take_number(&line, 16, &end) ||
	    !take(&line, ' ') || !take_permissions(&line, map) || !take(&line, ' ') ||
	    !take_number(&line, 16, &off) || !take(&line, ' ') ||
	    !take_device(&line, 16, &map->dev) || !take(&line, ' ') ||
	    !take_number(&line, 10, &ino))
		return false;
	map->ino = ino;
	map->path = line + strspn(line, " ");
	return true;
}

/* 92 71 0:46 / /mnt/shm rw,nosuid shared:3 - fuse.shmfuse shm rw,user_id=0
 * Spaces within a field are written as \040. */
bool proc_mount_line(const char *line, struct mount_line *mount)
{
	unsigned long id, parent;
	const char *rest;

	if (!take_number(&line, 10, &id) || !take(&line, ' ') || !take_number(&line, 10, &parent) ||
	    !take(&line, ' ') || !take_device(&line, 10, &mount->dev))
		return false;
	rest = strstr(line, " - ");
	if (rest == NULL)
		return false;
	mount->type = rest + strlen(" - ");
	mount->type_len = strcspn(mount->type, " \n");
	return mount->type_len > 0;
}

bool proc_number(const char *line, const char *word, int base, unsigned long *number)
{
	const size_t len = strlen(word);

	if (strncmp(line, word, len) != 0 || line[len] != ':')
		return false;
	line += len + 1;
	line += strspn(line, " \t");
	return take_number(&line, base, number);
}

size_t proc_deleted(const char *path)
{
	static const char mark[] = " (deleted)";
	const size_t len = strlen(path), mark_len = strlen(mark);

	if (len <= mark_len || strcmp(path + len - mark_len, mark) != 0)
		return 0;
	return len - mark_len;
}
