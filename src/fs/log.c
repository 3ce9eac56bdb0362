/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <fuse_log.h>

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define REPEATS	      64 /* libfuse's messages that are told apart, or nearly so */
#define REPEAT_PERIOD 60 /* seconds */

/* libfuse's hook for messages takes no argument: hence a variable of the file. */
static struct {
	enum { TO_STDERR, TO_JOURNAL, TO_SYSTEM } where;
	char *kept;
	size_t kept_size;
	_Atomic time_t told[REPEATS]; /* by hash of the message's format */
} sink;

/* The journal knows the program's name, and takes the priority from the line: see
 * sd-daemon(3). */
static void begin_line(int priority, const char *name)
{
	if (sink.where == TO_JOURNAL)
		fprintf(stderr, "<%d>", priority);
	else
		fputs(name, stderr);
}

__attribute__((format(printf, 2, 0))) static void tell(int priority, const char *format,
						       va_list args)
{
	if (sink.where == TO_SYSTEM) {
		vsyslog(priority, format, args);
		return;
	}
	/* A line of one thread stays one line. */
	flockfile(stderr);
	begin_line(priority, "shmfuse: ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	funlockfile(stderr);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(LOG_ERR, format, args);
	va_end(args);
}

void log_notice(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(LOG_NOTICE, format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(LOG_WARNING, format, args);
	va_end(args);
}

/* ---- libfuse's messages ---- */

__attribute__((format(printf, 1, 0))) static void keep(const char *format, va_list args)
{
	vsnprintf(sink.kept, sink.kept_size, format, args);
	sink.kept[strcspn(sink.kept, "\n")] = '\0';
}

/* Some are about a single request, and who makes requests could fill the log. */
static bool was_told(const char *format)
{
	_Atomic time_t *last = &sink.told[(uintptr_t)format / 8 % REPEATS];
	struct timespec now;
	time_t before = atomic_load(last);

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (before != 0 && now.tv_sec - before < REPEAT_PERIOD)
		return true;
	return !atomic_compare_exchange_strong(last, &before, now.tv_sec);
}

/* Its levels are those of syslog(3), its lines have their ends. */
__attribute__((format(printf, 2, 0))) static void on_message(enum fuse_log_level level,
							     const char *format, va_list args)
{
	if (sink.kept != NULL) {
		keep(format, args);
	} else if (level < FUSE_LOG_INFO && was_told(format)) {
		return;
	} else if (sink.where == TO_SYSTEM) {
		vsyslog((int)level, format, args);
	} else {
		flockfile(stderr);
		begin_line((int)level, "");
		vfprintf(stderr, format, args);
		funlockfile(stderr);
	}
}

void log_let_go(void)
{
	if (sink.where == TO_SYSTEM)
		closelog();
}

void log_keep(char *buf, size_t size)
{
	sink.kept = buf;
	sink.kept_size = size;
	if (buf != NULL)
		snprintf(buf, size, "%s", "see the message above");
}

/* ---- where to ---- */

/* As systemd.exec(5) has it: the variable is inherited, standard error is that. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char text[64];
	struct stat st;

	if (stream == NULL || fstat(fd, &st) < 0)
		return false;
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, text) == 0;
}

void log_open(void)
{
	if (is_journal(STDERR_FILENO))
		sink.where = TO_JOURNAL;
	fuse_set_log_func(on_message);
}

void log_to_system(void)
{
	openlog("shmfuse", LOG_PID, LOG_DAEMON);
	sink.where = TO_SYSTEM;
}
