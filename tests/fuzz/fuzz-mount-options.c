/* SPDX-License-Identifier: MIT */
/* The words of -o. Input: the list, with commas. */
#include "fuzz.h"

#include "options.h"

#include <stdlib.h>
#include <string.h>

#define MOST_WORDS 32
#define MOST_BYTES 1024

struct outcome {
	char bytes[MOST_BYTES + 1]; /* which the options point into */
	struct options options;
	message_line message;
	int result;
};

static struct outcome *parse(const char *list, bool each_apart)
{
	char name[] = "shmfuse", option[] = "-o", mountpoint[] = "/mnt";
	char *argv[2 * MOST_WORDS + 4] = { name };
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	char *rest = outcome->bytes, *word = rest;
	int argc = 1;

	REQUIRE(outcome != NULL);
	strcpy(outcome->bytes, list);
	do {
		if (each_apart)
			word = strsep(&rest, ",");
		argv[argc++] = option;
		argv[argc++] = word;
	} while (each_apart && rest != NULL && argc < 2 * MOST_WORDS);
	argv[argc++] = mountpoint;
	outcome->result = options_parse(&outcome->options, argc, argv, outcome->message);
	return outcome;
}

static void outcome_free(struct outcome *outcome)
{
	options_free(&outcome->options);
	free(outcome);
}

/* ---- what is understood makes sense ---- */

/* No two ids are ever one. */
static void check_id(const struct id_map *map, uint32_t id)
{
	const uint32_t shown = id_shown(map, id);
	uint32_t host;

	if (shown != map->overflow)
		REQUIRE(id_of_caller(map, shown, &host) && host == id);
	if (id_of_caller(map, id, &host))
		REQUIRE(id_shown(map, host) == id);
}

static void check_ids(const struct id_map *map)
{
	if (map->is_one) {
		REQUIRE(map->count == 0 && map->id != NO_ID);
		return;
	}
	REQUIRE(map->count <= OWNER_PAIRS);
	for (size_t i = 0; i < map->count; i++) {
		REQUIRE(map->pairs[i].host != NO_ID && map->pairs[i].view != NO_ID);
		check_id(map, map->pairs[i].host);
		check_id(map, map->pairs[i].view);
		REQUIRE(id_shown(map, map->pairs[i].host) == map->pairs[i].view);
	}
	check_id(map, 0);
	check_id(map, 1000);
}

/* Each word for mount(2) is one of those that man 8 shmfuse has. */
static void check_passed_on(const char *words)
{
	static const char begin[] = "fsname=shm,subtype=shmfuse,default_permissions";
	static const char known[] = ",ro,rw,suid,nosuid,dev,nodev,exec,noexec,sync,async,dirsync,"
				    "atime,noatime,diratime,nodiratime,allow_other,";

	REQUIRE(strncmp(words, begin, strlen(begin)) == 0);
	for (words += strlen(begin); *words != '\0';) {
		const size_t len = 1 + strcspn(words + 1, ",");
		char word[32] = "";

		REQUIRE(*words == ',' && len > 1 && len < sizeof(word) - 1);
		memcpy(word, words, len);
		REQUIRE(strstr(known, strcat(word, ",")) != NULL);
		words += len;
	}
}

static void check_meaning(const struct options *options)
{
	REQUIRE(options->separator != '\0' && strchr("/sem.", options->separator) == NULL);
	REQUIRE(options->size % 4096 == 0 && options->size <= INT64_MAX);
	REQUIRE(options->nr_inodes <= INT64_MAX);
	REQUIRE(!options->flat || options->subdir == NULL);
	REQUIRE(!options->ephemeral || options->subdir != NULL);
	REQUIRE(options->subdir == NULL || options->subdir[strspn(options->subdir, "/")] != '\0');
	REQUIRE(options->supervise == SUPERVISE_OFF || options->transport != TRANSPORT_URING);
	REQUIRE(options->request_timeout == 0 ||
		(options->request_timeout >= 15 && options->local_lock == LOCAL_ALL));
	REQUIRE(options->owners.create_mode >= -1 && options->owners.create_mode <= 0777);
	for (size_t i = 0; i < options->shares.count; i++) {
		const char *pattern = options->shares.list[i].pattern;

		REQUIRE(pattern[0] != '\0' && strpbrk(pattern, "/:,") == NULL);
	}
	check_ids(&options->owners.users);
	check_ids(&options->owners.groups);
	check_passed_on(options->mount_options);
}

/* ---- the same words mean the same ---- */

static bool is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_shares(const struct shares *a, const struct shares *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].sharing != b->list[i].sharing ||
		    strcmp(a->list[i].pattern, b->list[i].pattern) != 0)
			return false;
	return true;
}

static bool is_same(const struct options *a, const struct options *b)
{
	return a->data == b->data && a->transport == b->transport &&
	       a->local_lock == b->local_lock && a->request_timeout == b->request_timeout &&
	       a->supervise == b->supervise && a->allow_other == b->allow_other &&
	       a->debug == b->debug && a->ac == b->ac && a->flat == b->flat &&
	       a->audit == b->audit && a->size == b->size && a->nr_inodes == b->nr_inodes &&
	       a->reserve == b->reserve && a->separator == b->separator &&
	       a->ephemeral == b->ephemeral && is_same_text(a->subdir, b->subdir) &&
	       is_same_shares(&a->shares, &b->shares) &&
	       memcmp(&a->owners, &b->owners, sizeof(a->owners)) == 0 &&
	       is_same_text(a->mount_options, b->mount_options);
}

static void check_list(const char *list)
{
	struct outcome *joined = parse(list, false), *apart = parse(list, true);

	REQUIRE(joined->result == apart->result);
	if (joined->result < 0) {
		REQUIRE(joined->message[0] != '\0');
		REQUIRE(strcmp(joined->message, apart->message) == 0);
	} else {
		check_meaning(&joined->options);
		REQUIRE(is_same(&joined->options, &apart->options));
	}
	outcome_free(joined);
	outcome_free(apart);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char list[MOST_BYTES + 1];
	size_t words = 1;

	if (size > MOST_BYTES)
		size = MOST_BYTES;
	memcpy(list, data, size);
	list[size] = '\0';
	for (const char *c = list; *c != '\0'; c++)
		words += *c == ',';
	if (words < MOST_WORDS)
		check_list(list);
	return 0;
}
