/* SPDX-License-Identifier: MIT */
#include "printable.h"

#include <stdbool.h>
#include <stdio.h>

static bool is_plain(unsigned char byte)
{
	return byte >= ' ' && byte <= '~' && byte != '\\' && byte != '"';
}

size_t printable(const char *text, char *buf, size_t size)
{
	size_t len = 0;

	for (; *text != '\0'; text++) {
		const unsigned char byte = (unsigned char)*text;
		const size_t more = is_plain(byte) ? 1 : 4;

		if (len + more >= size)
			break;
		if (more == 1)
			buf[len] = (char)byte;
		else
			snprintf(buf + len, more + 1, "\\x%02x", byte);
		len += more;
	}
	buf[len] = '\0';
	return len;
}
