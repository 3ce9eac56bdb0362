/* SPDX-License-Identifier: MIT */
/*
 * The audit (option audit): a line in the log for each object that was made,
 * opened for writing, cut or removed, and for what the daemon has denied. Where
 * the kernel denies by itself, no request comes, and there is no line.
 *
 * Each function takes the worker's result and gives it back, so that a handler
 * has it around its call.
 */
#pragma once

#include "fs.h"

enum audit_event {
	AUDIT_CREATE,
	AUDIT_OPEN,
	AUDIT_TRUNCATE,
	AUDIT_CHANGE,
	AUDIT_LINK,
	AUDIT_RENAME,
	AUDIT_UNLINK,
	AUDIT_MKDIR,
	AUDIT_RMDIR,
};

/* What happened to a name in a directory; newname is NULL but for a rename. */
int audit_record_name(fuse_req_t req, enum audit_event event, struct node *parent, const char *name,
		      struct node *newparent, const char *newname, int error);
/* What happened to an object, whatever its name. */
int audit_record_node(fuse_req_t req, enum audit_event event, struct node *node, int error);

static inline int audit_name(fuse_req_t req, enum audit_event event, struct node *parent,
			     const char *name, int error)
{
	if (!fs_of(req)->options->audit)
		return error;
	return audit_record_name(req, event, parent, name, NULL, NULL, error);
}

static inline int audit_rename(fuse_req_t req, struct node *parent, const char *name,
			       struct node *newparent, const char *newname, int error)
{
	if (!fs_of(req)->options->audit)
		return error;
	return audit_record_name(req, AUDIT_RENAME, parent, name, newparent, newname, error);
}

static inline int audit_node(fuse_req_t req, enum audit_event event, struct node *node, int error)
{
	if (!fs_of(req)->options->audit)
		return error;
	return audit_record_node(req, event, node, error);
}

/* A file without a name has only the number that its entry tells. */
int audit_tmpfile(fuse_req_t req, const struct fuse_entry_param *entry, int error);
int audit_open(fuse_req_t req, struct node *node, const struct fuse_file_info *fi, int error);
int audit_setattr(fuse_req_t req, struct node *node, int to_set, const struct fuse_file_info *fi,
		  int error);
/* Told only where it was denied. */
int audit_change(fuse_req_t req, struct node *node, int error);
