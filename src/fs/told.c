/* SPDX-License-Identifier: MIT */
/* What the kernel was told of a node, and goes by when it checks rights. */
#include "node.h"

#include "handover.h"

static void locked_record(const struct handle *handle, const struct node *node)
{
	handle->record->uid = node->uid;
	handle->record->gid = node->gid;
}

void told_record(struct handle *handle, struct record *record)
{
	pthread_mutex_lock(&handle->node->table->lock);
	handle->record = record;
	locked_record(handle, handle->node);
	pthread_mutex_unlock(&handle->node->table->lock);
}

void told_restore(struct handle *handle, struct record *record)
{
	pthread_mutex_lock(&handle->node->table->lock);
	handle->record = record;
	handle->node->uid = record->uid;
	handle->node->gid = record->gid;
	pthread_mutex_unlock(&handle->node->table->lock);
}

static void locked_tell_owner(struct node *node, uid_t uid, gid_t gid)
{
	if (node->uid == uid && node->gid == gid)
		return;
	node->uid = uid;
	node->gid = gid;
	for (struct handle *handle = node->handles; handle != NULL; handle = handle->next)
		if (handle->record != NULL)
			locked_record(handle, node);
}

bool node_tell(struct node *node, const struct stat *st, bool keep)
{
	pthread_mutex_lock(&node->table->lock);
	node->mode = (uint16_t)st->st_mode;
	locked_tell_owner(node, st->st_uid, st->st_gid);
	keep = keep && (node->directory || node->handles == NULL);
	/* What was kept of an object may still be. */
	node->kept = keep || (node->kept && !node->directory);
	pthread_mutex_unlock(&node->table->lock);
	return keep;
}

bool node_stop_keeping(struct node *node)
{
	bool kept;

	pthread_mutex_lock(&node->table->lock);
	kept = node->kept;
	node->kept = false;
	pthread_mutex_unlock(&node->table->lock);
	return kept;
}

void node_last_status(struct node *node, struct stat *st)
{
	pthread_mutex_lock(&node->table->lock);
	*st = (struct stat){
		.st_ino = node->ino, .st_mode = node->mode, .st_uid = node->uid, .st_gid = node->gid
	};
	pthread_mutex_unlock(&node->table->lock);
}

static bool has_owner(const struct stat *last, const struct stat *st)
{
	return last->st_uid == st->st_uid && last->st_gid == st->st_gid;
}

bool node_knows_owner(struct node *node, const struct stat *st)
{
	struct stat last;

	node_last_status(node, &last);
	return has_owner(&last, st);
}

bool node_knows_rights(struct node *node, const struct stat *st)
{
	struct stat last;

	node_last_status(node, &last);
	return ((last.st_mode ^ st->st_mode) & 07777) == 0 && has_owner(&last, st);
}
