/* SPDX-License-Identifier: MIT */
/*
 * The view with any names. Input: the separator, then names of objects with a
 * null byte behind each, the oldest first. All of them are empty.
 */
#include "fuzz.h"

#include "view.h"

#include <string.h>

#define MOST_NAMES 32

struct names {
	object_name list[MOST_NAMES];
	size_t count;
};

static bool may_be_object(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static size_t find(const struct names *names, const char *name)
{
	size_t i = 0;

	while (i < names->count && strcmp(names->list[i], name) != 0)
		i++;
	return i;
}

static void add(struct names *names, const char *name, size_t len)
{
	char *new = names->list[names->count];

	if (len > NAME_MAX)
		len = NAME_MAX;
	memcpy(new, name, len);
	new[len] = '\0';
	if (may_be_object(new) && find(names, new) == names->count)
		names->count++;
}

static bool is_directory(const char *marker, const char *rival, void *arg)
{
	const struct names *names = arg;
	const size_t born = find(names, marker);

	return born < names->count && born < find(names, rival);
}

static void check(const struct view *view, const struct markers *markers, const char *name)
{
	struct location place;
	object_name back, moved;

	view_locate(view, markers, name, &place);
	REQUIRE((place.directory ? view_marker(view, place.prefix, place.component, back)
				 : view_file(view, place.prefix, place.component, back)) == 0);
	REQUIRE(strcmp(back, name) == 0);
	REQUIRE(view_reaches(view, markers, place.prefix, place.component, name, place.directory));
	if (place.prefix[0] != '\0') {
		REQUIRE(view_moved(name, place.prefix, "x%y%", moved));
		REQUIRE(moved[0] != '\0' || strlen(name) > NAME_MAX - 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names names = { .count = 0 };
	const struct markers markers = { is_directory, &names };
	const char *at = (const char *)data + 1, *end = (const char *)data + size;
	struct view view = { 0 };

	if (size < 2 || data[0] == '\0' || strchr("/sem.", data[0]) != NULL)
		return 0;
	view.separator = (char)data[0];
	while (at < end && names.count < MOST_NAMES) {
		const size_t len = strnlen(at, (size_t)(end - at));

		add(&names, at, len);
		at += len + 1;
	}
	for (size_t i = 0; i < names.count; i++)
		check(&view, &markers, names.list[i]);
	return 0;
}
