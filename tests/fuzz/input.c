/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <string.h>

uint8_t input_byte(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

uint64_t input_number(struct input *input)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		4095,
		4096,
		4097,
		8192,
		65536,
		1 << 20,
		2097152,
		2097153,
		INT32_MAX,
		UINT32_MAX,
		1ULL << 40,
		1 << 12,
		INT64_MAX - 4095,
		INT64_MAX - 1,
		INT64_MAX,
	};
	const uint8_t which = input_byte(input);

	if (which < sizeof(edges) / sizeof(*edges))
		return edges[which];
	return (uint64_t)which << (input_byte(input) % 24);
}

uint64_t input_offset(struct input *input)
{
	return input_number(input) & INT64_MAX;
}

/* The percent sign stands for the separator. */
static const char *const names[] = {
	"left",	       "right",	   "team",	"cam",
	"lock",	       "sem.lock", "sem.team",	"sem.team%lock",
	"sem.",	       "team%",	   "team%left", "team%cam%",
	"cam%left",    "%",	   "%%",	"%left",
	"left%%right", "pub1",	   "pub2",	"pub1%",
	"ro1",	       "secret",   "other",	"other%x",
	"team%pub1",   "tea",	   ".",		"..",
};

static void fill_name(char *name, size_t len)
{
	memset(name, 'n', len);
	name[len] = '\0';
}

const char *input_read_name(struct input *input, char separator, input_name name)
{
	const size_t count = sizeof(names) / sizeof(*names);
	const uint8_t which = input_byte(input);

	if (which < 0xe0) {
		strcpy(name, names[which % count]);
	} else if (which < 0xf0) {
		static const size_t lengths[] = { 200, 243, 244, 249, 250, 254, 255, 256, 1024 };

		fill_name(name, lengths[which % (sizeof(lengths) / sizeof(*lengths))]);
	} else {
		size_t len = 0;

		for (uint8_t c = input_byte(input); c != 0 && len < 64; c = input_byte(input))
			name[len++] = c == '/' ? '_' : (char)c;
		fill_name(name + len, len == 0);
	}
	for (char *c = name; *c != '\0'; c++)
		if (*c == '%')
			*c = separator;
	return name;
}
