/* SPDX-License-Identifier: MIT */
/* Calls and outcomes in readable form. Texts are given in one static buffer for each function. */
#pragma once

#include <stdio.h>

#include "call.h"

void print_call(FILE *to, const struct call *call);
void print_outcome(FILE *to, const char *side, const struct outcome *outcome);
const char *error_name(int err);
const char *quoted(const char *text);
