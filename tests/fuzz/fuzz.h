/* SPDX-License-Identifier: MIT */
/*
 * What a fuzz target is: clang's -fsanitize=fuzzer calls it with inputs that it
 * makes up; main.c with those that are files.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Before the first input, where the target has one. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

/* An input that makes it false must not be possible: the fuzzer keeps what did. */
#define REQUIRE(fact)                                                                      \
	do {                                                                               \
		if (!(fact)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #fact); \
			__builtin_trap();                                                  \
		}                                                                          \
	} while (0)
