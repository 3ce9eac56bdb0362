/* SPDX-License-Identifier: MIT */
/*
 * Bytes that a fuzzer made up, as numbers and names. What the input does not
 * have any more is 0.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct input {
	const uint8_t *at, *end;
};

uint8_t input_byte(struct input *input);
/* Numbers at which something changes, and others. */
uint64_t input_number(struct input *input);
/* The same as an offset. */
uint64_t input_offset(struct input *input);

typedef char input_name[1025]; /* FUSE_NAME_MAX, and the null byte */

/* A name from a list, a long one, or bytes of the input. Never empty and without
 * a slash, since the kernel splits paths. */
const char *input_read_name(struct input *input, char separator, input_name name);
