/* SPDX-License-Identifier: MIT */
/* The mount options map_uid, map_gid, uid, gid and create_mode. */
#include "owner.h"
#include "parse.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kind {
	const char *noun, *map_option, *one_option;
	bool (*find)(const char *name, uint32_t *id);
};

static bool find_user(const char *name, uint32_t *id)
{
	const struct passwd *user = getpwnam(name);

	if (user != NULL)
		*id = user->pw_uid;
	return user != NULL;
}

static bool find_group(const char *name, uint32_t *id)
{
	const struct group *group = getgrnam(name);

	if (group != NULL)
		*id = group->gr_gid;
	return group != NULL;
}

static const struct kind users = { "user", "map_uid", "uid", find_user };
static const struct kind groups = { "group", "map_gid", "gid", find_group };

/* A number, or the name of one. */
static bool find_id(const struct kind *kind, const char *word, uint32_t *id)
{
	unsigned long long number;
	char *end;

	if (word[0] == '\0')
		return false;
	if (word[strspn(word, "0123456789")] != '\0')
		return kind->find(word, id);
	number = strtoull(word, &end, 10);
	*id = (uint32_t)number;
	return number < NO_ID;
}

static int add_pair(const struct parser *parser, const struct kind *kind, struct id_map *map,
		    const char *host, const char *view)
{
	const char *const words[] = { host, view };
	uint32_t ids[2];

	for (int i = 0; i < 2; i++)
		if (!find_id(kind, words[i], &ids[i]))
			return parse_fail(parser, "%s: '%s' is no %s: give pairs HOST:VIEW",
					  kind->map_option, words[i], kind->noun);
	if (map->count == OWNER_PAIRS)
		return parse_fail(parser, "%s: give at most %d pairs", kind->map_option,
				  OWNER_PAIRS);
	if (ids[1] == map->overflow)
		return parse_fail(parser,
				  "%s: VIEW %u stands for those who cannot be shown: give another",
				  kind->map_option, ids[1]);
	if (!id_map_add(map, ids[0], ids[1]))
		return parse_fail(parser,
				  "%s: %s:%s contradicts a pair before: give each HOST and each "
				  "VIEW once",
				  kind->map_option, host, view);
	return 0;
}

/* A later option takes the place of an earlier one, as everywhere. */
static int set_map(const struct parser *parser, const struct kind *kind, struct id_map *map,
		   const char *value)
{
	char *list = strdup(value), *rest = list;
	int error = 0;

	if (list == NULL)
		return parse_fail(parser, "out of memory");
	map->count = 0;
	while (error == 0 && rest != NULL) {
		const char *host = strsep(&rest, ":");
		const char *view = strsep(&rest, ":");

		if (view == NULL)
			error = parse_fail(parser, "%s: '%s' has no VIEW: give pairs HOST:VIEW",
					   kind->map_option, host);
		else
			error = add_pair(parser, kind, map, host, view);
	}
	free(list);
	return error;
}

static int set_one(const struct parser *parser, const struct kind *kind, struct id_map *map,
		   const char *value)
{
	map->is_one = find_id(kind, value, &map->id);
	if (map->is_one)
		return 0;
	return parse_fail(parser, "%s: '%s' is no %s: give a number or a name", kind->one_option,
			  value, kind->noun);
}

int parse_map_uid(const struct parser *parser, const char *value)
{
	return set_map(parser, &users, &parser->options->owners.users, value);
}

int parse_map_gid(const struct parser *parser, const char *value)
{
	return set_map(parser, &groups, &parser->options->owners.groups, value);
}

int parse_uid(const struct parser *parser, const char *value)
{
	return set_one(parser, &users, &parser->options->owners.users, value);
}

int parse_gid(const struct parser *parser, const char *value)
{
	return set_one(parser, &groups, &parser->options->owners.groups, value);
}

int parse_create_mode(const struct parser *parser, const char *value)
{
	const size_t len = strlen(value);

	if (len == 0 || len > 4 || strspn(value, "01234567") != len ||
	    strtoul(value, NULL, 8) > 0777)
		return parse_fail(parser, "create_mode=%s: give an octal mode, 0 to 0777", value);
	parser->options->owners.create_mode = (int)strtoul(value, NULL, 8);
	return 0;
}

static int check_kind(const struct parser *parser, const struct kind *kind,
		      const struct id_map *map)
{
	if (map->is_one && map->count > 0)
		return parse_fail(parser, "%s and %s contradict each other: give one of them",
				  kind->one_option, kind->map_option);
	return 0;
}

int parse_check_owners(const struct parser *parser)
{
	const struct owners *owners = &parser->options->owners;
	int error = check_kind(parser, &users, &owners->users);

	if (error == 0)
		error = check_kind(parser, &groups, &owners->groups);
	if (error == 0 && owners_mapped(owners) && geteuid() != 0)
		error = parse_fail(parser,
				   "map_uid, map_gid, uid and gid need root: a user's daemon makes "
				   "everything as that user; leave them out");
	return error;
}
