/* SPDX-License-Identifier: MIT */
/*
 * Owners: which ids the mount shows, and who its callers are natively.
 *
 * HOST is an id as the objects have it, VIEW what the mount shows in its place.
 * A pair changes one for the other, in both directions; an id that is in no pair
 * stands for itself. So that no two ids are ever one: a HOST that some pair has
 * as its VIEW, and none as its HOST, is shown as the overflow id, and a caller
 * who comes with an id that pairs have as HOST alone has no identity.
 *
 * With uid= or gid= there is one owner, or group: everything is shown as his,
 * and whoever calls is him natively.
 *
 * Inside the daemon all ids are HOST ids. They become VIEW ids in the reply.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define OWNER_PAIRS 64
#define NO_ID	    UINT32_MAX

struct id_pair {
	uint32_t host, view;
};

/* Of users or of groups. */
struct id_map {
	struct id_pair pairs[OWNER_PAIRS];
	size_t count;
	bool is_one; /* all are id */
	uint32_t id;
	uint32_t overflow;
};

struct owners {
	struct id_map users, groups;
	int create_mode; /* of new files; -1: what the caller says */
};

/* Nothing mapped. */
void owners_init(struct owners *owners);

/* Whether anybody is shown, or acts, as somebody else. */
static inline bool owners_mapped(const struct owners *owners)
{
	return owners->users.count > 0 || owners->groups.count > 0 || owners->users.is_one ||
	       owners->groups.is_one;
}

/* Adds a pair. False where one of the two is in that place of another pair. */
bool id_map_add(struct id_map *map, uint32_t host, uint32_t view);

/* The owner of an object, as the mount shows it. */
uint32_t id_shown(const struct id_map *map, uint32_t host);
/* Who a caller is natively. False: he has no identity in the mount. */
bool id_of_caller(const struct id_map *map, uint32_t view, uint32_t *host);

/* What chown(2) natively takes for an id that it was given here, NO_ID for one
 * that stays as it is: 0, or -EPERM where all is one owner's, -EOVERFLOW where
 * there is none. */
int id_given(const struct id_map *map, uint32_t view, uint32_t *host);

/* A status on its way to the kernel. A file's set-ID bits, which would lend its
 * user another identity than it does natively, are not shown. */
void owners_show(const struct owners *owners, struct stat *st);

/* The ids in an ACL, as system.posix_acl_access has it: for the kernel, and
 * from it (0, or -EOVERFLOW where one is nobody here). What is no ACL is left
 * alone. */
void owners_show_acl(const struct owners *owners, void *value, size_t size);
int owners_take_acl(const struct owners *owners, void *value, size_t size);

/* What mode a new file, or directory, has with create_mode=. */
mode_t owners_mode(const struct owners *owners, mode_t wanted, bool directory);
