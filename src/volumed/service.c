/* SPDX-License-Identifier: MIT */
#include "service.h"

#include "directory.h"
#include "launch.h"
#include "mount_table.h"
#include "parents.h"
#include "place.h"
#include "process.h"
#include "relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	END_TIME = 2000,    /* for shmfuse to end when its mount is gone */
	DELAY_FIRST = 1000, /* before the second restart in a row; then twice as much */
	DELAY_MOST = 60000, /* and never more; who ran that long begins anew */
	MOST_COVERED = 16,  /* dead mounts below a live one */
};

struct service {
	struct watch end; /* first: the watch is the service */
	struct services *services;
	struct volume *volume;
	struct relay relay;
	struct process process;
	char *mountpoint;
	char *staging;
	int use; /* directory_use() while the volume is held, -1 otherwise */
	long long started;
	long long due; /* when to start again; 0: not at all */
	int delay;
};

/* A child that nobody waits for stays a zombie. */
struct leftover {
	struct watch end; /* first: the watch is the leftover */
	struct leftover *next;
	struct services *services;
	struct process process;
};

/* ---- all of them ---- */

int services_open(struct services *services, struct loop *loop, const char *run_dir,
		  const char *shmfuse, message_line message)
{
	*services = (struct services){ loop, run_dir, shmfuse, NULL };
	if (make_parents(run_dir) < 0 || place_make(run_dir) < 0)
		return fail(message, "cannot make %s: %s: give another --run-dir", run_dir,
			    strerror(errno));
	if (access(shmfuse, X_OK) < 0)
		return fail(message,
			    "cannot run %s: %s: install it, or say where it is by --shmfuse",
			    shmfuse, strerror(errno));
	return 0;
}

/* ---- one of them ---- */

static void on_end(struct watch *watch);

int service_new(struct services *services, struct volume *volume, message_line message)
{
	struct service *service = calloc(1, sizeof(*service));
	char *fifo = NULL;
	int result = 0;

	if (service == NULL)
		return fail(message, "out of memory");
	service->end = (struct watch){ -1, on_end };
	service->relay.watch.fd = -1;
	service->services = services;
	service->volume = volume;
	service->process.fd = -1;
	service->use = -1;
	volume->service = service;
	if (asprintf(&service->mountpoint, "%s/%s", services->run_dir, volume->name) < 0 ||
	    asprintf(&service->staging, "%s/.%s.new", services->run_dir, volume->name) < 0 ||
	    asprintf(&fifo, "%s/.%s.log", services->run_dir, volume->name) < 0)
		result = fail(message, "out of memory");
	else if (place_make(service->mountpoint) < 0 || place_make(service->staging) < 0 ||
		 relay_open(&service->relay, services->loop, fifo, volume->name) < 0)
		result = fail(message, "cannot make the mount point %s: %s", service->mountpoint,
			      strerror(errno));
	free(fifo);
	if (result < 0)
		service_leave(volume);
	return result;
}

static void watch_no_more(struct service *service)
{
	if (service->end.fd >= 0)
		loop_remove(service->services->loop, &service->end);
	service->end.fd = -1;
}

/* From the first shmfuse on: that one may find objects of a use long ago. */
static void use(struct service *service)
{
	if (service->use < 0)
		service->use = directory_use(service->volume->settings.directory);
}

static void use_no_more(struct service *service)
{
	if (service->use >= 0)
		close(service->use);
	service->use = -1;
}

void service_leave(struct volume *volume)
{
	struct service *service = volume->service;

	if (service == NULL)
		return;
	watch_no_more(service);
	use_no_more(service);
	process_close(&service->process);
	relay_close(&service->relay);
	free(service->mountpoint);
	free(service->staging);
	free(service);
	volume->service = NULL;
}

void service_remove(struct volume *volume)
{
	const struct service *service = volume->service;

	place_clear(service->mountpoint);
	rmdir(service->mountpoint);
	rmdir(service->staging);
	unlink(service->relay.path);
	service_leave(volume);
}

const char *service_mountpoint(const struct volume *volume)
{
	return volume->service->mountpoint;
}

static bool is_running(const struct service *service)
{
	return service->process.fd >= 0;
}

/* ---- start ---- */

static int give_up(struct service *service, message_line message)
{
	const char *said = service->relay.last;
	int status;

	if (!is_running(service))
		return fail(message, "volume %s: cannot start %s: %s", service->volume->name,
			    service->services->shmfuse, strerror(errno));
	if (!process_ends_within(&service->process, END_TIME)) {
		process_kill(&service->process);
		process_ends_within(&service->process, -1);
	}
	status = process_close(&service->process);
	place_clear(service->staging);
	relay_drain(&service->relay);
	if (said[0] != '\0')
		return fail(message, "volume %s: %s", service->volume->name, said);
	return fail(message, "volume %s: shmfuse did not mount (wait status 0x%x): see its log",
		    service->volume->name, (unsigned)status);
}

static int watch(struct service *service)
{
	struct volume *volume = service->volume;

	service->end.fd = service->process.fd;
	if (loop_add(service->services->loop, &service->end) < 0) {
		service->end.fd = -1;
		return -1;
	}
	volume->pid = service->process.pid;
	volume->born = service->process.born;
	service->started = loop_now();
	service->due = 0;
	return 0;
}

