/* SPDX-License-Identifier: MIT */
/*
 * The view with any names. Input: the separator, then names of objects with a
 * null byte behind each, the oldest first. All of them are empty.
 */
#include "fuzz.h"
#include "names.h"

#include <string.h>

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
	const struct markers markers = names_markers(&names);
	const char *at = (const char *)data + 1, *end = (const char *)data + size;
	struct view view = { 0 };

	if (size < 2 || data[0] == '\0' || strchr("/sem.", data[0]) != NULL)
		return 0;
	view.separator = (char)data[0];
	while (at < end && names.count < MOST_NAMES)
		at = names_add(&names, at, end);
	for (size_t i = 0; i < names.count; i++)
		check(&view, &markers, names.list[i]);
	return 0;
}
