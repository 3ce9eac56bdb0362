/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- words with a value from a list ---- */

/* clang-format off */
static const struct word data_words[] = {
	{ "auto", DATA_AUTO },
	{ "passthrough", DATA_PASSTHROUGH },
	{ "mapped", DATA_MAPPED },
	{ 0 },
};

static const struct word transport_words[] = {
	{ "auto", TRANSPORT_AUTO },
	{ "on", TRANSPORT_URING },
	{ "off", TRANSPORT_DEVICE },
	{ 0 },
};

static const struct word supervise_words[] = {
	{ "auto", SUPERVISE_AUTO },
	{ "on", SUPERVISE_ON },
	{ "off", SUPERVISE_OFF },
	{ 0 },
};

static const struct word lock_words[] = {
	{ "none", LOCAL_NONE },
	{ "flock", LOCAL_FLOCK },
	{ "posix", LOCAL_POSIX },
	{ "all", LOCAL_ALL },
	{ 0 },
};
/* clang-format on */

static int set_data(const struct parser *parser, const char *value)
{
	int data;

	if (!parse_word(data_words, value, &data))
		return parse_fail(parser, "data=%s: give auto, passthrough or mapped", value);
	parser->options->data = (enum data_path)data;
	return 0;
}

static int set_transport(const struct parser *parser, const char *value)
{
	int transport;

	if (!parse_word(transport_words, value, &transport))
		return parse_fail(parser, "io_uring=%s: give auto, on or off", value);
	parser->options->transport = (enum transport)transport;
	return 0;
}

static int set_local_lock(const struct parser *parser, const char *value)
{
	int local;

	if (!parse_word(lock_words, value, &local))
		return parse_fail(parser, "local_lock=%s: give none, flock, posix or all", value);
	parser->options->local_lock = (enum local_lock)local;
	return 0;
}

/* The kernel looks every 15 seconds, and makes 15 of less. */
static int set_request_timeout(const struct parser *parser, const char *value)
{
	const bool number = value[0] != '\0' && value[strspn(value, "0123456789")] == '\0';
	const unsigned long seconds = strtoul(value, NULL, 10);

	if (!number || (seconds > 0 && seconds < 15) || seconds > UINT16_MAX)
		return parse_fail(parser,
				  "request_timeout=%s: give 15 to 65535 seconds, or 0 for no limit",
				  value);
	parser->options->request_timeout = (uint16_t)seconds;
	return 0;
}

static int set_separator(const struct parser *parser, const char *value)
{
	/* A letter of it would split the names of semaphores, sem.x. */
	if (strlen(value) != 1 || strchr("/sem.", value[0]) != NULL)
		return parse_fail(parser,
				  "separator=%s: give one byte, none of '/', 's', 'e', 'm', '.'",
				  value);
	parser->options->separator = value[0];
	return 0;
}

/* ---- what part of the tree it is ---- */

static int set_subdir(const struct parser *parser, const char *value)
{
	if (value[strspn(value, "/")] == '\0')
		return parse_fail(parser, "subdir=%s: give a directory of the tree, as team/cam",
				  value);
	parser->options->subdir = value;
	return 0;
}

static int add_shares(const struct parser *parser, const char *value, enum sharing sharing)
{
	switch (shares_add(&parser->options->shares, value, sharing)) {
	case 0:
		return 0;
	case -EINVAL:
		return parse_fail(parser,
				  "%s=%s: give patterns of names, not empty and without a "
				  "slash, with colons between them",
				  sharing == SHARED_RW ? "share" : "share_ro", value);
	default:
		return parse_fail(parser, "out of memory");
	}
}

static int set_share(const struct parser *parser, const char *value)
{
	return add_shares(parser, value, SHARED_RW);
}

static int set_share_ro(const struct parser *parser, const char *value)
{
	return add_shares(parser, value, SHARED_RO);
}

/* ---- how much it may take ---- */

/* As tmpfs rounds it: to entire pages. */
static int set_size(const struct parser *parser, const char *value)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t memory = page * (uint64_t)sysconf(_SC_PHYS_PAGES);
	uint64_t size;

	if (!parse_amount(value, memory, &size) || size > INT64_MAX - page)
		return parse_fail(parser,
				  "size=%s: give a number of bytes, or one with k, m, g or %% (of "
				  "the machine's memory) behind it; 0 for no limit",
				  value);
	parser->options->size = (size + page - 1) / page * page;
	return 0;
}

static int set_nr_inodes(const struct parser *parser, const char *value)
{
	if (!parse_amount(value, 0, &parser->options->nr_inodes))
		return parse_fail(parser,
				  "nr_inodes=%s: give a number, or one with k, m or g behind it; 0 "
				  "for no limit",
				  value);
	return 0;
}

