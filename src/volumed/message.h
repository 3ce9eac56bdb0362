/* SPDX-License-Identifier: MIT */
/*
 * What there is to say, in one line of printable ASCII: texts of clients end up
 * in the log and in other people's terminals.
 */
#pragma once

typedef char message_line[512];

/* Fills the message: what is wrong, and what to do. Returns -1. */
__attribute__((format(printf, 2, 3))) int fail(message_line message, const char *format, ...);

/* One event, one line on standard error, which is the journal's. */
__attribute__((format(printf, 1, 2))) void log_event(const char *format, ...);
