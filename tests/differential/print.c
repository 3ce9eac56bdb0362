/* SPDX-License-Identifier: MIT */
/* See print.h. */
#include "print.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "operation.h"

const char *error_name(int err)
{
	const char *name = err > 0 ? strerrorname_np(err) : NULL;

	return name ? name : "no error";
}

/* Long runs of one letter, as in the long names of the pool, are shortened. */
const char *quoted(const char *text)
{
	static char out[8 * PATH_BYTES];
	size_t used = 0;

	out[used++] = '"';
	while (*text && used < sizeof(out) - 32) {
		size_t run = 1;

		while (text[run] == text[0])
			run++;
		if (run > 8) {
			used += (size_t)sprintf(out + used, "{%c*%zu}", *text, run);
			text += run;
			continue;
		}
		if (isprint((unsigned char)*text) && *text != '"' && *text != '\\')
			out[used++] = *text;
		else
			used += (size_t)sprintf(out + used, "\\x%02x", (unsigned char)*text);
		text++;
	}
	strcpy(out + used, "\"");
	return out;
}

static void print_place(FILE *to, const struct place *place)
{
	if (place->dir >= 0)
		fprintf(to, " [slot %d]", place->dir);
	fprintf(to, " %s", quoted(place->path));
}

static void print_open_flags(FILE *to, uint32_t flags)
{
	static const char *const accesses[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };

	fprintf(to, " %s", accesses[flags & O_ACCMODE]);
	for (const struct choice *c = open_flags; c->name; c++)
		if ((flags & c->value) == c->value)
			fprintf(to, "|%s", c->name);
}

static void print_flags(FILE *to, const struct operation *operation, uint32_t flags)
{
	if (operation->fields & OFLAGS) {
		print_open_flags(to, flags);
		return;
	}
	for (const struct choice *c = operation->choices; c && c->name; c++) {
		if (c->value == flags) {
			fprintf(to, " %s", c->name);
			return;
		}
	}
	if (operation->choices)
		fprintf(to, " flags=%#x", flags);
}

static void print_time(FILE *to, const struct timespec *time)
{
	if (time->tv_nsec == UTIME_NOW)
		fprintf(to, " UTIME_NOW");
	else if (time->tv_nsec == UTIME_OMIT)
		fprintf(to, " UTIME_OMIT");
	else
		fprintf(to, " %jd.%09ld", (intmax_t)time->tv_sec, time->tv_nsec);
}

static void print_numbers(FILE *to, const struct call *call, unsigned fields)
{
	if (fields & MODE)
		fprintf(to, " mode=%#o", call->mode);
	if (fields & BITS)
		fprintf(to, " bits=%u", call->mode);
	if (fields & OFF)
		fprintf(to, " off=%" PRId64, call->off);
	if (fields & OFF2)
		fprintf(to, " off2=%" PRId64, call->off2);
	if (fields & LEN)
		fprintf(to, " len=%" PRId64, call->len);
	if (fields & LOCKING)
		fprintf(to, " whence=%u", (unsigned)(call->seed % 3));
	if (fields & OWNER)
		fprintf(to, " uid=%d gid=%d", (int)call->uid, (int)call->gid);
	for (int i = 0; i < 2 && fields & TIMES; i++)
		print_time(to, &call->times[i]);
	if (fields & NAME)
		fprintf(to, " name=%s", quoted(call->name));
}

void print_call(FILE *to, const struct call *call)
{
	const struct operation *operation = operation_of(call);
	unsigned fields = operation->fields;

	fprintf(to, "#%u ", call->number);
	if (!(fields & NATIVE))
		fprintf(to, "worker %u: ", call->worker);
	fprintf(to, "%s", operation->name);
	if (fields & SLOT)
		fprintf(to, " slot %d", call->slot);
	if (fields & SLOT2)
		fprintf(to, " slot %d", call->slot2);
	if (fields & MAP)
		fprintf(to, " map %d", call->map);
	if (fields & PATH)
		print_place(to, &call->at[0]);
	if (fields & PATH2)
		print_place(to, &call->at[1]);
	print_flags(to, operation, call->flags);
	print_numbers(to, call, fields);
	if (fields & NEW_SLOT)
		fprintf(to, " -> slot %d", call->new_slot);
	fprintf(to, "\n");
}

static void print_snapshot(FILE *to, const char *when, const char *what, const struct snapshot *s,
			   int inode)
{
	if (s->err == NOT_TAKEN)
		return;
	fprintf(to, "      %s %-10s ", when, what);
	if (s->err) {
		fprintf(to, "%s\n", error_name(s->err));
		return;
	}
	fprintf(to, "inode %d mode %06o nlink %" PRIu64 " %u:%u size %" PRId64 " blocks %" PRId64,
		inode, s->mode, s->nlink, s->uid, s->gid, s->size, s->blocks);
	for (int i = 0; i < 3; i++)
		fprintf(to, " %c %jd.%09ld", "amc"[i], (intmax_t)s -> times[i].tv_sec,
			s->times[i].tv_nsec);
	fprintf(to, "\n");
}

void print_outcome(FILE *to, const char *side, const struct outcome *o)
{
	static const char *const what[SNAPSHOTS] = {
		[OF_PATH] = "path",	    [OF_PARENT] = "its parent", [OF_PATH2] = "path 2",
		[OF_PARENT2] = "parent 2",  [OF_SLOT] = "slot",		[OF_SLOT2] = "slot 2",
		[OF_NEW_SLOT] = "new slot",
	};

	fprintf(to,
		"   %s: %" PRId64 " (%s) hash %016" PRIx64 " values %" PRId64 " %" PRId64
		" %" PRId64 " %" PRId64 "%s%s\n",
		side, o->ret, error_name(o->err), o->hash, o->values[0], o->values[1], o->values[2],
		o->values[3], o->dead ? " through something removed" : "", o->text[0] ? " " : "");
	if (o->text[0])
		fprintf(to, "      %s\n", quoted(o->text));
	for (int i = 0; i < SNAPSHOTS; i++)
		print_snapshot(to, "before", what[i], &o->before[i], o->inode_before[i]);
	for (int i = 0; i < SNAPSHOTS; i++)
		print_snapshot(to, "after ", what[i], &o->after[i], o->inode_after[i]);
}
