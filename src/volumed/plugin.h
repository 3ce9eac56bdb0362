/* SPDX-License-Identifier: MIT */
/*
 * The nine calls of the protocol on our volumes. What a call changes is on disk
 * before it is answered.
 */
#pragma once

#include "service.h"
#include "state.h"
#include "volume.h"

struct plugin {
	struct services services;
	struct volumes volumes;
	const char *state_file;
	char boot[BOOT_LENGTH + 1];
};

/* Reads the state and takes over what runs. The services are open. 0 or -1. */
int plugin_open(struct plugin *plugin, const char *state_file, message_line message);
/* Whatever is mounted stays so. */
void plugin_close(struct plugin *plugin);

/* The answer to a request, to be freed (NULL: out of memory), and its HTTP status. */
char *plugin_answer(struct plugin *plugin, const char *path, const char *body, size_t size,
		    unsigned *status);

/* What is to be done at a certain time: milliseconds until then, -1: nothing. */
int plugin_due(const struct plugin *plugin);
void plugin_run_due(struct plugin *plugin);
