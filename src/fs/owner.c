/* SPDX-License-Identifier: MIT */
#include "owner.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define USUAL_OVERFLOW 65534

/* What the kernel shows for ids that have no place in a namespace. */
static uint32_t read_overflow(const char *path)
{
	FILE *file = fopen(path, "re");
	uint32_t id = USUAL_OVERFLOW;

	if (file == NULL)
		return id;
	if (fscanf(file, "%u", &id) != 1)
		id = USUAL_OVERFLOW;
	fclose(file);
	return id;
}

void owners_init(struct owners *owners)
{
	*owners = (struct owners){
		.users.overflow = read_overflow("/proc/sys/kernel/overflowuid"),
		.groups.overflow = read_overflow("/proc/sys/kernel/overflowgid"),
		.create_mode = -1,
	};
}

static const struct id_pair *pair_of_host(const struct id_map *map, uint32_t host)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->pairs[i].host == host)
			return &map->pairs[i];
	return NULL;
}

static const struct id_pair *pair_of_view(const struct id_map *map, uint32_t view)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->pairs[i].view == view)
			return &map->pairs[i];
	return NULL;
}

bool id_map_add(struct id_map *map, uint32_t host, uint32_t view)
{
	if (pair_of_host(map, host) != NULL || pair_of_view(map, view) != NULL)
		return false;
	map->pairs[map->count++] = (struct id_pair){ .host = host, .view = view };
	return true;
}

/* ---- by the pairs alone ---- */

static uint32_t to_view(const struct id_map *map, uint32_t host)
{
	const struct id_pair *pair = pair_of_host(map, host);

	if (pair != NULL)
		return pair->view;
	return pair_of_view(map, host) != NULL ? map->overflow : host;
}

static bool to_host(const struct id_map *map, uint32_t view, uint32_t *host)
{
	const struct id_pair *pair = pair_of_view(map, view);

	if (view == NO_ID || (pair == NULL && pair_of_host(map, view) != NULL))
		return false;
	*host = pair != NULL ? pair->host : view;
	return true;
}

/* ---- owners and callers ---- */

uint32_t id_shown(const struct id_map *map, uint32_t host)
{
	return map->is_one ? map->id : to_view(map, host);
}

bool id_of_caller(const struct id_map *map, uint32_t view, uint32_t *host)
{
	if (!map->is_one || view == NO_ID)
		return to_host(map, view, host);
	*host = map->id;
	return true;
}

int id_given(const struct id_map *map, uint32_t view, uint32_t *host)
{
	*host = NO_ID;
	if (view == NO_ID)
		return 0;
	if (map->is_one)
		return view == map->id ? 0 : -EPERM;
	return to_host(map, view, host) ? 0 : -EOVERFLOW;
}

void owners_show(const struct owners *owners, struct stat *st)
{
	const uid_t uid = id_shown(&owners->users, st->st_uid);
	const gid_t gid = id_shown(&owners->groups, st->st_gid);

	if (uid != st->st_uid && !S_ISDIR(st->st_mode))
		st->st_mode &= ~(mode_t)S_ISUID;
	if (gid != st->st_gid && !S_ISDIR(st->st_mode))
		st->st_mode &= ~(mode_t)S_ISGID;
	st->st_uid = uid;
	st->st_gid = gid;
}

/* ---- access control lists: linux/posix_acl_xattr.h ---- */

#define ACL_VERSION   2
#define ACL_TAG_USER  0x02
#define ACL_TAG_GROUP 0x08

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

/* The map that the entry's id belongs to, or NULL. */
static const struct id_map *map_of_entry(const struct owners *owners, const struct acl_entry *entry)
{
	switch (le16toh(entry->tag)) {
	case ACL_TAG_USER:
		return &owners->users;
	case ACL_TAG_GROUP:
		return &owners->groups;
	default:
		return NULL;
	}
}

/* How many entries the value has behind its version; none where it is no ACL. */
static size_t acl_count(const void *value, size_t size)
{
	uint32_t version;

	if (size < sizeof(version))
		return 0;
	memcpy(&version, value, sizeof(version));
	if (le32toh(version) != ACL_VERSION)
		return 0;
	return (size - sizeof(version)) / sizeof(struct acl_entry);
}

static void *acl_at(void *value, size_t i)
{
	return (char *)value + sizeof(uint32_t) + i * sizeof(struct acl_entry);
}

void owners_show_acl(const struct owners *owners, void *value, size_t size)
{
	for (size_t i = 0, count = acl_count(value, size); i < count; i++) {
		const struct id_map *map;
		struct acl_entry entry;

		memcpy(&entry, acl_at(value, i), sizeof(entry));
		map = map_of_entry(owners, &entry);
		if (map == NULL)
			continue;
		entry.id = htole32(to_view(map, le32toh(entry.id)));
		memcpy(acl_at(value, i), &entry, sizeof(entry));
	}
}

int owners_take_acl(const struct owners *owners, void *value, size_t size)
{
	for (size_t i = 0, count = acl_count(value, size); i < count; i++) {
		const struct id_map *map;
		struct acl_entry entry;
		uint32_t host;

		memcpy(&entry, acl_at(value, i), sizeof(entry));
		map = map_of_entry(owners, &entry);
		if (map == NULL)
			continue;
		if (!to_host(map, le32toh(entry.id), &host))
			return -EOVERFLOW;
		entry.id = htole32(host);
		memcpy(acl_at(value, i), &entry, sizeof(entry));
	}
	return 0;
}

/* ---- modes ---- */

/* Who may read a directory may search it; the sticky bit is its maker's. */
mode_t owners_mode(const struct owners *owners, mode_t wanted, bool directory)
{
	const mode_t mode = (mode_t)owners->create_mode;

	if (owners->create_mode < 0)
		return wanted;
	return directory ? mode | (mode & 0444) >> 2 | (wanted & S_ISVTX) : mode;
}