static int mount_staging(struct service *service)
{
	const int output = relay_output(&service->relay);
	int result;

	if (output < 0)
		return -1;
	result = launch(&service->process, service->services->shmfuse, &service->volume->settings,
			service->staging, output);
	close(output);
	return result;
}

int service_start(struct volume *volume, message_line message)
{
	struct service *service = volume->service;

	place_clear(service->staging);
	relay_drain(&service->relay);
	service->relay.last[0] = '\0';
	if (mount_staging(service) < 0)
		return give_up(service, message);
	if (mount_table_count(service->mountpoint) >= MOST_COVERED)
		place_clear(service->mountpoint);
	if (place_move(service->staging, service->mountpoint) < 0 || watch(service) < 0) {
		fail(service->relay.last, "cannot mount on %s: %s", service->mountpoint,
		     strerror(errno));
		place_clear(service->staging);
		return give_up(service, message);
	}
	use(service);
	log_event("volume %s: mounted on %s by process %d", volume->name, service->mountpoint,
		  (int)volume->pid);
	return 0;
}

/* ---- stop ---- */

static void leftover_free(struct leftover *leftover)
{
	struct leftover **at = &leftover->services->leftovers;

	while (*at != leftover)
		at = &(*at)->next;
	*at = leftover->next;
	loop_remove(leftover->services->loop, &leftover->end);
	process_close(&leftover->process);
	free(leftover);
}

static void on_leftover_end(struct watch *watch)
{
	leftover_free((struct leftover *)watch);
}

void services_close(struct services *services)
{
	while (services->leftovers != NULL)
		leftover_free(services->leftovers);
}

static void leave_process(struct service *service)
{
	struct services *services = service->services;
	struct leftover *leftover = malloc(sizeof(*leftover));

	if (leftover == NULL) {
		process_close(&service->process);
		return;
	}
	*leftover = (struct leftover){
		.end = { service->process.fd, on_leftover_end },
		.next = services->leftovers,
		.services = services,
		.process = service->process,
	};
	services->leftovers = leftover;
	loop_add(services->loop, &leftover->end);
	service->process = (struct process){ .fd = -1 };
}

void service_stop(struct volume *volume)
{
	struct service *service = volume->service;

	service->due = 0;
	service->delay = 0;
	use_no_more(service);
	place_clear(service->mountpoint);
	if (is_running(service)) {
		watch_no_more(service);
		/* It may have objects to remove (ephemeral): before the next one comes. */
		if (process_ends_within(&service->process, END_TIME))
			process_close(&service->process);
		else
			leave_process(service);
		relay_drain(&service->relay);
		log_event("volume %s: unmounted", volume->name);
	}
	volume->pid = 0;
	volume->born = 0;
}

/* ---- start again ---- */

static void start_later(struct service *service)
{
	service->due = loop_now() + service->delay;
	service->delay = service->delay == 0 ? DELAY_FIRST : 2 * service->delay;
	if (service->delay > DELAY_MOST)
		service->delay = DELAY_MOST;
}

static void on_end(struct watch *watch)
{
	struct service *service = (struct service *)watch;
	struct volume *volume = service->volume;
	int status;

	watch_no_more(service);
	relay_drain(&service->relay);
	status = process_close(&service->process);
	if (status == -1)
		log_event("volume %s: its shmfuse has ended", volume->name);
	else if (WIFSIGNALED(status))
		log_event("volume %s: its shmfuse was killed by signal %d", volume->name,
			  WTERMSIG(status));
	else
		log_event("volume %s: its shmfuse has ended with exit status %d", volume->name,
			  WEXITSTATUS(status));
	volume->pid = 0;
	volume->born = 0;
	if (loop_now() - service->started >= DELAY_MOST)
		service->delay = 0;
	start_later(service);
}

/* Dying, a process closes its mount before anybody can see that it has ended. */
bool service_answers(struct volume *volume)
{
	struct service *service = volume->service;

	if (!is_running(service))
		return false;
	if (launch_answers(&service->process, service->mountpoint))
		return true;
	process_kill(&service->process);
	process_ends_within(&service->process, -1);
	on_end(&service->end);
	return false;
}

void service_adopt(struct volume *volume)
{
	struct service *service = volume->service;

	place_clear(service->staging);
	if (volume->holder_count == 0) {
		place_clear(service->mountpoint);
		volume->pid = 0;
		return;
	}
	use(service);
	if (mount_table_is_shmfuse(service->mountpoint) &&
	    process_find(&service->process, volume->pid, volume->born) && watch(service) == 0) {
		log_event("volume %s: taken over from process %d", volume->name, (int)volume->pid);
		return;
	}
	volume->pid = 0;
	start_later(service);
}

int service_due(const struct volume *volume)
{
	const long long due = volume->service->due, now = loop_now();

	if (due == 0)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

bool service_restart(struct volume *volume)
{
	struct service *service = volume->service;
	message_line message;

	if (service_due(volume) != 0)
		return false;
	if (service_start(volume, message) == 0)
		return true;
	log_event("%s; next attempt in %d s", message, service->delay / 1000);
	start_later(service);
	return false;
}
