/* SPDX-License-Identifier: MIT */
/* JSON, as far as it is written here (RFC 8259). */
#pragma once

#include <stdio.h>

/* A string in its quotes. UTF-8 stays as it is. A byte NN that is no part of
 * UTF-8 becomes \udcNN, half of a surrogate pair, which UTF-8 cannot have: the
 * bytes can be had back. Python does the same ("surrogateescape", PEP 383). */
void json_string(FILE *stream, const char *text);
