/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <stddef.h>

/* How many bytes of UTF-8 make a character here, by the table of RFC 3629; 0: none. */
static size_t character_len(const unsigned char *at)
{
	const unsigned char first = at[0];
	const size_t len = first < 0x80	  ? 1
			   : first < 0xc2 ? 0
			   : first < 0xe0 ? 2
			   : first < 0xf0 ? 3
			   : first < 0xf5 ? 4
					  : 0;

	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	/* Not longer than need be, no surrogates, nothing beyond U+10FFFF. */
	if ((first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ||
	    (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f))
		return 0;
	return len;
}

void json_string(FILE *stream, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	fputc('"', stream);
	while (*at != '\0') {
		const size_t len = character_len(at);

		if (len == 0)
			fprintf(stream, "\\udc%02x", *at);
		else if (*at < ' ' || *at == 0x7f)
			fprintf(stream, "\\u%04x", *at);
		else if (*at == '"' || *at == '\\')
			fprintf(stream, "\\%c", *at);
		else
			fwrite(at, 1, len, stream);
		at += len == 0 ? 1 : len;
	}
	fputc('"', stream);
}
