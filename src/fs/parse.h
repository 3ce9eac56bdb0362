/* SPDX-License-Identifier: MIT */
/*
 * Words of the command line on their way into struct options. A function that
 * does not understand one returns -1 and leaves a line in the message that says
 * what is wrong and what to do.
 */
#pragma once

#include "options.h"

struct parser {
	struct options *options;
	char *message; /* a message_line */
};

/* -1 */
__attribute__((format(printf, 2, 3))) int parse_fail(const struct parser *parser,
						     const char *format, ...);

/* A word that stands for a number; a table of them ends with one without a name. */
struct word {
	const char *name;
	int value;
};

bool parse_word(const struct word *words, const char *name, int *value);

/* A number as the kernel's memparse() takes it: k, m or g behind it, or, where
 * whole is not 0, % of that. */
bool parse_amount(const char *text, uint64_t whole, uint64_t *value);

/* The words between the commas of -o. The list is taken apart. */
int parse_mount_options(const struct parser *parser, char *list);
/* Owners, in owner_options.c. */
int parse_map_uid(const struct parser *parser, const char *value);
int parse_map_gid(const struct parser *parser, const char *value);
int parse_uid(const struct parser *parser, const char *value);
int parse_gid(const struct parser *parser, const char *value);
int parse_create_mode(const struct parser *parser, const char *value);
/* Once all options are known. */
int parse_check_owners(const struct parser *parser);

/* One more word for mount(2), by way of libfuse. */
int parse_pass_on(const struct parser *parser, const char *word);
