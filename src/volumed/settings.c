/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum form { WORD, VALUE };

/* The options of a volume: all that there are. They go to shmfuse in this order,
 * so that the same options make the same words. Not here, and why: separator and
 * flat (the volume's directory would be another, or none), suid and dev,
 * (no)allow_other, debug. */
static const struct allowed {
	const char *name;
	enum form form;
} allowed[] = {
	/* clang-format off */
	{ "ro", WORD },
	{ "noexec", WORD },
	{ "noatime", WORD },
	{ "data", VALUE },
	{ "io_uring", VALUE },
	{ "local_lock", VALUE },
	{ "request_timeout", VALUE },
	{ "ac", WORD },
	{ "noac", WORD },
	/* The first pattern that matches counts, and engines sort options: so what
	 * must not be written comes before what may. */
	{ "share_ro", VALUE },
	{ "share", VALUE },
	{ "ephemeral", WORD },
	{ "map_uid", VALUE },
	{ "map_gid", VALUE },
	{ "uid", VALUE },
	{ "gid", VALUE },
	{ "create_mode", VALUE },
	{ "size", VALUE },
	{ "nr_inodes", VALUE },
	{ "reserve", WORD },
	{ "audit", WORD },
	{ "supervise", WORD },
	/* clang-format on */
};

#define ALLOWED_COUNT (sizeof(allowed) / sizeof(*allowed))

/* The volume's own options, which shmfuse does not get as they are. */
struct own {
	const char *name;
	const char *subdir;
	const char *mode;
};

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

int settings_check_name(const char *name, message_line message)
{
	const size_t len = strlen(name);
	size_t i = 0;

	while (is_name_byte(name[i]))
		i++;
	if (len == 0 || i < len || strchr("_.-", name[0]) != NULL)
		return fail(message,
			    "volume name '%.*s': give letters, digits, '_', '.' and '-', and a "
			    "letter or a digit first",
			    NAME_LENGTH, name);
	if (len > NAME_LENGTH)
		return fail(message, "volume name '%.20s...' is too long: give at most %d bytes",
			    name, NAME_LENGTH);
	return 0;
}

int settings_check_holder(const char *id, message_line message)
{
	size_t len = 0;

	while (is_name_byte(id[len]))
		len++;
	if (len == 0 || len > HOLDER_LENGTH || id[len] != '\0')
		return fail(message, "ID: give 1 to %d letters, digits, '_', '.' and '-'",
			    HOLDER_LENGTH);
	return 0;
}

/* A comma would begin another option. */
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f || *text == ',')
			return false;
	return true;
}

static bool is_component(const char *component, size_t len)
{
	return len > 0 && !(len == 1 && component[0] == '.') &&
	       !(len == 2 && strncmp(component, "..", 2) == 0);
}

int settings_check_directory(const char *directory, message_line message)
{
	const char *at = directory;

	if (strlen(directory) > DIRECTORY_LENGTH)
		return fail(message, "directory '%.20s...' is too long: give at most %d bytes",
			    directory, DIRECTORY_LENGTH);
	if (!is_plain(directory) || strchr(directory, '%') != NULL)
		return fail(message,
			    "directory '%s': give names without control characters, commas and "
			    "'%%', with '/' between them",
			    directory);
	if (strncmp(directory, "sem.", 4) == 0)
		return fail(message,
			    "directory '%s': names that begin with sem. are those of semaphores: "
			    "give another one by subdir=",
			    directory);
	do {
		const size_t len = strcspn(at, "/");

		if (!is_component(at, len))
			return fail(message, "directory '%s': give it as a/b, without '.' and '..'",
				    directory);
		at += len;
	} while (*at++ == '/');
	return 0;
}

static int read_directory(struct settings *settings, const char *volume, const struct own *own,
			  message_line message)
{
	const char *directory = volume;

	if (own->name != NULL && own->subdir != NULL)
		return fail(message, "name and subdir both say which directory: give one of them");
	if (own->name != NULL && strchr(own->name, '/') != NULL)
		return fail(message,
			    "name=%s: a name has no '/': give a path by subdir=", own->name);
	if (own->name != NULL)
		directory = own->name;
	if (own->subdir != NULL)
		directory = own->subdir;
	if (settings_check_directory(directory, message) < 0)
		return -1;
	strcpy(settings->directory, directory);
	return 0;
}

