/* SPDX-License-Identifier: MIT */
/*
 * The system calls that are left to the process, in all its threads. It takes
 * no_new_privs.
 */
#pragma once

struct confinement;

/* 0 or a negative errno. */
int system_calls_limit(const struct confinement *confinement);
