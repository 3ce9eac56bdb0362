/* SPDX-License-Identifier: MIT */
#include "container.h"

#include <sched.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>

/* What podman needs to be content within the case: see CONTRIBUTING.md. */
#define CONTAINERS "/run/containers-of-test"

static const char containers_conf[] =
	"[containers]\n"
	"netns = \"none\"\n"
	"log_driver = \"none\"\n"
	/* Without CAP_SYS_RESOURCE podman cannot raise limits to its defaults. */
	"default_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n"
	"[engine]\n"
	"cgroup_manager = \"cgroupfs\"\n"
	"events_logger = \"none\"\n"
	"runtime = \"runc\"\n"
	"tmp_dir = \"" CONTAINERS "/tmp\"\n";

static const char storage_conf[] = "[storage]\n"
				   "driver = \"overlay\"\n"
				   "runroot = \"" CONTAINERS "/run\"\n"
				   "graphroot = \"" CONTAINERS "/storage\"\n";

static const char *shm_of_containers = VIEW, *more_arguments = "", *native_prefix;
static pid_t daemon_of_view;
static int watch; /* an inotify descriptor on SHM */

void needs_program(const char *program, const char *package)
{
	g_autofree char *path = g_find_program_in_path(program);

	if (!path)
		skip_test("%s is not installed (package %s)", program, package);
}

void containers_begin(const char *share)
{
	g_autofree char *options = g_strconcat("subdir=team", share ? ",share=" : "", share, NULL);

	needs_program("podman", "podman");
	needs_program("runc", "runc");
	ok(mkdir(CONTAINERS, 0755));
	put(CONTAINERS "/containers.conf", containers_conf);
	put(CONTAINERS "/storage.conf", storage_conf);
	g_setenv("CONTAINERS_CONF", CONTAINERS "/containers.conf", TRUE);
	g_setenv("CONTAINERS_STORAGE_CONF", CONTAINERS "/storage.conf", TRUE);
	g_setenv("HOME", CONTAINERS, TRUE);
	g_setenv("TMPDIR", CONTAINERS, TRUE);
	ok(mkdir(MNT "/team", 0700));
	ok(chmod(MNT "/team", 01777));
	daemon_of_view = view_start(options);
	native_prefix = share ? "" : PREFIX;
	watch = ok(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
	ok(inotify_add_watch(watch, SHM, IN_CREATE));
}

void containers_end(void)
{
	has_names(VIEW, "");
	view_end(daemon_of_view);
}

unsigned objects_made(const char *pattern)
{
	union {
		struct inotify_event event;
		char bytes[65536];
	} buf;
	unsigned count = 0;
	ssize_t len;

	while ((len = read(watch, &buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < len;) {
			const struct inotify_event *event = (const void *)(buf.bytes + at);

			count += event->len > 0 && g_pattern_match_simple(pattern, event->name);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	return count;
}

static char *client_path(const char *directory, const char *name)
{
	return g_build_filename(g_getenv(directory), name, NULL);
}

char *client_program(const char *name, const char *package)
{
	char *path = client_path("CLIENTS_BUILT", name);

	if (!exists(path))
		skip_test("%s was not built: package %s was not installed", name, package);
	return path;
}

char *client_script(const char *name)
{
	return client_path("CLIENTS_SOURCE", name);
}

void containers_see(const char *path)
{
	shm_of_containers = path;
}

void containers_get(const char *arguments)
{
	more_arguments = arguments;
}

static _Noreturn void exec_in_container(uid_t user, const char *const command[])
{
	g_autofree char *script = g_strdup_printf(
		"exec podman run --rm --quiet --user %u:%u -v %s:/dev/shm"
		" -v \"$CLIENTS_BUILT:$CLIENTS_BUILT:ro\" -v \"$CLIENTS_SOURCE:$CLIENTS_SOURCE:ro\""
		" %s --rootfs /:O \"$@\"",
		user, user, shm_of_containers, more_arguments);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	g_ptr_array_add(argv, (char *)"sh");
	g_ptr_array_add(argv, (char *)"-c");
	g_ptr_array_add(argv, script);
	g_ptr_array_add(argv, (char *)"sh");
	for (const char *const *word = command; *word; word++)
		g_ptr_array_add(argv, (char *)*word);
	g_ptr_array_add(argv, NULL);
	execv("/bin/sh", (char **)argv->pdata);
	g_error("/bin/sh: %s", g_strerror(errno));
}

static _Noreturn void exec_natively(bool viewer, uid_t user, const char *const command[])
{
	ok(unshare(CLONE_NEWNS));
	if (viewer)
		ok(mount(shm_of_containers, SHM, NULL, MS_BIND, NULL));
	ok(setresgid(user, user, user));
	ok(setresuid(user, user, user));
	execvp(command[0], (char *const *)command);
	g_error("%s: %s", command[0], g_strerror(errno));
}

pid_t start_command(enum place place, uid_t user, const char *const command[])
{
	pid_t pid;

	CHILD (pid) {
		if (place == CONTAINER)
			exec_in_container(user, command);
		exec_natively(place == VIEWER, user, command);
	}
	return pid;
}

static pid_t start_peer(enum place place, uid_t user, const char *interpreter, const char *program,
			const char *role)
{
	const char *prefix = place == NATIVE ? native_prefix : "";

	if (interpreter)
		return start(place, user, interpreter, program, role, prefix);
	return start(place, user, program, role, prefix);
}

void pair_meets(enum place first, enum place second, uid_t user, const char *interpreter,
		const char *program)
{
	pid_t one = start_peer(first, user, interpreter, program, "first");
	pid_t other = start_peer(second, user, interpreter, program, "second");

	ends_well(other);
	ends_well(one);
}
