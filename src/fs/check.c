/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "confine.h"
#include "options.h"
#include "session.h"
#include "uring.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHARED = 0, MAPPED_ONLY = 1, NOTHING = 2 };

/* What the trial found; goes through a pipe in one piece. */
struct trial {
	int result;
	unsigned proto_major, proto_minor;
	message_line text;   /* why not, or why not better */
	char transport[256]; /* why not io_uring; empty where it works */
};

/* ---- the trial: a real mount, where nobody else sees it ---- */

static void tell(struct trial *trial, const struct fs *fs, const struct session_warnings *warnings)
{
	const char *fault = uring_fault(fs->uring);

	memcpy(trial->text, warnings->data, sizeof(warnings->data));
	snprintf(trial->transport, sizeof(trial->transport), "%s", fault != NULL ? fault : "");
	trial->result = fs->passthrough ? SHARED : MAPPED_ONLY;
	trial->proto_major = fs->proto_major;
	trial->proto_minor = fs->proto_minor;
}

static void mount_and_tell(struct trial *trial, const char *directory)
{
	char *argv[] = { (char[]){ "shmfuse" }, (char[]){ "-oio_uring=auto" }, (char *)directory,
			 NULL };
	struct session_warnings warnings;
	struct options options;
	message_line message;
	struct fs fs;

	if (options_parse(&options, 3, argv, message) < 0 ||
	    session_mount(&fs, &options, -1, message) < 0) {
		memcpy(trial->text, message, sizeof(message));
	} else {
		if (session_begin(&fs, message, &warnings) < 0)
			memcpy(trial->text, message, sizeof(message));
		else
			tell(trial, &fs, &warnings);
		session_stop(&fs);
	}
	options_free(&options);
}

static void try_mount(struct trial *trial, const char *directory)
{
	*trial = (struct trial){ .result = NOTHING };
	/* Without the right to this it is in the open for a moment. */
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mount_and_tell(trial, directory);
}

/* In a child, whose mount namespace and limits are its own. */
static void run_child(struct trial *trial, const char *directory)
{
	int ends[2];
	pid_t child;

	*trial = (struct trial){ .result = NOTHING, .text = "cannot start a trial" };
	if (pipe(ends) < 0)
		return;
	child = fork();
	if (child == 0) {
		try_mount(trial, directory);
		_exit(write(ends[1], trial, sizeof(*trial)) == sizeof(*trial) ? 0 : 1);
	}
	close(ends[1]);
	if (child > 0) {
		if (read(ends[0], trial, sizeof(*trial)) != sizeof(*trial))
			snprintf(trial->text, sizeof(trial->text), "the trial ended by itself");
		waitpid(child, NULL, 0);
	}
	close(ends[0]);
}

static void run_trial(struct trial *trial)
{
	char directory[] = "/tmp/shmfuse-check-XXXXXX";

	*trial = (struct trial){ .result = NOTHING };
	if (mkdtemp(directory) == NULL) {
		snprintf(trial->text, sizeof(trial->text), "cannot make a directory in /tmp: %s",
			 strerror(errno));
		return;
	}
	run_child(trial, directory);
	rmdir(directory);
}

/* ---- what can be read ---- */

#define WIDTH  80
#define INDENT 20

/* The text beside its subject, broken at spaces where it is long. */
static void show(FILE *out, const char *subject, const char *text)
{
	fprintf(out, "%-*s", INDENT, subject);
	while (strlen(text) > WIDTH - INDENT) {
		int len = WIDTH - INDENT;

		while (len > 1 && text[len] != ' ')
			len--;
		fprintf(out, "%.*s\n%*s", len, text, INDENT, "");
		text += len + 1;
	}
	fprintf(out, "%s\n", text);
}

static void show_kernel(FILE *out)
{
	struct utsname name;

	if (uname(&name) == 0)
		fprintf(out, "%-*s%s %s\n", INDENT, "kernel", name.sysname, name.release);
}

static void show_protocol(FILE *out, const struct trial *trial)
{
	if (trial->result == NOTHING)
		show(out, "FUSE protocol", "unknown: no mount was possible");
	else
		fprintf(out, "%-*s%u.%u\n", INDENT, "FUSE protocol", trial->proto_major,
			trial->proto_minor);
}

static void show_uring(FILE *out, const struct trial *trial)
{
	if (trial->result == NOTHING)
		show(out, "io_uring", "unknown: no mount was possible");
	else if (trial->transport[0] != '\0')
		show(out, "io_uring", trial->transport);
	else
		show(out, "io_uring", "works (tried)");
}

static void show_privileges(FILE *out)
{
	if (geteuid() == 0)
		show(out, "privileges", "root: mounts are open to all users");
	else
		show(out, "privileges", "ordinary user: a mount is for this user alone");
}

static void show_confinement(FILE *out)
{
	char text[128];

	confine_describe(text, sizeof(text));
	show(out, "confinement", text);
}

static const char *file_system_type(const struct statfs *status)
{
	switch ((unsigned long)status->f_type) {
	case 0x01021994:
		return "tmpfs";
	case 0x858458f6:
		return "ramfs";
	case 0x65735546:
		return "FUSE";
	default:
		return "of another type than tmpfs";
	}
}

static void show_space(FILE *out)
{
	const unsigned long long mib = 1024 * 1024;
	struct statfs status;

	if (statfs(pshm_space_path(), &status) < 0) {
		fprintf(out, "%-*s%s: %s\n", INDENT, "shm file system", pshm_space_path(),
			strerror(errno));
		return;
	}
	fprintf(out, "%-*s%s, %s, %llu MiB, %llu MiB used\n", INDENT, "shm file system",
		pshm_space_path(), file_system_type(&status),
		status.f_blocks * (unsigned long long)status.f_bsize / mib,
		(status.f_blocks - status.f_bfree) * (unsigned long long)status.f_bsize / mib);
	fprintf(out, "%-*s%d bytes, directories and separators included\n", INDENT, "longest name",
		NAME_MAX);
}

static void show_result(FILE *out, const struct trial *trial)
{
	switch (trial->result) {
	case SHARED:
		show(out, "passthrough", "works (tried)");
		show(out, "result", "a mount shares memory: MAP_SHARED mappings are the objects");
		break;
	case MAPPED_ONLY:
		show(out, "passthrough", trial->text);
		show(out, "result", "a mount works without shared mappings (mapped data path)");
		break;
	default:
		show(out, "why not", trial->text);
		show(out, "result", "no mount is possible");
	}
}

int check_machine(FILE *out)
{
	struct trial trial;

	run_trial(&trial);
	show_kernel(out);
	show_protocol(out, &trial);
	show(out, "libfuse", fuse_pkgversion());
	show_uring(out, &trial);
	show_privileges(out);
	show_confinement(out);
	show_space(out);
	show_result(out, &trial);
	return trial.result;
}
