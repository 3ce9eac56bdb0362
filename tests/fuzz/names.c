/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <string.h>

bool may_be_object(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

size_t names_find(const struct names *names, const char *name)
{
	size_t i = 0;

	while (i < names->count && strcmp(names->list[i], name) != 0)
		i++;
	return i;
}

const char *names_add(struct names *names, const char *at, const char *end)
{
	const size_t len = strnlen(at, (size_t)(end - at));
	const size_t kept = len < NAME_MAX ? len : NAME_MAX;
	char *new = names->list[names->count];

	memcpy(new, at, kept);
	new[kept] = '\0';
	if (may_be_object(new) && names_find(names, new) == names->count)
		names->count++;
	return at + len + (at + len < end);
}

static bool is_directory(const char *marker, const char *rival, void *arg)
{
	const struct names *names = arg;
	const size_t born = names_find(names, marker);

	return born < names->count && born < names_find(names, rival);
}

struct markers names_markers(struct names *names)
{
	return (struct markers){ is_directory, names };
}
