/* SPDX-License-Identifier: MIT */
/*
 * The daemon's descriptors. Each open file, listing and owner of locks takes
 * one for as long as it lasts, and most other calls one or two for a moment.
 * The last ones are kept back for those calls: who opens all files that there
 * can be keeps nobody from looking, changing and closing.
 */
#pragma once

/* fs.nr_open, unless somebody has raised it. */
#define DESCRIPTORS_MAX (1u << 20)

enum descriptor_use {
	FOR_OPEN_FILE,
	FOR_LISTING, /* directories, and owners of locks: a few more */
};

/* As many as the hard limit allows, up to Linux's own: their number. */
unsigned descriptors_raise_limit(void);

/* 0 where the descriptor, just made, may be kept for the use; else -EMFILE. */
int descriptor_check(int fd, enum descriptor_use use);
