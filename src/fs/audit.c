/* SPDX-License-Identifier: MIT */
#include "audit.h"

#include "log.h"

#include "posix_shm.h"
#include "text/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static const char *const event_names[] = {
	[AUDIT_CREATE] = "create", [AUDIT_OPEN] = "open",   [AUDIT_TRUNCATE] = "truncate",
	[AUDIT_CHANGE] = "change", [AUDIT_LINK] = "link",   [AUDIT_RENAME] = "rename",
	[AUDIT_UNLINK] = "unlink", [AUDIT_MKDIR] = "mkdir", [AUDIT_RMDIR] = "rmdir",
};

/* Other failures, of a name that is not there say, are no affair of rights. */
static bool is_told(int error)
{
	return error >= 0 || error == -EPERM || error == -EACCES || error == -EROFS;
}

/* NULL where the caller is of another PID namespace, or gone. */
static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return pid > 0 ? fopen(path, "re") : NULL;
}

/* FUSE tells which thread it was: it is told where nobody knows of which process. */
static pid_t process_of(pid_t thread)
{
	FILE *file = open_proc(thread, "status");
	int process = 0;
	char line[256];

	if (file == NULL)
		return thread;
	while (process == 0 && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "Tgid: %d", &process);
	fclose(file);
	return process > 0 ? process : thread;
}

/* As /proc/PID/comm has it, 15 bytes that the caller chose himself, or empty. */
static void read_command(pid_t pid, char text[PRINTABLE_SIZE(16)])
{
	FILE *file = open_proc(pid, "comm");
	char comm[17] = "";
	size_t len;

	if (file != NULL) {
		len = fread(comm, 1, sizeof(comm) - 1, file);
		if (len > 0 && comm[len - 1] == '\n')
			comm[len - 1] = '\0';
		fclose(file);
	}
	printable(comm, text, PRINTABLE_SIZE(16));
}

/* The line: what happened, to what, and who did it. */
static int tell(fuse_req_t req, enum audit_event event, const char *object, int error)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	const pid_t process = process_of(ctx->pid);
	char command[PRINTABLE_SIZE(16)];
	const char *failure = error < 0 ? pshm_error_name(-error) : NULL;

	read_command(process, command);
	log_notice("audit: %s%s %s%s%s pid=%d uid=%u gid=%u command=\"%s\"",
		   error < 0 ? "denied " : "", event_names[event], object,
		   failure != NULL ? " error=" : "", failure != NULL ? failure : "", (int)process,
		   (unsigned)ctx->uid, (unsigned)ctx->gid, command);
	return error;
}

typedef char object_text[sizeof("object=\"/\"") + PRINTABLE_SIZE(NAME_MAX)];

/* The object's name as shm_open(3) takes it; what can be none stands as it was
 * given. */
static void write_object(struct fs *fs, const char *prefix, const char *component, bool directory,
			 object_text text)
{
	char plain[PRINTABLE_SIZE(NAME_MAX)];
	object_name object;
	const int error = directory ? view_marker(&fs->view, prefix, component, object)
				    : view_file(&fs->view, prefix, component, object);

	printable(error == 0 ? object : component, plain, sizeof(plain));
	snprintf(text, sizeof(object_text), "object=\"/%s\"", plain);
}

static void write_name(struct fs *fs, struct node *parent, const char *name, bool directory,
		       object_text text)
{
	object_name prefix;

	if (parent == NULL || !node_prefix(parent, prefix))
		prefix[0] = '\0';
	write_object(fs, prefix, name, directory, text);
}

int audit_record_name(fuse_req_t req, enum audit_event event, struct node *parent, const char *name,
		      struct node *newparent, const char *newname, int error)
{
	const bool directory = event == AUDIT_MKDIR || event == AUDIT_RMDIR;
	struct fs *fs = fs_of(req);
	object_text from, to;
	char both[2 * sizeof(object_text) + sizeof(" new")];

	if (!is_told(error))
		return error;
	write_name(fs, parent, name, directory, from);
	if (newname == NULL)
		return tell(req, event, from, error);
	write_name(fs, newparent, newname, directory, to);
	snprintf(both, sizeof(both), "%s new%s", from, to);
	return tell(req, event, both, error);
}

int audit_record_node(fuse_req_t req, enum audit_event event, struct node *node, int error)
{
	object_name prefix, component;
	object_text text;

	if (!is_told(error) || node == NULL)
		return error;
	if (node_place(node, prefix, component))
		write_object(fs_of(req), prefix, component, node->directory, text);
	else
		snprintf(text, sizeof(text), "inode=%ju", (uintmax_t)node->ino);
	return tell(req, event, text, error);
}

int audit_tmpfile(fuse_req_t req, const struct fuse_entry_param *entry, int error)
{
	object_text text = "inode=-";

	if (!fs_of(req)->options->audit || !is_told(error))
		return error;
	if (error >= 0)
		snprintf(text, sizeof(text), "inode=%ju", (uintmax_t)entry->attr.st_ino);
	return tell(req, AUDIT_CREATE, text, error);
}

int audit_open(fuse_req_t req, struct node *node, const struct fuse_file_info *fi, int error)
{
	if (error == 0 && (fi->flags & O_ACCMODE) == O_RDONLY && !(fi->flags & O_TRUNC))
		return 0;
	return audit_node(req, AUDIT_OPEN, node, error);
}

int audit_setattr(fuse_req_t req, struct node *node, int to_set, const struct fuse_file_info *fi,
		  int error)
{
	const bool cut = to_set & FUSE_SET_ATTR_SIZE;

	/* Who has it open for writing was told when he opened it. */
	if (!cut)
		return audit_change(req, node, error);
	return error == 0 && fi != NULL ? 0 : audit_node(req, AUDIT_TRUNCATE, node, error);
}

int audit_change(fuse_req_t req, struct node *node, int error)
{
	return error >= 0 ? error : audit_node(req, AUDIT_CHANGE, node, error);
}
