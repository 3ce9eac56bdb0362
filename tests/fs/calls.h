/* SPDX-License-Identifier: MIT */
/* Calls in a table: each is made many times, where something is missing in other ways. */
#pragma once

#include <stdbool.h>

struct call {
	const char *name;
	long (*run)(void); /* -1 and errno where it fails */
	bool maps;	   /* a mapping for writing: on passthrough alone */
};

/* Named as its function. */
#define CALL(function)                             \
	{                                          \
		.name = #function, .run = function \
	}
