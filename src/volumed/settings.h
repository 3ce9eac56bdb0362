/* SPDX-License-Identifier: MIT */
/*
 * What a volume was asked to be: names and options, checked as far as words can
 * be. Pure functions. What the values mean is shmfuse's to judge; here it is
 * settled that they are options of a volume and nothing else: no word of them
 * reaches the host's files, or becomes a second option.
 */
#pragma once

#include "message.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	/* With the names of objects behind it, a name must fit into NAME_MAX. */
	NAME_LENGTH = 100,
	DIRECTORY_LENGTH = 180,
	WORDS_LENGTH = 4000,
	MODE_LENGTH = 5, /* octal */
	MOST_OPTIONS = 64,
	HOLDER_LENGTH = 256,
};

/* As Create brings them; a word without a value has the value "". */
struct volume_option {
	const char *name;
	const char *value;
};

struct settings {
	char directory[DIRECTORY_LENGTH + 1]; /* in the tree, as "team/cam" */
	char words[WORDS_LENGTH + 1];	      /* for shmfuse -o, in the order of the table */
	mode_t mode;			      /* of the directory, if it has to be made */
};

/* A volume's name: as podman and docker have them. 0 or -1. */
int settings_check_name(const char *name, message_line message);
/* The ID of who mounts: letters, digits and the like, as engines make them. */
int settings_check_holder(const char *id, message_line message);
/* A directory's path in the tree. 0 or -1. */
int settings_check_directory(const char *directory, message_line message);

/* From the options of Create for the volume of that name. 0 or -1. */
int settings_read(struct settings *settings, const char *name, const struct volume_option *options,
		  size_t count, message_line message);

/* Back from what struct settings has, checked in the same way. 0 or -1. */
int settings_restore(struct settings *settings, const char *directory, const char *words,
		     const char *mode, message_line message);

bool settings_equal(const struct settings *a, const struct settings *b);
