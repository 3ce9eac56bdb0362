/* SPDX-License-Identifier: MIT */
/*
 * The volumes that there are, and who holds them. Only what is to be remembered:
 * state.h writes it down. Sorted by name.
 */
#pragma once

#include "settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MOST_VOLUMES = 1000, MOST_HOLDERS = 200 };

struct service;

struct volume {
	struct volume *next;
	char *name;
	struct settings settings;
	/* How many of the directories of its path, the last ones, it has made. */
	unsigned made;
	/* Who has mounted it, by the engines' IDs, each once. */
	char **holders;
	size_t holder_count;
	/* The shmfuse that serves it: its id and its time of birth, in ticks since
	 * boot, which together are never another's. 0 while there is none. */
	pid_t pid;
	unsigned long long born;
	struct service *service; /* what runs for it: service.h */
};

struct volumes {
	struct volume *first;
	size_t count;
};

struct volume *volumes_find(const struct volumes *volumes, const char *name);
/* A new one, which is not yet among them; NULL without memory. */
struct volume *volume_new(const char *name, const struct settings *settings);
void volume_free(struct volume *volume);

void volumes_add(struct volumes *volumes, struct volume *volume);
void volumes_take_out(struct volumes *volumes, struct volume *volume);
void volumes_free(struct volumes *volumes);

/* Another volume that shows the same directory, or one below it; or NULL. */
struct volume *volumes_within(const struct volumes *volumes, const struct volume *volume);

bool volume_is_held_by(const struct volume *volume, const char *id);
/* 0 or -1; an ID counts once, however often it comes. */
int volume_hold(struct volume *volume, const char *id, message_line message);
void volume_release(struct volume *volume, const char *id);
void volume_release_all(struct volume *volume);
