/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int parse_fail(const struct parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->message, sizeof(message_line), format, args);
	va_end(args);
	return -1;
}

bool parse_word(const struct word *words, const char *name, int *value)
{
	for (; words->name != NULL; words++) {
		if (strcmp(words->name, name) == 0) {
			*value = words->value;
			return true;
		}
	}
	return false;
}

bool parse_amount(const char *text, uint64_t whole, uint64_t *value)
{
	static const char suffixes[] = "kmg";
	const char *suffix;
	uint64_t number, unit = 1;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	if (whole != 0 && strcmp(end, "%") == 0) {
		*value = whole / 100 * number + whole % 100 * number / 100;
		return number <= INT64_MAX / whole;
	}
	if (*end != '\0') {
		suffix = strchr(suffixes, tolower((unsigned char)*end));
		if (suffix == NULL || end[1] != '\0')
			return false;
		unit = (uint64_t)1 << 10 * (suffix - suffixes + 1);
	}
	*value = number * unit;
	return number <= INT64_MAX / unit;
}
