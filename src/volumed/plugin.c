/* SPDX-License-Identifier: MIT */
#include "plugin.h"

#include "directory.h"
#include "launch.h"
#include "parents.h"
#include "protocol.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HTTP_OK = 200, HTTP_BAD_REQUEST = 400, HTTP_NOT_FOUND = 404, HTTP_ERROR = 500 };

/* A call's answer; or NULL, and the message says why. */
typedef char *answer_function(struct plugin *plugin, const struct request *request,
			      message_line message);

static int save(struct plugin *plugin, message_line message)
{
	return state_write(&plugin->volumes, plugin->state_file, plugin->boot, message);
}

static struct volume *find(const struct plugin *plugin, const struct request *request,
			   message_line message)
{
	struct volume *volume = volumes_find(&plugin->volumes, request->name);

	if (volume == NULL)
		fail(message, "no volume %s: create it first", request->name);
	return volume;
}

static struct description description_of(const struct volume *volume)
{
	return (struct description){
		.name = volume->name,
		.mountpoint = volume->holder_count > 0 ? service_mountpoint(volume) : "",
		.directory = volume->settings.directory,
		.words = volume->settings.words,
		.holders = volume->holder_count,
	};
}

/* ---- create and remove ---- */

static int create(struct plugin *plugin, const char *name, const struct settings *settings,
		  message_line message)
{
	struct volume *volume;
	message_line why;

	if (plugin->volumes.count >= MOST_VOLUMES)
		return fail(message, "there are %d volumes: remove some first", MOST_VOLUMES);
	if (launch_check(plugin->services.shmfuse, settings, message) < 0)
		return -1;
	volume = volume_new(name, settings);
	if (volume == NULL)
		return fail(message, "out of memory");
	if (service_new(&plugin->services, volume, message) < 0) {
		volume_free(volume);
		return -1;
	}
	volumes_add(&plugin->volumes, volume);
	if (directory_make(settings->directory, settings->mode, &volume->made, message) == 0 &&
	    save(plugin, message) == 0) {
		log_event("volume %s: created, directory %s, options '%s'", name,
			  settings->directory, settings->words);
		return 0;
	}
	directory_remove(settings->directory, volume->made, why);
	volumes_take_out(&plugin->volumes, volume);
	service_remove(volume);
	volume_free(volume);
	return -1;
}

static char *answer_create(struct plugin *plugin, const struct request *request,
			   message_line message)
{
	const struct volume *old = volumes_find(&plugin->volumes, request->name);
	struct settings settings;

	if (settings_read(&settings, request->name, request->options, request->option_count,
			  message) < 0)
		return NULL;
	/* Engines may ask again for what they have. */
	if (old != NULL && settings_equal(&old->settings, &settings))
		return answer_done();
	if (old != NULL) {
		fail(message, "volume %s exists with other options: remove it first",
		     request->name);
		return NULL;
	}
	return create(plugin, request->name, &settings, message) == 0 ? answer_done() : NULL;
}

/* The objects go with the volume, unless they are another one's too. That comes
 * last: what fails before leaves a whole volume. */
static char *answer_remove(struct plugin *plugin, const struct request *request,
			   message_line message)
{
	struct volume *volume = find(plugin, request, message), *other;
	int result = 0;

	if (volume == NULL)
		return NULL;
	if (volume->holder_count > 0) {
		fail(message, "volume %s is mounted (%zu holders): stop its containers first",
		     volume->name, volume->holder_count);
		return NULL;
	}
	other = volumes_within(&plugin->volumes, volume);
	volumes_take_out(&plugin->volumes, volume);
	if (other != NULL && strcmp(other->settings.directory, volume->settings.directory) == 0 &&
	    other->made < volume->made)
		other->made = volume->made;
	if (save(plugin, message) < 0) {
		volumes_add(&plugin->volumes, volume);
		return NULL;
	}
	service_remove(volume);
	if (other == NULL)
		result = directory_remove(volume->settings.directory, volume->made, message);
	log_event("volume %s: removed", volume->name);
	volume_free(volume);
	return result == 0 ? answer_done() : NULL;
}

/* ---- mount and unmount ---- */

static int mount_for(struct plugin *plugin, struct volume *volume, const char *id,
		     message_line message)
{
	const bool was_held = volume_is_held_by(volume, id);

	if (!service_answers(volume)) {
		if (directory_make(volume->settings.directory, volume->settings.mode, &volume->made,
				   message) < 0 ||
		    service_start(volume, message) < 0)
			return -1;
	} else if (was_held) {
		return 0;
	}
	if (volume_hold(volume, id, message) == 0 && save(plugin, message) == 0)
		return 0;
	if (!was_held)
		volume_release(volume, id);
	if (volume->holder_count == 0)
		service_stop(volume);
	return -1;
}

static char *answer_mount(struct plugin *plugin, const struct request *request,
			  message_line message)
{
	struct volume *volume = find(plugin, request, message);

	if (volume == NULL || mount_for(plugin, volume, request->id, message) < 0)
		return NULL;
	return answer_mountpoint(service_mountpoint(volume));
}

