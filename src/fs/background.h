/* SPDX-License-Identifier: MIT */
/*
 * Into the background. The fork comes before the mount, since threads that
 * begin with it would not be in a child; so the parent waits for the child's
 * word, and its exit status tells whether the mount works.
 */
#pragma once

/* 0 in the child, which still has the terminal; ready is for the call below. In
 * the parent, later: the exit status of a start that failed, or 0 after the
 * child's word, with ready -1. -1, and errno, if there is no child. */
int background_enter(int *ready);

/* Leaves the terminal's session and the caller's directory, with all processes to
 * come. Messages still have standard error. */
void background_leave(void);

/* The child's word. Standard output and error are nowhere from here on. */
void background_ready(int ready);