static int read_mode(struct settings *settings, const char *value, message_line message)
{
	settings->mode = 01777;
	if (value == NULL)
		return 0;
	if (value[0] == '\0' || strlen(value) > MODE_LENGTH ||
	    strspn(value, "01234567") != strlen(value) || strtoul(value, NULL, 8) > 01777)
		return fail(message, "mode=%s: give an octal number up to 1777", value);
	settings->mode = (mode_t)strtoul(value, NULL, 8);
	return 0;
}

static bool take_own(struct own *own, const struct volume_option *option)
{
	if (strcmp(option->name, "name") == 0)
		own->name = option->value;
	else if (strcmp(option->name, "subdir") == 0)
		own->subdir = option->value;
	else if (strcmp(option->name, "mode") == 0)
		own->mode = option->value;
	else
		return false;
	return true;
}

static int check_option(const struct volume_option *option, message_line message)
{
	size_t i = 0;

	while (i < ALLOWED_COUNT && strcmp(allowed[i].name, option->name) != 0)
		i++;
	if (i == ALLOWED_COUNT)
		return fail(message, "unknown option '%s': see shmfuse-volumed(8)", option->name);
	if (allowed[i].form == WORD && option->value[0] != '\0')
		return fail(message, "option '%s' takes no value", option->name);
	if (allowed[i].form == VALUE && option->value[0] == '\0')
		return fail(message, "option '%s' needs a value", option->name);
	if (!is_plain(option->value))
		return fail(message, "option '%s': no commas or control characters in its value",
			    option->name);
	return 0;
}

static int add_word(struct settings *settings, const struct volume_option *option,
		    message_line message)
{
	const size_t used = strlen(settings->words);
	const bool has_value = option->value[0] != '\0';
	const int count =
		snprintf(settings->words + used, sizeof(settings->words) - used, "%s%s%s%s",
			 used > 0 ? "," : "", option->name, has_value ? "=" : "", option->value);

	return (size_t)count < sizeof(settings->words) - used
		       ? 0
		       : fail(message, "the options have more than %d bytes: give fewer",
			      WORDS_LENGTH);
}

int settings_read(struct settings *settings, const char *name, const struct volume_option *options,
		  size_t count, message_line message)
{
	struct own own = { 0 };

	*settings = (struct settings){ 0 };
	for (size_t i = 0; i < count; i++)
		if (!take_own(&own, &options[i]) && check_option(&options[i], message) < 0)
			return -1;
	for (size_t a = 0; a < ALLOWED_COUNT; a++)
		for (size_t i = 0; i < count; i++)
			if (strcmp(allowed[a].name, options[i].name) == 0 &&
			    add_word(settings, &options[i], message) < 0)
				return -1;
	if (read_directory(settings, name, &own, message) < 0)
		return -1;
	return read_mode(settings, own.mode, message);
}

int settings_restore(struct settings *settings, const char *directory, const char *words,
		     const char *mode, message_line message)
{
	struct volume_option options[MOST_OPTIONS] = { { "subdir", directory }, { "mode", mode } };
	char copy[WORDS_LENGTH + 1], *rest = copy, *word;
	size_t count = 2;

	if (strlen(words) > WORDS_LENGTH)
		return fail(message, "the options have more than %d bytes", WORDS_LENGTH);
	strcpy(copy, words);
	while (words[0] != '\0' && (word = strsep(&rest, ",")) != NULL) {
		char *value = strchr(word, '=');

		if (count == MOST_OPTIONS)
			return fail(message, "more than %d options", MOST_OPTIONS);
		if (value != NULL)
			*value++ = '\0';
		options[count++] = (struct volume_option){ word, value != NULL ? value : "" };
	}
	return settings_read(settings, "", options, count, message);
}

bool settings_equal(const struct settings *a, const struct settings *b)
{
	return strcmp(a->directory, b->directory) == 0 && strcmp(a->words, b->words) == 0 &&
	       a->mode == b->mode;
}
