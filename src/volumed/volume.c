/* SPDX-License-Identifier: MIT */
#include "volume.h"

#include <stdlib.h>
#include <string.h>

struct volume *volumes_find(const struct volumes *volumes, const char *name)
{
	struct volume *volume = volumes->first;

	while (volume != NULL && strcmp(volume->name, name) != 0)
		volume = volume->next;
	return volume;
}

struct volume *volume_new(const char *name, const struct settings *settings)
{
	struct volume *volume = calloc(1, sizeof(*volume));

	if (volume == NULL)
		return NULL;
	volume->name = strdup(name);
	volume->settings = *settings;
	if (volume->name == NULL) {
		free(volume);
		return NULL;
	}
	return volume;
}

void volume_free(struct volume *volume)
{
	if (volume == NULL)
		return;
	volume_release_all(volume);
	free(volume->name);
	free(volume);
}

void volumes_add(struct volumes *volumes, struct volume *volume)
{
	struct volume **at = &volumes->first;

	while (*at != NULL && strcmp((*at)->name, volume->name) < 0)
		at = &(*at)->next;
	volume->next = *at;
	*at = volume;
	volumes->count++;
}

void volumes_take_out(struct volumes *volumes, struct volume *volume)
{
	struct volume **at = &volumes->first;

	while (*at != volume)
		at = &(*at)->next;
	*at = volume->next;
	volume->next = NULL;
	volumes->count--;
}

void volumes_free(struct volumes *volumes)
{
	struct volume *volume;

	while ((volume = volumes->first) != NULL) {
		volumes_take_out(volumes, volume);
		volume_free(volume);
	}
}

static bool is_within(const char *directory, const char *parent)
{
	const size_t len = strlen(parent);

	return strncmp(directory, parent, len) == 0 &&
	       (directory[len] == '\0' || directory[len] == '/');
}

struct volume *volumes_within(const struct volumes *volumes, const struct volume *volume)
{
	struct volume *other = volumes->first;

	while (other != NULL && (other == volume ||
				 !is_within(other->settings.directory, volume->settings.directory)))
		other = other->next;
	return other;
}

static size_t find_holder(const struct volume *volume, const char *id)
{
	size_t i = 0;

	while (i < volume->holder_count && strcmp(volume->holders[i], id) != 0)
		i++;
	return i;
}

bool volume_is_held_by(const struct volume *volume, const char *id)
{
	return find_holder(volume, id) < volume->holder_count;
}

int volume_hold(struct volume *volume, const char *id, message_line message)
{
	char **more, *copy;

	if (volume_is_held_by(volume, id))
		return 0;
	if (volume->holder_count >= MOST_HOLDERS)
		return fail(message, "volume %s is mounted %d times: unmount some first",
			    volume->name, MOST_HOLDERS);
	more = realloc(volume->holders, (volume->holder_count + 1) * sizeof(*more));
	if (more != NULL)
		volume->holders = more;
	copy = strdup(id);
	if (more == NULL || copy == NULL) {
		free(copy);
		return fail(message, "out of memory");
	}
	volume->holders[volume->holder_count++] = copy;
	return 0;
}

void volume_release(struct volume *volume, const char *id)
{
	const size_t i = find_holder(volume, id);

	if (i == volume->holder_count)
		return;
	free(volume->holders[i]);
	volume->holders[i] = volume->holders[--volume->holder_count];
}

void volume_release_all(struct volume *volume)
{
	while (volume->holder_count > 0)
		free(volume->holders[--volume->holder_count]);
	free(volume->holders);
	volume->holders = NULL;
}
