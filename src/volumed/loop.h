/* SPDX-License-Identifier: MIT */
/*
 * One thread, and what it waits for: nothing in this program needs a lock. A
 * watch belongs to whoever embeds it.
 */
#pragma once

struct watch {
	int fd;
	void (*ready)(struct watch *watch);
};

struct loop {
	int fd;
};

/* 0 or -1 and errno, as the next one. */
int loop_init(struct loop *loop);
int loop_add(struct loop *loop, struct watch *watch);
void loop_remove(struct loop *loop, const struct watch *watch);

/* Waits for one event, at most that many milliseconds (-1: for ever). */
void loop_wait(struct loop *loop, int timeout);

/* A clock that nobody sets, in milliseconds. */
long long loop_now(void);
