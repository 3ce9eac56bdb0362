/* SPDX-License-Identifier: MIT */
/*
 * Flags and modes: words <-> bits.
 *
 * Each kind of flags is a table of words. To text, a table is read from the
 * top, and a word takes its bits away from those below: what comprises others
 * ("user-all") stands before them.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

struct word {
	const char *text;
	unsigned bits;
};

#define END { NULL, 0 }

static const struct word oflag_words[] = {
	{ "rdonly", O_RDONLY },
	{ "rdwr", O_RDWR },
	{ "creat", O_CREAT },
	{ "excl", O_EXCL },
	{ "trunc", O_TRUNC },
	END,
};

static const struct word long_mode_words[] = {
	{ "user-all", S_IRWXU },
	{ "user-read", S_IRUSR },
	{ "user-write", S_IWUSR },
	{ "user-exec", S_IXUSR },
	{ "group-all", S_IRWXG },
	{ "group-read", S_IRGRP },
	{ "group-write", S_IWGRP },
	{ "group-exec", S_IXGRP },
	{ "other-all", S_IRWXO },
	{ "other-read", S_IROTH },
	{ "other-write", S_IWOTH },
	{ "other-exec", S_IXOTH },
	END,
};

static const struct word short_mode_words[] = {
	{ "rwxu", S_IRWXU },
	{ "rusr", S_IRUSR },
	{ "wusr", S_IWUSR },
	{ "xusr", S_IXUSR },
	{ "rwxg", S_IRWXG },
	{ "rgrp", S_IRGRP },
	{ "wgrp", S_IWGRP },
	{ "xgrp", S_IXGRP },
	{ "rwxo", S_IRWXO },
	{ "roth", S_IROTH },
	{ "woth", S_IWOTH },
	{ "xoth", S_IXOTH },
	END,
};

static const struct word prot_words[] = {
	{ "none", PROT_NONE },
	{ "read", PROT_READ },
	{ "write", PROT_WRITE },
	{ "exec", PROT_EXEC },
	END,
};

static const struct word map_words[] = {
	{ "shared", MAP_SHARED },
	{ "private", MAP_PRIVATE },
	{ "anonymous", MAP_ANONYMOUS },
	{ "fixed", MAP_FIXED },
	{ "growsdown", MAP_GROWSDOWN },
	{ "noreserve", MAP_NORESERVE },
	END,
};

/* ---- from text ---- */

#define SEPARATORS " ,|"

/* What has been read: the bits, and which words of the table (as a set: bit n
 * for the nth), for a word without bits leaves no other trace. */
struct reading {
	unsigned bits;
	unsigned words;
};

static bool read_word(const struct word *table, const char *text, size_t len,
		      struct reading *reading)
{
	for (unsigned n = 0; table[n].text; n++) {
		if (strlen(table[n].text) != len || memcmp(table[n].text, text, len) != 0)
			continue;
		reading->bits |= table[n].bits;
		reading->words |= 1U << n;
		return true;
	}
	return false;
}

/* Words of table, or of other (which may be a null pointer). */
static bool read_words(const struct word *table, const struct word *other, const char *text,
		       struct reading *reading)
{
	size_t len;

	*reading = (struct reading){ 0 };
	if (!text)
		return false;
	for (text += strspn(text, SEPARATORS); *text; text += strspn(text, SEPARATORS)) {
		len = strcspn(text, SEPARATORS);
		if (!read_word(table, text, len, reading) &&
		    !(other && read_word(other, text, len, reading)))
			return false;
		text += len;
	}
	return true;
}

static bool exactly_one(unsigned set)
{
	return set && (set & (set - 1)) == 0;
}

int pshm_oflag_from_text(const char *text, int *value)
{
	const unsigned rdonly_or_rdwr = 3; /* the table's first two words */
	struct reading reading;

	if (!value || !read_words(oflag_words, NULL, text, &reading) ||
	    !exactly_one(reading.words & rdonly_or_rdwr))
		return fail_with(EINVAL);
	*value = (int)reading.bits;
	return 0;
}

int pshm_mode_from_text(const char *text, mode_t *value)
{
	struct reading reading;

	if (!value || !read_words(long_mode_words, short_mode_words, text, &reading))
		return fail_with(EINVAL);
	*value = (mode_t)reading.bits;
	return 0;
}

int pshm_prot_from_text(const char *text, int *value)
{
	const unsigned none = 1; /* the table's first word */
	struct reading reading;

	if (!value || !read_words(prot_words, NULL, text, &reading) || !reading.words ||
	    ((reading.words & none) && reading.words != none))
		return fail_with(EINVAL);
	*value = (int)reading.bits;
	return 0;
}

int pshm_map_flags_from_text(const char *text, int *value)
{
	struct reading reading;

	if (!value || !read_words(map_words, NULL, text, &reading) ||
	    !pshm_map_flags_valid((int)reading.bits))
		return fail_with(EINVAL);
	*value = (int)reading.bits;
	return 0;
}

/* ---- to text ---- */

struct writing {
	char *buf;
	size_t size, used;
};

static bool write_word(struct writing *writing, const char *text)
{
	size_t room = writing->size - writing->used;
	int len = snprintf(writing->buf + writing->used, room, "%s%s", writing->used ? "|" : "",
			   text);

	if (len < 0 || (size_t)len >= room)
		return false;
	writing->used += (size_t)len;
	return true;
}

/* first: a word without bits to begin with, or a null pointer. */
static int write_words(const struct word *table, unsigned bits, const char *first, char *buf,
		       size_t size)
{
	struct writing writing = { .buf = buf, .size = size };

	if (!buf)
		return fail_with(EINVAL);
	if (size == 0)
		return fail_with(ERANGE);
	buf[0] = '\0';

	if (first && !write_word(&writing, first))
		return fail_with(ERANGE);
	for (; table->text; table++) {
		if (table->bits == 0 || (bits & table->bits) != table->bits)
			continue;
		bits &= ~table->bits;
		if (!write_word(&writing, table->text))
			return fail_with(ERANGE);
	}
	return 0;
}

int pshm_oflag_to_text(int oflag, char *buf, size_t size)
{
	const char *first = (oflag & O_ACCMODE) == O_RDONLY ? "rdonly" : NULL;

	if (!pshm_oflag_valid(oflag))
		return fail_with(EINVAL);
	return write_words(oflag_words, (unsigned)oflag, first, buf, size);
}

int pshm_mode_to_text(mode_t mode, enum pshm_spelling spelling, char *buf, size_t size)
{
	if (!pshm_mode_valid(mode) || (unsigned)spelling > PSHM_SHORT)
		return fail_with(EINVAL);
	return write_words(spelling == PSHM_LONG ? long_mode_words : short_mode_words, mode, NULL,
			   buf, size);
}

int pshm_prot_to_text(int prot, char *buf, size_t size)
{
	if (!pshm_prot_valid(prot))
		return fail_with(EINVAL);
	return write_words(prot_words, (unsigned)prot, prot == PROT_NONE ? "none" : NULL, buf,
			   size);
}

int pshm_map_flags_to_text(int flags, char *buf, size_t size)
{
	if (!pshm_map_flags_valid(flags))
		return fail_with(EINVAL);
	return write_words(map_words, (unsigned)flags, NULL, buf, size);
}
