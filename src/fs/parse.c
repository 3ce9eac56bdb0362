/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int parse_fail(const struct parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->message, parser->size, format, args);
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
