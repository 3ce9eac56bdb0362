/* SPDX-License-Identifier: MIT */
/*
 * Where the mount must differ from a tmpfs, and why. This table and doc/limits.md say the same:
 * whatever is not in it has to agree.
 */
#pragma once

#include <stdio.h>

#include "world.h"

struct difference {
	const char *name;
	const char *reason;
	/* The call is for A alone, where it must fail: with this error, unless another one comes
	 * first. */
	bool (*concerns)(const struct world *world, const struct call *call);
	int err;
	/* Both did the call, and this result of A's is as good as B's. */
	bool (*excuses)(const struct call *call, const struct outcome *a, const struct outcome *b);
	bool never; /* nor is the call tried where both sides are of one kind */
	/* Not decided call by call: the comparison or the choice of calls knows it. */
	bool everywhere;
};

extern const struct difference differences[];

/* The difference that says that only A is to be asked; NULL mostly. */
const struct difference *difference_expected(const struct world *world, const struct call *call);
bool difference_as_declared(const struct outcome *a);
const struct difference *difference_excuse(const struct world *world, const struct call *call,
					   const struct outcome *a, const struct outcome *b);
void differences_list(FILE *to);
/* How often each was met so far. */
void differences_report(FILE *to);
