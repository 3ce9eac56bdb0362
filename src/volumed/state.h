/* SPDX-License-Identifier: MIT */
/*
 * The volumes on disk: one small JSON file, replaced as a whole, so that it is
 * the old one or the new one whenever the machine stops.
 */
#pragma once

#include "volume.h"

#include <stddef.h>

enum state_result {
	STATE_READ,
	STATE_NONE,    /* there is no file: no volumes yet */
	STATE_DAMAGED, /* it is not what state_write() writes */
	STATE_FAILED   /* it cannot be read */
};

/* What a boot of the system is called. Holders, processes and directories are
 * forgotten with it, since none of them outlives it. */
enum { BOOT_LENGTH = 64 };
int state_boot(char boot[BOOT_LENGTH + 1], message_line message);

/* Volumes from the text of a file; on failure there are none. Pure. 0 or -1. */
int state_parse(struct volumes *volumes, const char *text, size_t size, const char *boot,
		message_line message);

enum state_result state_read(struct volumes *volumes, const char *path, const char *boot,
			     message_line message);
/* Puts a damaged file aside, for somebody to look at. 0 or -1; either way the
 * message says where it is. */
int state_put_aside(const char *path, message_line message);

/* 0 or -1; the old file is whole then. */
int state_write(const struct volumes *volumes, const char *path, const char *boot,
		message_line message);
