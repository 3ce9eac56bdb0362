/* SPDX-License-Identifier: MIT */
/* Any text as a file of /proc: maps, mountinfo, fdinfo or cgroup. */
#include "fuzz.h"

#include "container.h"
#include "proc_text.h"

#include <string.h>

#define MOST_BYTES 4096

static void check_line(const char *line)
{
	const char *end = line + strlen(line);
	struct map_line map;
	struct mount_line mount;
	unsigned long number;

	if (proc_map_line(line, &map))
		REQUIRE(map.path > line && map.path <= end);
	if (proc_mount_line(line, &mount))
		REQUIRE(mount.type_len > 0 && mount.type > line &&
			mount.type + mount.type_len <= end);
	proc_number(line, "flags", 8, &number);
	proc_number(line, "ino", 10, &number);
	REQUIRE(proc_deleted(line) <= strlen(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[MOST_BYTES + 1], id[CONTAINER_SIZE];
	char *rest = text, *line;

	if (size > MOST_BYTES)
		size = MOST_BYTES;
	memcpy(text, data, size);
	text[size] = '\0';
	if (container_find(text, id)) {
		REQUIRE(id[0] != '\0' && strlen(id) < sizeof(id));
		REQUIRE(container_shown(id) > 0 && container_shown(id) < CONTAINER_SIZE);
	}
	while ((line = strsep(&rest, "\n")) != NULL)
		check_line(line);
	return 0;
}
