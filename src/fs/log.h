/* SPDX-License-Identifier: MIT */
/*
 * What the daemon has to say to its administrator, one line for what he would act
 * upon: on stderr until it goes into the background, in the system's log from then
 * on. Where stderr is the journal, lines have their priority.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Takes libfuse's messages too; the same one once a minute. */
void log_open(void);
void log_to_system(void);
/* Closes the way to the system's log, for log_to_system() to open again. */
void log_let_go(void);

__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_notice(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);

/* Keeps libfuse's last message in buf instead of telling it, until called with
 * NULL: for one line that says more than both. */
void log_keep(char *buf, size_t size);
