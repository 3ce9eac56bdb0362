/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 0))) static void print(message_line message, const char *format,
							va_list args)
{
	vsnprintf(message, sizeof(message_line), format, args);
	for (char *c = message; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

int fail(message_line message, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(message, format, args);
	va_end(args);
	return -1;
}

void log_event(const char *format, ...)
{
	message_line message;
	va_list args;

	va_start(args, format);
	print(message, format, args);
	va_end(args);
	fprintf(stderr, "shmfuse-volumed: %s\n", message);
}
