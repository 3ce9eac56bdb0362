/* SPDX-License-Identifier: MIT */
#include "container.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define ID_LEN 64

static size_t hex_len(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && (isdigit((unsigned char)text[i]) || (text[i] >= 'a' && text[i] <= 'f')))
		i++;
	return i;
}

static void strip_end(const char *text, size_t *len, const char *end)
{
	const size_t end_len = strlen(end);

	if (*len > end_len && memcmp(text + *len - end_len, end, end_len) == 0)
		*len -= end_len;
}

static bool strip_start(const char **text, size_t *len, const char *start)
{
	const size_t start_len = strlen(start);

	if (*len <= start_len || memcmp(*text, start, start_len) != 0)
		return false;
	*text += start_len;
	*len -= start_len;
	return true;
}

static void keep(char id[CONTAINER_SIZE], const char *text, size_t len)
{
	if (len >= CONTAINER_SIZE)
		len = CONTAINER_SIZE - 1;
	memcpy(id, text, len);
	id[len] = '\0';
}

/* docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, crio-ID.scope, by the
 * systemd manager; ID, libpod-ID and the like by cgroupfs. Their monitors
 * (libpod-conmon-ID, crio-conmon-ID) are outside of the container. */
static bool is_identifier(const char *text, size_t len, char id[CONTAINER_SIZE])
{
	const char *start = text;

	strip_end(text, &len, ".scope");
	if (len < ID_LEN)
		return false;
	start += len - ID_LEN;
	if (hex_len(start, ID_LEN) != ID_LEN || (start > text && start[-1] != '-'))
		return false;
	if ((size_t)(start - text) >= strlen("conmon-") &&
	    memcmp(start - strlen("conmon-"), "conmon-", strlen("conmon-")) == 0)
		return false;
	keep(id, start, ID_LEN);
	return true;
}

/* systemd escapes what is no letter in a name, '-' as \x2d. */
static bool is_machine(const char *text, size_t len, char id[CONTAINER_SIZE])
{
	if (strip_start(&text, &len, "lxc.payload.")) {
		keep(id, text, len);
		return true;
	}
	if (!strip_start(&text, &len, "machine-"))
		return false;
	strip_end(text, &len, ".scope");
	keep(id, text, len);
	return true;
}

/* The components of one path; a deeper one counts more. */
static bool find_in_path(const char *path, const char *end, char id[CONTAINER_SIZE])
{
	bool found = false, lxc = false;

	while (path < end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		const size_t len = (size_t)((slash != NULL ? slash : end) - path);

		if (is_identifier(path, len, id) || is_machine(path, len, id)) {
			found = true;
		} else if (lxc && len > 0) {
			keep(id, path, len);
			found = true;
		}
		lxc = len == strlen("lxc") && memcmp(path, "lxc", len) == 0;
		path += len + 1;
	}
	return found;
}

/* A line is HIERARCHY:CONTROLLERS:PATH, and none of the first two has a colon but
 * name=... of version 1, which has none either in practice. */
bool container_find(const char *cgroups, char id[CONTAINER_SIZE])
{
	while (*cgroups != '\0') {
		const char *end = cgroups + strcspn(cgroups, "\n");
		const char *path = memchr(cgroups, '/', (size_t)(end - cgroups));

		if (path != NULL && find_in_path(path, end, id))
			return true;
		cgroups = *end == '\0' ? end : end + 1;
	}
	return false;
}

int container_shown(const char *id)
{
	const size_t len = strlen(id);

	return len == ID_LEN && hex_len(id, len) == len ? CONTAINER_SHOWN : (int)len;
}
