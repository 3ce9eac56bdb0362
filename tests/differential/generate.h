/* SPDX-License-Identifier: MIT */
/* Chooses calls at random, with an eye to what each worker has open so that most of them mean
 * something. */
#pragma once

#include "call.h"
#include "random.h"

/* What the test knows of a worker; both sides agree on it. */
struct slot_state {
	bool open, directory, path_only;
	uint32_t lasting; /* flags that F_SETFL must leave alone */
	int fd;		  /* the descriptor's number in the worker */
};

struct worker_state {
	struct slot_state slot[SLOTS];
	bool limited; /* by RLIMIT_FSIZE */
};

/* What is in the tree now, so that many paths lead somewhere. */
enum { KNOWN = 256, KNOWN_BYTES = 300 };

struct known_paths {
	unsigned n[2]; /* files, directories */
	char path[2][KNOWN][KNOWN_BYTES];
};

struct generator {
	struct random random;
	bool shared; /* shared mappings are possible on both sides */
	bool native; /* changes past the mount, too */
	bool quota;  /* no object may be among the largest */
	unsigned timed_percent;
	unsigned superuser_percent;
	const struct worker_state *workers;
	const struct known_paths *known;
};

void generate_call(struct generator *generator, uint32_t number, struct call *call);

/* names.c */
enum wanted { WANT_FILE, WANT_DIRECTORY };

/* Of the pool's names, whether it exists or not. */
void choose_path(struct random *random, enum wanted wanted, char *path);
/* One that exists, when there is any. */
void choose_known_path(struct random *random, const struct known_paths *known, enum wanted wanted,
		       char *path);
/* A name in a directory that exists. */
void choose_target_path(struct random *random, const struct known_paths *known, enum wanted wanted,
			char *path);
void choose_plain_path(struct random *random, char *path);
