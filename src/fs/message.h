/* SPDX-License-Identifier: MIT */
/* One line for the user that says what is wrong and what to do. */
#pragma once

typedef char message_line[512];

/* Writes it; -1, for the caller to return. */
__attribute__((format(printf, 2, 3))) int message_fail(message_line message, const char *format,
						       ...);
