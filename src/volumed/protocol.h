/* SPDX-License-Identifier: MIT */
/*
 * The Docker volume plugin protocol: JSON in, JSON out. Nothing here knows what
 * a volume is beyond what the protocol says of it.
 *
 * Answers are strings, the caller's to free(3), and NULL only if memory ran out.
 */
#pragma once

#include "message.h"
#include "settings.h"

#include <stddef.h>

enum call {
	CALL_ACTIVATE,
	CALL_CREATE,
	CALL_REMOVE,
	CALL_MOUNT,
	CALL_UNMOUNT,
	CALL_PATH,
	CALL_GET,
	CALL_LIST,
	CALL_CAPABILITIES,
	CALL_COUNT
};

enum {
	MOST_BODY = 64 * 1024,
};

#define PROTOCOL_TYPE "application/vnd.docker.plugins.v1.1+json"

struct request {
	const char *name; /* where the call has one */
	const char *id;	  /* of who mounts or unmounts */
	struct volume_option options[MOST_OPTIONS];
	size_t option_count;
	void *document; /* which has the strings */
};

/* What an engine is told of a volume. */
struct description {
	const char *name;
	const char *mountpoint; /* "" while nobody has it mounted */
	const char *directory;
	const char *words;
	size_t holders;
};

/* The call of "/VolumeDriver.Create" and the like; CALL_COUNT if there is none. */
enum call protocol_call(const char *path);

/* 0, to be freed; or -1 and the message. The body may be any bytes. */
int request_parse(struct request *request, enum call call, const char *body, size_t size,
		  message_line message);
void request_free(struct request *request);

char *answer_activated(void);
char *answer_capabilities(void);
char *answer_done(void);
char *answer_error(const char *text);
char *answer_mountpoint(const char *path);
char *answer_volume(const struct description *volume);
char *answer_list(const struct description *volumes, size_t count);
