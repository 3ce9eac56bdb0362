/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* More than as many volumes, words and holders as there may be can take. */
enum { VERSION = 1, MOST_BYTES = 64 << 20 };

int state_boot(char boot[BOOT_LENGTH + 1], message_line message)
{
	const int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	const ssize_t count = fd >= 0 ? read(fd, boot, BOOT_LENGTH) : -1;

	if (fd >= 0)
		close(fd);
	if (count <= 0)
		return fail(message, "cannot read " BOOT_ID ": %s: mount /proc", strerror(errno));
	boot[count] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	return 0;
}

/* ---- from JSON ---- */

static int read_holders(struct volume *volume, json_t *holders, message_line message)
{
	json_t *holder;
	size_t i;

	json_array_foreach(holders, i, holder)
	{
		if (!json_is_string(holder))
			return fail(message, "volume %s: a holder is no ID", volume->name);
		if (settings_check_holder(json_string_value(holder), message) < 0 ||
		    volume_hold(volume, json_string_value(holder), message) < 0)
			return -1;
	}
	return 0;
}

/* What this boot knows of it. */
static int read_present(struct volume *volume, json_t *document, message_line message)
{
	json_int_t made, pid, born;
	json_t *holders;

	if (json_unpack(document, "{s:I, s:o, s:I, s:I}", "made", &made, "holders", &holders, "pid",
			&pid, "born", &born) < 0 ||
	    !json_is_array(holders) || made < 0 || made > DIRECTORY_LENGTH || pid < 0 ||
	    pid > INT_MAX || born < 0)
		return fail(message, "volume %s: made, holders, pid or born is none", volume->name);
	volume->made = (unsigned)made;
	volume->pid = (pid_t)pid;
	volume->born = (unsigned long long)born;
	return read_holders(volume, holders, message);
}

static int read_settings(struct settings *settings, json_t *document, message_line message)
{
	const char *directory, *words, *mode;

	if (json_unpack(document, "{s:s, s:s, s:s, s:i, s:o, s:i, s:I !}", "subdir", &directory,
			"options", &words, "mode", &mode, "made", &(int){ 0 }, "holders",
			&(json_t *){ NULL }, "pid", &(int){ 0 }, "born", &(json_int_t){ 0 }) < 0)
		return fail(message, "a volume has not the keys that it must have");
	return settings_restore(settings, directory, words, mode, message);
}

static int read_volume(struct volumes *volumes, const char *name, json_t *document, bool same_boot,
		       message_line message)
{
	struct settings settings;
	struct volume *volume;

	if (settings_check_name(name, message) < 0 ||
	    read_settings(&settings, document, message) < 0)
		return -1;
	volume = volume_new(name, &settings);
	if (volume == NULL)
		return fail(message, "out of memory");
	volumes_add(volumes, volume);
	return same_boot ? read_present(volume, document, message) : 0;
}

static int read_document(struct volumes *volumes, json_t *document, const char *boot,
			 message_line message)
{
	const char *written_in, *name;
	json_t *list, *volume;
	int version;

	if (json_unpack(document, "{s:i, s:s, s:o !}", "version", &version, "boot", &written_in,
			"volumes", &list) < 0 ||
	    !json_is_object(list))
		return fail(message, "it has not the keys version, boot and volumes");
	if (version != VERSION)
		return fail(message, "its version is %d, not %d", version, VERSION);
	json_object_foreach(list, name, volume)
	{
		if (read_volume(volumes, name, volume, strcmp(written_in, boot) == 0, message) < 0)
			return -1;
	}
	return 0;
}

int state_parse(struct volumes *volumes, const char *text, size_t size, const char *boot,
		message_line message)
{
	json_error_t error;
	json_t *document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	int result = -1;

	*volumes = (struct volumes){ 0 };
	if (document == NULL)
		fail(message, "line %d: %s", error.line, error.text);
	else
		result = read_document(volumes, document, boot, message);
	json_decref(document);
	if (result < 0)
		volumes_free(volumes);
	return result;
}

/* ---- the file ---- */

