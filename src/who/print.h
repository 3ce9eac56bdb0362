/* SPDX-License-Identifier: MIT */
/* The report for people, and for programs. */
#pragma once

#include "report.h"

#include <stdio.h>

/* Columns; names as printable() writes them. */
void print_table(FILE *stream, const struct report *report);
/* An array with an object for each row; names as json_string() writes them. */
void print_json(FILE *stream, const struct report *report);
