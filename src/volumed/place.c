/* SPDX-License-Identifier: MIT */
#include "place.h"

#include "mount_table.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

int place_make(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -1;
}

/* MS_MOVE is not possible on a shared mount, and /run is one. */
int place_move(const char *from, const char *to)
{
	if (mount(from, to, NULL, MS_BIND, NULL) < 0)
		return -1;
	umount2(from, MNT_DETACH);
	return 0;
}

void place_clear(const char *path)
{
	while (mount_table_count(path) > 0 && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
}
