/* SPDX-License-Identifier: MIT */
/*
 * What a fuzz target is: clang's -fsanitize=fuzzer calls it with inputs that it
 * makes up; main.c with those that are files.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An input that must not be possible: the fuzzer keeps what led to it. */
#define REQUIRE(fact)                     \
	do {                              \
		if (!(fact))              \
			__builtin_trap(); \
	} while (0)