/* An ID that holds nothing has what it wants. */
static char *answer_unmount(struct plugin *plugin, const struct request *request,
			    message_line message)
{
	struct volume *volume = find(plugin, request, message);

	if (volume == NULL)
		return NULL;
	if (!volume_is_held_by(volume, request->id))
		return answer_done();
	volume_release(volume, request->id);
	if (volume->holder_count == 0)
		service_stop(volume);
	return save(plugin, message) == 0 ? answer_done() : NULL;
}

/* ---- questions ---- */

static char *answer_activate(struct plugin *plugin, const struct request *request,
			     message_line message)
{
	(void)plugin;
	(void)request;
	(void)message;
	return answer_activated();
}

static char *answer_scope(struct plugin *plugin, const struct request *request,
			  message_line message)
{
	(void)plugin;
	(void)request;
	(void)message;
	return answer_capabilities();
}

static char *answer_path(struct plugin *plugin, const struct request *request, message_line message)
{
	const struct volume *volume = find(plugin, request, message);

	return volume != NULL ? answer_mountpoint(description_of(volume).mountpoint) : NULL;
}

static char *answer_get(struct plugin *plugin, const struct request *request, message_line message)
{
	const struct volume *volume = find(plugin, request, message);
	struct description description;

	if (volume == NULL)
		return NULL;
	description = description_of(volume);
	return answer_volume(&description);
}

static char *answer_all(struct plugin *plugin, const struct request *request, message_line message)
{
	struct description *list = calloc(plugin->volumes.count + 1, sizeof(*list));
	size_t count = 0;
	char *answer;

	(void)request;
	if (list == NULL) {
		fail(message, "out of memory");
		return NULL;
	}
	for (const struct volume *v = plugin->volumes.first; v != NULL; v = v->next)
		list[count++] = description_of(v);
	answer = answer_list(list, count);
	free(list);
	return answer;
}

static answer_function *const answers[CALL_COUNT] = {
	[CALL_ACTIVATE] = answer_activate,
	[CALL_CREATE] = answer_create,
	[CALL_REMOVE] = answer_remove,
	[CALL_MOUNT] = answer_mount,
	[CALL_UNMOUNT] = answer_unmount,
	[CALL_PATH] = answer_path,
	[CALL_GET] = answer_get,
	[CALL_LIST] = answer_all,
	[CALL_CAPABILITIES] = answer_scope,
};

char *plugin_answer(struct plugin *plugin, const char *path, const char *body, size_t size,
		    unsigned *status)
{
	const enum call call = protocol_call(path);
	message_line message = "out of memory";
	struct request request;
	char *answer;

	if (call == CALL_COUNT) {
		*status = HTTP_NOT_FOUND;
		fail(message, "no call %s in the volume plugin protocol", path);
		return answer_error(message);
	}
	if (request_parse(&request, call, body, size, message) < 0) {
		*status = HTTP_BAD_REQUEST;
		return answer_error(message);
	}
	answer = answers[call](plugin, &request, message);
	request_free(&request);
	/* podman looks for an error only where the status says that there is one. */
	*status = answer != NULL ? HTTP_OK : HTTP_ERROR;
	if (answer == NULL && call != CALL_GET)
		log_event("%s: %s", path + 1, message);
	return answer != NULL ? answer : answer_error(message);
}

/* ---- the plugin ---- */

static int read_state(struct plugin *plugin, message_line message)
{
	message_line aside;

	switch (state_read(&plugin->volumes, plugin->state_file, plugin->boot, message)) {
	case STATE_FAILED:
		return -1;
	case STATE_DAMAGED:
		if (state_put_aside(plugin->state_file, aside) < 0)
			return fail(message, "%s is damaged: %s", plugin->state_file, aside);
		log_event("%s is damaged: %s", plugin->state_file, message);
		log_event("beginning without volumes; %s: mend it, put it back, and restart me",
			  aside);
		break;
	case STATE_READ:
	case STATE_NONE:
		break;
	}
	return 0;
}

int plugin_open(struct plugin *plugin, const char *state_file, message_line message)
{
	plugin->state_file = state_file;
	if (make_parents(state_file) < 0)
		return fail(message, "cannot make the directory of %s: %s", state_file,
			    strerror(errno));
	if (state_boot(plugin->boot, message) < 0 || read_state(plugin, message) < 0)
		return -1;
	for (struct volume *v = plugin->volumes.first; v != NULL; v = v->next) {
		if (service_new(&plugin->services, v, message) < 0)
			return -1;
		service_adopt(v);
	}
	/* Now, so that a place that cannot be written shows before it matters. */
	return save(plugin, message);
}

void plugin_close(struct plugin *plugin)
{
	for (struct volume *v = plugin->volumes.first; v != NULL; v = v->next)
		service_leave(v);
	services_close(&plugin->services);
	volumes_free(&plugin->volumes);
}

int plugin_due(const struct plugin *plugin)
{
	int due = -1;

	for (const struct volume *v = plugin->volumes.first; v != NULL; v = v->next) {
		const int its = service_due(v);

		if (its >= 0 && (due < 0 || its < due))
			due = its;
	}
	return due;
}

void plugin_run_due(struct plugin *plugin)
{
	message_line message;
	bool started = false;

	for (struct volume *v = plugin->volumes.first; v != NULL; v = v->next)
		started = service_restart(v) || started;
	if (started && save(plugin, message) < 0)
		log_event("%s", message);
}
