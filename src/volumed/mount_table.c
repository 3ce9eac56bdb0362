/* SPDX-License-Identifier: MIT */
#include "mount_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct found {
	size_t count;
	bool is_shmfuse; /* the last of them, which is on top */
};

/* As the kernel writes them: "\040" for a space. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from != '\0'; to++) {
		unsigned byte;

		if (sscanf(from, "\\%3o", &byte) == 1) {
			*to = (char)byte;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* man 5 proc_pid_mountinfo: the mount point is field 5; the type follows " - ". */
static void look_at(char *line, const char *path, struct found *found)
{
	char *type = strstr(line, " - "), *mountpoint = line;

	for (int field = 0; field < 4 && mountpoint != NULL; field++) {
		mountpoint = strchr(mountpoint, ' ');
		if (mountpoint != NULL)
			mountpoint++;
	}
	if (mountpoint == NULL || type == NULL)
		return;
	mountpoint[strcspn(mountpoint, " ")] = '\0';
	unescape(mountpoint);
	if (strcmp(mountpoint, path) != 0)
		return;
	found->count++;
	found->is_shmfuse = strncmp(type + 3, "fuse.shmfuse ", 13) == 0;
}

static struct found find(const char *path)
{
	FILE *table = fopen(MOUNT_TABLE, "re");
	struct found found = { 0 };
	size_t size = 0;
	char *line = NULL;

	if (table == NULL)
		return found;
	while (getline(&line, &size, table) > 0)
		look_at(line, path, &found);
	free(line);
	fclose(table);
	return found;
}

size_t mount_table_count(const char *path)
{
	return find(path).count;
}

bool mount_table_is_shmfuse(const char *path)
{
	return find(path).is_shmfuse;
}
