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

/* The child's word. It leaves the terminal and the caller's directory. */
void background_ready(int ready);
