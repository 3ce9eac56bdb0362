/* SPDX-License-Identifier: MIT */
/* `shmfuse --check`: what this machine can do. */
#pragma once

#include <stdio.h>

/* 0: a mount with shared mappings works; 1: only the mapped path; 2: none. */
int check_machine(FILE *out);
