/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as one word of printable ASCII, so that a name can neither forge a
 * line nor speak to a terminal.
 */
#pragma once

#include <stddef.h>

/* Room for the text of this many bytes. */
#define PRINTABLE_SIZE(bytes) (4 * (bytes) + 1)

/* Printable ASCII stays as it is; \, " and every other byte become \xNN. What
 * does not fit is cut between two bytes of text. The length in buf. */
size_t printable(const char *text, char *buf, size_t size);
