/* SPDX-License-Identifier: MIT */
/*
 * A small repeatable random number generator (splitmix64): the same seed gives the same calls on
 * every machine and libc, which rand(3) does not promise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* A number from 0 to n - 1. */
static inline unsigned random_below(struct random *r, unsigned n)
{
	return (unsigned)(random_next(r) % n);
}

static inline bool random_percent(struct random *r, unsigned percent)
{
	return random_below(r, 100) < percent;
}

#define RANDOM_ELEMENT(r, array) ((array)[random_below((r), sizeof(array) / sizeof((array)[0]))])
