/* SPDX-License-Identifier: MIT */
/*
 * The command line: what was asked for, checked as far as words can be.
 */
#pragma once

#include "message.h"
#include "owner.h"
#include "share.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum data_path { DATA_AUTO, DATA_PASSTHROUGH, DATA_MAPPED };

/* Locks that end at the mount, as NFS names them. */
enum local_lock { LOCAL_NONE = 0, LOCAL_FLOCK = 1, LOCAL_POSIX = 2, LOCAL_ALL = 3 };

/* How requests come: by io_uring never, where it works, or not at all without. */
enum transport { TRANSPORT_DEVICE, TRANSPORT_AUTO, TRANSPORT_URING };

/* Does another process take over from one that dies: never, where the kernel can do
 * its part, or not without? */
enum supervision { SUPERVISE_OFF, SUPERVISE_AUTO, SUPERVISE_ON };

enum action { ACTION_MOUNT, ACTION_CHECK, ACTION_HELP, ACTION_VERSION };

struct options {
	enum action action;
	const char *source;
	const char *mountpoint;
	bool foreground;
	bool debug;
	enum data_path data;
	enum transport transport;
	enum local_lock local_lock;
	uint16_t request_timeout; /* seconds; 0: none */
	bool allow_other;
	bool ac;
	bool flat;
	bool audit;
	uint64_t size, nr_inodes; /* a quota's limits; 0: none */
	bool reserve;
	char separator;
	const char *subdir;   /* NULL: the whole tree */
	struct shares shares; /* of the top level, in the root */
	bool ephemeral;
	enum supervision supervise;
	struct owners owners;
	char *mount_options; /* for mount(2) and libfuse, with commas */
	char **as_given;     /* the words of the command line */
};

/* 0, or -1 with one line in message that says what is wrong and what to do. */
int options_parse(struct options *options, int argc, char **argv, message_line message);
void options_free(struct options *options);
void options_help(FILE *stream);
