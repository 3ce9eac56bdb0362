/* SPDX-License-Identifier: MIT */
/*
 * The library's words: flags, modes, names of errors, names of objects. Input: a
 * number of four bytes, then text.
 */
#include "fuzz.h"

#include "posix_shm.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES 1024

/* ---- flags: all kinds alike ---- */

static int mode_from_text(const char *text, int *value)
{
	mode_t mode = 0;
	const int result = pshm_mode_from_text(text, &mode);

	*value = (int)mode;
	return result;
}

static int mode_to_long_text(int value, char *buf, size_t size)
{
	return pshm_mode_to_text((mode_t)value, PSHM_LONG, buf, size);
}

static int mode_to_short_text(int value, char *buf, size_t size)
{
	return pshm_mode_to_text((mode_t)value, PSHM_SHORT, buf, size);
}

static const struct kind {
	int (*from_text)(const char *text, int *value);
	int (*to_text)(int value, char *buf, size_t size);
} kinds[] = {
	{ pshm_oflag_from_text, pshm_oflag_to_text },
	{ pshm_prot_from_text, pshm_prot_to_text },
	{ pshm_map_flags_from_text, pshm_map_flags_to_text },
	{ mode_from_text, mode_to_long_text },
	{ mode_from_text, mode_to_short_text },
};

/* A value that has a text has it back, in a buffer of just that size. */
static void check_value(const struct kind *kind, int value)
{
	char text[PSHM_TEXT_SIZE], *exact;
	int back = ~value;
	size_t size;

	if (kind->to_text(value, text, sizeof(text)) < 0) {
		REQUIRE(errno == EINVAL);
		return;
	}
	REQUIRE(kind->from_text(text, &back) == 0 && back == value);
	size = strlen(text) + 1;
	exact = malloc(size);
	REQUIRE(exact != NULL);
	REQUIRE(kind->to_text(value, exact, size) == 0 && strcmp(exact, text) == 0);
	REQUIRE(kind->to_text(value, exact, size - 1) < 0 && errno == ERANGE);
	free(exact);
}

/* What a text means has a text. */
static void check_text(const struct kind *kind, const char *text)
{
	char back[PSHM_TEXT_SIZE];
	int value;

	if (kind->from_text(text, &value) < 0) {
		REQUIRE(errno == EINVAL);
		return;
	}
	REQUIRE(kind->to_text(value, back, sizeof(back)) == 0);
	check_value(kind, value);
}

/* ---- errors ---- */

static void check_error_number(int number)
{
	const char *name = pshm_error_name(number);
	char sentence[PSHM_STRERROR_SIZE], cut[8];

	if (name != NULL)
		REQUIRE(pshm_error_number(name) == number);
	REQUIRE(pshm_strerror(number, sentence, sizeof(sentence)) == sentence);
	REQUIRE(sentence[0] != '\0' && memchr(sentence, '\0', sizeof(sentence)) != NULL);
	pshm_strerror(number, cut, sizeof(cut));
	REQUIRE(strncmp(cut, sentence, sizeof(cut) - 1) == 0 && strlen(cut) < sizeof(cut));
}

static void check_error_name(const char *name)
{
	const int number = pshm_error_number(name);

	REQUIRE(number > 0 || (number == -1 && errno == EINVAL));
	if (number > 0)
		REQUIRE(pshm_error_name(number) != NULL);
}

/* ---- names ---- */

static void check_name(const char *name)
{
	const bool has_form = name[0] == '/' && name[1] != '\0' && strchr(name + 1, '/') == NULL &&
			      strcmp(name, "/.") != 0 && strcmp(name, "/..") != 0;
	const bool fits = strlen(name) <= 1 + PSHM_NAME_MAX;

	if (pshm_name_check(name) == 0)
		REQUIRE(has_form && fits);
	else
		REQUIRE(errno == (has_form ? ENAMETOOLONG : EINVAL) && !(has_form && fits));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[MOST_BYTES + 1];
	int number;

	if (size < sizeof(number))
		return 0;
	memcpy(&number, data, sizeof(number));
	size -= sizeof(number);
	if (size > MOST_BYTES)
		size = MOST_BYTES;
	memcpy(text, data + sizeof(number), size);
	text[size] = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		check_value(&kinds[i], number);
		check_text(&kinds[i], text);
	}
	check_error_number(number);
	check_error_name(text);
	check_name(text);
	return 0;
}
