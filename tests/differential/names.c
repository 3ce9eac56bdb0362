/* SPDX-License-Identifier: MIT */
/*
 * The names that paths are made of. Few, so that calls meet each other; some of them odd. The byte
 * '%' is in none: in the mount it separates directories, and what follows from that is the business
 * of the view's own tests.
 */
#include <stdio.h>
#include <string.h>

#include "generate.h"

static const char *const file_names[] = { "a", "b", "c", "f", "g", "sem.x", "h" };
static const char *const directory_names[] = { "d", "e", "d2" };
static const char *const odd_names[] = {
	".",	     "..",	 "",	   "sem.y", "sem.", "sem",    "...",	  "-",
	"new\nline", "\xff\xfe", "sp ace", ".hid",  "\\",   "s em.*", "\xc3\xa9",
};

enum { N_LONG = 5 };

/* A component is at most 255 bytes; in the mount, so is all of the path, and a directory has one
 * byte less. */
static void long_name(struct random *random, char *name)
{
	static const unsigned lengths[N_LONG] = { 120, 200, 254, 255, 256 };
	unsigned i = random_below(random, N_LONG);

	memset(name, 'A' + (int)i, lengths[i]);
	name[lengths[i]] = '\0';
}

static void choose_directory(struct random *random, char *name)
{
	if (random_percent(random, 90))
		strcpy(name, RANDOM_ELEMENT(random, directory_names));
	else
		strcpy(name, RANDOM_ELEMENT(random, file_names));
}

static void choose_last(struct random *random, enum wanted wanted, char *name)
{
	unsigned dice = random_below(random, 1000);

	if (dice < 10)
		long_name(random, name);
	else if (dice < 60)
		strcpy(name, RANDOM_ELEMENT(random, odd_names));
	else if (wanted == WANT_DIRECTORY ? dice < 850 : dice < 250)
		strcpy(name, RANDOM_ELEMENT(random, directory_names));
	else
		strcpy(name, RANDOM_ELEMENT(random, file_names));
}

static void append(char *path, const char *text)
{
	strcat(path, text);
}

void choose_path(struct random *random, enum wanted wanted, char *path)
{
	char name[300];
	unsigned depth = random_below(random, 10);

	path[0] = '\0';
	if (random_percent(random, 45))
		append(path, "/");
	for (depth = depth < 5 ? 0 : depth < 8 ? 1 : 2; depth > 0; depth--) {
		if (random_percent(random, 3))
			strcpy(name, random_percent(random, 50) ? ".." : ".");
		else if (random_percent(random, 1))
			long_name(random, name);
		else
			choose_directory(random, name);
		append(path, name);
		append(path, random_percent(random, 2) ? "//" : "/");
	}
	choose_last(random, wanted, name);
	append(path, name);
	if (random_percent(random, 2))
		append(path, random_percent(random, 80) ? "/" : "/.");
}

/* As seen from the root; relative now and then, since most working directories are the root. */
static const char *absolute_or_not(struct random *random, const char *path)
{
	return random_percent(random, 30) && path[1] ? path + 1 : path;
}

void choose_known_path(struct random *random, const struct known_paths *known, enum wanted wanted,
		       char *path)
{
	if (known->n[wanted] == 0)
		choose_path(random, wanted, path);
	else
		strcpy(path, absolute_or_not(
				     random,
				     known->path[wanted][random_below(random, known->n[wanted])]));
}

void choose_target_path(struct random *random, const struct known_paths *known, enum wanted wanted,
			char *path)
{
	char name[300];
	size_t len;

	choose_known_path(random, known, WANT_DIRECTORY, path);
	choose_last(random, wanted, name);
	len = strlen(path);
	if (len > 0 && path[len - 1] != '/')
		append(path, "/");
	append(path, name);
}

/* An absolute path of ordinary names, for what is done past the mount. */
void choose_plain_path(struct random *random, char *path)
{
	strcpy(path, "/");
	for (unsigned depth = random_below(random, 3); depth > 0; depth--) {
		append(path, RANDOM_ELEMENT(random, directory_names));
		append(path, "/");
	}
	append(path, RANDOM_ELEMENT(random, file_names));
}
