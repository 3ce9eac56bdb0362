/* SPDX-License-Identifier: MIT */
/* A command line without the program's name, cut at its spaces. */
#pragma once

#include "options.h"

struct line {
	struct options options;
	char **argv;
	message_line message;
	int error;
};

void parse(struct line *line, const char *arguments);
void line_clear(struct line *line);
/* One that is cleared at the end of its scope. */
#define LINE __attribute__((__cleanup__(line_clear))) struct line

bool has_mount_option(const struct line *line, const char *wanted);
/* It has a message of one line, and this is part of it. */
void is_wrong(const char *arguments, const char *part);
