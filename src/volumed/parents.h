/* SPDX-License-Identifier: MIT */
#pragma once

/* Makes the directories above the path that are missing. 0 or -1 and errno. */
int make_parents(const char *path);
