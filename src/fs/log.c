/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <fuse_log.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

/* libfuse's hook for messages takes no argument: hence a variable of the file. */
static struct {
	bool to_system;
	char *kept;
	size_t kept_size;
} sink;

static void tell(int priority, const char *format, va_list args)
{
	if (sink.to_system) {
		vsyslog(priority, format, args);
		return;
	}
	/* A line of one thread stays one line. */
	flockfile(stderr);
	fputs("shmfuse: ", stderr);
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

static void keep(const char *format, va_list args)
{
	vsnprintf(sink.kept, sink.kept_size, format, args);
	sink.kept[strcspn(sink.kept, "\n")] = '\0';
}

static void on_message(enum fuse_log_level level, const char *format, va_list args)
{
	if (sink.kept != NULL)
		keep(format, args);
	else if (sink.to_system)
		vsyslog((int)level, format, args);
	else
		vfprintf(stderr, format, args);
}

void log_open(void)
{
	fuse_set_log_func(on_message);
}

void log_to_system(void)
{
	openlog("shmfuse", LOG_PID, LOG_DAEMON);
	sink.to_system = true;
}

void log_keep(char *buf, size_t size)
{
	sink.kept = buf;
	sink.kept_size = size;
	if (buf != NULL)
		snprintf(buf, size, "%s", "see the message above");
}