/* ---- plain words ---- */

static int set_allow_other(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->allow_other = true;
	return 0;
}

static int set_noallow_other(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->allow_other = false;
	return 0;
}

static int set_flat(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->flat = true;
	return 0;
}

static int set_ephemeral(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->ephemeral = true;
	return 0;
}

static int set_reserve(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->reserve = true;
	return 0;
}

static int set_ac(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->ac = true;
	return 0;
}

static int set_noac(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->ac = false;
	return 0;
}

static int set_audit(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->audit = true;
	return 0;
}

static int set_supervise(const struct parser *parser, const char *value)
{
	int supervise = SUPERVISE_ON;

	if (value != NULL && !parse_word(supervise_words, value, &supervise))
		return parse_fail(parser, "supervise=%s: give auto, on or off", value);
	parser->options->supervise = (enum supervision)supervise;
	return 0;
}

static int set_debug(const struct parser *parser, const char *value)
{
	(void)value;
	parser->options->debug = true;
	return 0;
}

static const struct option {
	const char *name;
	bool has_value;
	int (*set)(const struct parser *parser, const char *value);
} options_known[] = {
	{ "data", true, set_data },
	{ "io_uring", true, set_transport },
	{ "local_lock", true, set_local_lock },
	{ "request_timeout", true, set_request_timeout },
	{ "separator", true, set_separator },
	{ "subdir", true, set_subdir },
	{ "share", true, set_share },
	{ "share_ro", true, set_share_ro },
	{ "ephemeral", false, set_ephemeral },
	{ "map_uid", true, parse_map_uid },
	{ "map_gid", true, parse_map_gid },
	{ "uid", true, parse_uid },
	{ "gid", true, parse_gid },
	{ "create_mode", true, parse_create_mode },
	{ "size", true, set_size },
	{ "nr_inodes", true, set_nr_inodes },
	{ "reserve", false, set_reserve },
	{ "allow_other", false, set_allow_other },
	{ "noallow_other", false, set_noallow_other },
	{ "ac", false, set_ac },
	{ "noac", false, set_noac },
	{ "flat", false, set_flat },
	{ "audit", false, set_audit },
	{ "supervise", false, set_supervise },
	{ "supervise", true, set_supervise },
	{ "debug", false, set_debug },
};

/* clang-format off */

/* Passed on to mount(2), by way of libfuse. */
static const char *const options_of_mount[] = {
	"ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async",
	"dirsync", "atime", "noatime", "diratime", "nodiratime", NULL,
};

/* Words of fstab(5) that are for others, or for nobody. */
static const char *const options_ignored[] = {
	"defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "nofail",
	"_netdev", "relatime", "norelatime", "strictatime", "default_permissions", NULL,
};
/* clang-format on */

static bool is_listed(const char *const *list, const char *word)
{
	while (*list != NULL && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

static bool is_comment(const char *word)
{
	return strncmp(word, "x-", 2) == 0 || strncmp(word, "X-", 2) == 0 ||
	       strncmp(word, "comment=", 8) == 0 || strncmp(word, "uhelper=", 8) == 0;
}

int parse_pass_on(const struct parser *parser, const char *word)
{
	char *old = parser->options->mount_options;
	char *joined;

	if (asprintf(&joined, "%s,%s", old, word) < 0)
		return parse_fail(parser, "out of memory");
	free(old);
	parser->options->mount_options = joined;
	return 0;
}

static int set_option(const struct parser *parser, char *word)
{
	char *value = strchr(word, '=');
	const size_t len = value != NULL ? (size_t)(value - word) : strlen(word);
	const struct option *other = NULL;

	for (size_t i = 0; i < sizeof(options_known) / sizeof(*options_known); i++) {
		const struct option *option = &options_known[i];

		if (strlen(option->name) != len || strncmp(option->name, word, len) != 0)
			continue;
		if (option->has_value == (value != NULL))
			return option->set(parser, value != NULL ? value + 1 : NULL);
		other = option;
	}
	if (other != NULL)
		return parse_fail(parser, "option '%s' %s value", other->name,
				  other->has_value ? "needs a" : "takes no");
	if (is_listed(options_of_mount, word))
		return parse_pass_on(parser, word);
	if (word[0] == '\0' || is_listed(options_ignored, word) || is_comment(word))
		return 0;
	return parse_fail(parser, "unknown option '%s': see shmfuse --help", word);
}

/* The words between the commas; the argument is the process's own to change. */
int parse_mount_options(const struct parser *parser, char *list)
{
	int error = 0;
	char *word;

	while (error == 0 && (word = strsep(&list, ",")) != NULL)
		error = set_option(parser, word);
	return error;
}
