/* SPDX-License-Identifier: MIT */
/* Any bytes as a word of a message, and as a string of JSON: both can be read
 * back. Input: the size of a buffer, then the bytes. */
#include "fuzz.h"

#include "text/json.h"
#include "text/printable.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES 512

/* ---- printable ---- */

static unsigned hex(const char *text, int digits)
{
	char copy[8] = "", *end;
	unsigned value;

	strncat(copy, text, (size_t)digits);
	value = (unsigned)strtoul(copy, &end, 16);
	REQUIRE(end == copy + digits && copy[0] != '-' && copy[0] != '+' && copy[0] != ' ');
	return value;
}

static void check_word(const char *text, const char *word)
{
	const char *at = word;

	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*at++;

		REQUIRE(byte >= ' ' && byte <= '~' && byte != '"');
		if (byte == '\\') {
			REQUIRE(*at == 'x');
			byte = (unsigned char)hex(at + 1, 2);
			at += 3;
		}
		REQUIRE(byte == (unsigned char)*text);
	}
	REQUIRE(*at == '\0');
}

static void check_printable(const char *text, size_t size)
{
	char word[PRINTABLE_SIZE(MOST_BYTES)], *cut = malloc(size);
	size_t len;

	REQUIRE(cut != NULL);
	REQUIRE(printable(text, word, sizeof(word)) == strlen(word));
	check_word(text, word);
	len = printable(text, cut, size);
	REQUIRE(len == strlen(cut) && strncmp(cut, word, len) == 0);
	REQUIRE(len < size && (word[len] == '\0' || len + 4 >= size));
	free(cut);
}

/* ---- JSON: a reader of its own, for strings as json.h promises them ---- */

/* One character of UTF-8 as it stands: its length. */
static size_t plain_len(const unsigned char *at)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const size_t len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	uint32_t value = len == 1 ? at[0] : at[0] & (0xffU >> (len + 1));

	REQUIRE(at[0] >= ' ' && at[0] != 0x7f && at[0] < 0xf8);
	for (size_t i = 1; i < len; i++) {
		REQUIRE((at[i] & 0xc0) == 0x80);
		value = value << 6 | (at[i] & 0x3f);
	}
	REQUIRE(value >= least[len] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff));
	return len;
}

/* The byte that an escape stands for; *at is behind it then. */
static unsigned char read_escape(const char **at)
{
	unsigned value;

	if (**at == '"' || **at == '\\')
		return (unsigned char)*(*at)++;
	REQUIRE(**at == 'u');
	value = hex(*at + 1, 4);
	*at += 5;
	if ((value & 0xff00) == 0xdc00)
		REQUIRE((value & 0xff) >= 0x80);
	else
		REQUIRE(value < ' ' || value == 0x7f);
	return (unsigned char)value;
}

static void check_string(const char *text, const char *json)
{
	const char *at = json;

	REQUIRE(*at++ == '"');
	while (*at != '"') {
		if (*at == '\\') {
			at++;
			REQUIRE((unsigned char)*text++ == read_escape(&at));
		} else {
			const size_t len = plain_len((const unsigned char *)at);

			REQUIRE(strncmp(text, at, len) == 0);
			text += len;
			at += len;
		}
	}
	REQUIRE(*text == '\0' && at[1] == '\0');
}

static void check_json(const char *text)
{
	char *json = NULL;
	size_t size;
	FILE *stream = open_memstream(&json, &size);

	REQUIRE(stream != NULL);
	json_string(stream, text);
	fclose(stream);
	check_string(text, json);
	free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[MOST_BYTES + 1];

	if (size < 1)
		return 0;
	size--;
	if (size > MOST_BYTES)
		size = MOST_BYTES;
	memcpy(text, data + 1, size);
	text[size] = '\0';
	check_printable(text, 1 + data[0]);
	check_json(text);
	return 0;
}