static char *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	char *text = file != NULL ? malloc(MOST_BYTES) : NULL;

	if (text != NULL) {
		errno = 0;
		*size = fread(text, 1, MOST_BYTES, file);
		if (ferror(file)) {
			free(text);
			text = NULL;
		}
	}
	if (file != NULL)
		fclose(file);
	return text;
}

enum state_result state_read(struct volumes *volumes, const char *path, const char *boot,
			     message_line message)
{
	size_t size;
	char *text;
	int result;

	*volumes = (struct volumes){ 0 };
	text = read_file(path, &size);
	if (text == NULL && errno == ENOENT)
		return STATE_NONE;
	if (text == NULL) {
		fail(message, "cannot read %s: %s: give another --state-file", path,
		     strerror(errno));
		return STATE_FAILED;
	}
	result = state_parse(volumes, text, size, boot, message);
	free(text);
	return result == 0 ? STATE_READ : STATE_DAMAGED;
}

int state_put_aside(const char *path, message_line message)
{
	char *aside;
	int result;

	if (asprintf(&aside, "%s.damaged-%lld", path, (long long)time(NULL)) < 0)
		return fail(message, "out of memory");
	result = rename(path, aside);
	if (result < 0)
		fail(message, "cannot rename it to %s: %s: move it away", aside, strerror(errno));
	else
		fail(message, "it is kept as %s", aside);
	free(aside);
	return result;
}

static json_t *volume_to_json(const struct volume *volume)
{
	json_t *holders = json_array();
	char mode[MODE_LENGTH + 1];

	for (size_t i = 0; i < volume->holder_count; i++)
		json_array_append_new(holders, json_string(volume->holders[i]));
	snprintf(mode, sizeof(mode), "%o", (unsigned)volume->settings.mode);
	return json_pack("{s:s, s:s, s:s, s:i, s:o, s:i, s:I}", "subdir",
			 volume->settings.directory, "options", volume->settings.words, "mode",
			 mode, "made", (int)volume->made, "holders", holders, "pid",
			 (int)volume->pid, "born", (json_int_t)volume->born);
}

static json_t *volumes_to_json(const struct volumes *volumes, const char *boot)
{
	json_t *list = json_object();

	for (const struct volume *volume = volumes->first; volume != NULL; volume = volume->next)
		if (json_object_set_new(list, volume->name, volume_to_json(volume)) < 0) {
			json_decref(list);
			return NULL;
		}
	return json_pack("{s:i, s:s, s:o}", "version", VERSION, "boot", boot, "volumes", list);
}

static int sync_directory_of(const char *path)
{
	char *copy = strdup(path);
	int fd, result = -1;

	if (copy == NULL)
		return -1;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd >= 0) {
		result = fsync(fd);
		close(fd);
	}
	return result;
}

static int write_all(int fd, const char *text, size_t size)
{
	const ssize_t count = write(fd, text, size);

	if (count >= 0 && (size_t)count < size)
		errno = ENOSPC;
	return count == (ssize_t)size ? fsync(fd) : -1;
}

/* 0 or -1 and errno. */
static int replace_file(const char *path, const char *new, const char *text)
{
	const int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int result, error;

	if (fd < 0)
		return -1;
	result = write_all(fd, text, strlen(text));
	if (result == 0)
		result = rename(new, path);
	error = errno;
	close(fd);
	if (result == 0)
		return sync_directory_of(path);
	unlink(new);
	errno = error;
	return -1;
}

int state_write(const struct volumes *volumes, const char *path, const char *boot,
		message_line message)
{
	json_t *document = volumes_to_json(volumes, boot);
	char *text = json_dumps(document, JSON_INDENT(2)), *new = NULL;
	int result = 0;

	json_decref(document);
	if (text == NULL || asprintf(&new, "%s.new", path) < 0)
		result = fail(message, "out of memory");
	else if (replace_file(path, new, text) < 0)
		result = fail(message, "cannot write %s: %s: make room, or mend its directory",
			      path, strerror(errno));
	free(text);
	free(new);
	return result;
}
