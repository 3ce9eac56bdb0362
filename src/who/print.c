/* SPDX-License-Identifier: MIT */
#include "print.h"

#include "text/json.h"
#include "text/printable.h"

#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>

/* NULL: a number without a name. */
static const char *user_name(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user != NULL ? user->pw_name : NULL;
}

/* ---- table ---- */

enum column { OBJECT, PID, USER, OPEN, MAPPED, VIA, CONTAINER, COMMAND, COLUMNS };

/* As long as the path of what has lost its name may be. */
typedef char cell[PRINTABLE_SIZE(PATH_MAX)];

static const char *access_word(const struct access *access)
{
	if (access->read && access->write)
		return "rw";
	return access->read ? "r" : access->write ? "w" : "none";
}

static void write_access(const struct access *access, cell text)
{
	if (access->count == 0)
		strcpy(text, "-");
	else if (access->count == 1)
		strcpy(text, access_word(access));
	else
		snprintf(text, sizeof(cell), "%s*%u", access_word(access), access->count);
}

static const char *way(const struct row *row)
{
	return !row->by_mount ? "native" : !row->natively ? "mount" : "both";
}

static void write_object(const struct row *row, cell text)
{
	const size_t len = printable(row->object, text, sizeof(cell));

	if (row->unlinked)
		snprintf(text + len, sizeof(cell) - len, " (deleted)");
}

static void write_user(uid_t uid, cell text)
{
	const char *name = user_name(uid);

	if (name != NULL)
		printable(name, text, sizeof(cell));
	else
		snprintf(text, sizeof(cell), "%u", (unsigned)uid);
}

static void write_container(const char *id, cell text)
{
	if (id[0] == '\0')
		strcpy(text, "-");
	else
		text[printable(id, text, (size_t)container_shown(id) + 1)] = '\0';
}

static void write_cell(const struct row *row, enum column column, cell text)
{
	switch (column) {
	case OBJECT:
		write_object(row, text);
		break;
	case PID:
		snprintf(text, sizeof(cell), "%d", (int)row->process->pid);
		break;
	case USER:
		write_user(row->process->uid, text);
		break;
	case OPEN:
		write_access(&row->open, text);
		break;
	case MAPPED:
		write_access(&row->mapped, text);
		break;
	case VIA:
		strcpy(text, way(row));
		break;
	case CONTAINER:
		write_container(row->process->container, text);
		break;
	default:
		printable(row->process->command, text, sizeof(cell));
	}
}

static void print_cell(FILE *stream, enum column column, int width, const char *text)
{
	if (column == COMMAND)
		fprintf(stream, "%s\n", text);
	else if (column == PID)
		fprintf(stream, "%*s  ", width, text);
	else
		fprintf(stream, "%-*s  ", width, text);
}

void print_table(FILE *stream, const struct report *report)
{
	static const char *const titles[COLUMNS] = { "OBJECT", "PID", "USER",	   "OPEN",
						     "MAPPED", "VIA", "CONTAINER", "COMMAND" };
	int widths[COLUMNS];
	cell text;

	for (enum column column = 0; column < COLUMNS; column++)
		widths[column] = (int)strlen(titles[column]);
	for (size_t i = 0; i < report->count; i++) {
		for (enum column column = 0; column < COLUMNS; column++) {
			write_cell(&report->rows[i], column, text);
			if ((int)strlen(text) > widths[column])
				widths[column] = (int)strlen(text);
		}
	}
	for (enum column column = 0; column < COLUMNS; column++)
		print_cell(stream, column, widths[column], titles[column]);
	for (size_t i = 0; i < report->count; i++) {
		for (enum column column = 0; column < COLUMNS; column++) {
			write_cell(&report->rows[i], column, text);
			print_cell(stream, column, widths[column], text);
		}
	}
}

/* ---- JSON ---- */

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void print_string(FILE *stream, const char *key, const char *text)
{
	fprintf(stream, "\"%s\": ", key);
	if (text != NULL)
		json_string(stream, text);
	else
		fputs("null", stream);
	fputs(", ", stream);
}

static void print_access(FILE *stream, const char *key, const struct access *access)
{
	fprintf(stream, "\"%s\": {\"count\": %u, \"read\": %s, \"write\": %s}, ", key,
		access->count, truth(access->read), truth(access->write));
}

static void print_row(FILE *stream, const struct row *row)
{
	const struct process *process = row->process;

	fputs("{", stream);
	print_string(stream, "object", row->object);
	fprintf(stream, "\"inode\": %ju, \"unlinked\": %s, \"pid\": %d, ", (uintmax_t)row->ino,
		truth(row->unlinked), (int)process->pid);
	print_string(stream, "command", process->command);
	fprintf(stream, "\"uid\": %u, ", (unsigned)process->uid);
	print_string(stream, "user", user_name(process->uid));
	print_string(stream, "container",
		     process->container[0] != '\0' ? process->container : NULL);
	print_access(stream, "open", &row->open);
	print_access(stream, "mapped", &row->mapped);
	fprintf(stream, "\"native\": %s, \"mount\": %s}", truth(row->natively),
		truth(row->by_mount));
}

void print_json(FILE *stream, const struct report *report)
{
	fputs("[", stream);
	for (size_t i = 0; i < report->count; i++) {
		fputs(i > 0 ? ",\n " : "\n ", stream);
		print_row(stream, &report->rows[i]);
	}
	fputs(report->count > 0 ? "\n]\n" : "]\n", stream);
}
