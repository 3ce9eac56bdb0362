/* SPDX-License-Identifier: MIT */
#include "node.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct handle *handle_new(struct node *node, int fd)
{
	struct nodes *nodes = node->table;
	struct handle *handle = malloc(sizeof(*handle));

	if (handle == NULL)
		return NULL;
	*handle = (struct handle){ .fd = fd, .node = node, .refs = 1 };
	pthread_mutex_lock(&nodes->lock);
	node->refs++;
	handle->at = &node->handles;
	handle->next = node->handles;
	if (handle->next != NULL)
		handle->next->at = &handle->next;
	node->handles = handle;
	pthread_mutex_unlock(&nodes->lock);
	return handle;
}

int handle_keep(struct node *node, int fd, enum descriptor_use use, struct handle **handle)
{
	int error = descriptor_check(fd, use);

	*handle = error == 0 ? handle_new(node, fd) : NULL;
	if (error == 0 && *handle == NULL)
		error = -ENOMEM;
	if (error < 0)
		close(fd);
	return error;
}

struct handle *handle_of(struct node *node)
{
	struct nodes *nodes = node->table;
	struct handle *handle;

	pthread_mutex_lock(&nodes->lock);
	handle = node->handles;
	if (handle != NULL)
		handle->refs++;
	pthread_mutex_unlock(&nodes->lock);
	return handle;
}

/* Gives up a reference, and with unlist the place in the node's list. */
static void put_handle(struct handle *handle, bool unlist)
{
	struct nodes *nodes = handle->node->table;
	bool last;

	pthread_mutex_lock(&nodes->lock);
	if (unlist) {
		*handle->at = handle->next;
		if (handle->next != NULL)
			handle->next->at = handle->at;
	}
	last = --handle->refs == 0;
	pthread_mutex_unlock(&nodes->lock);
	if (last) {
		node_put(handle->node);
		close(handle->fd);
		free(handle);
	}
}

void handle_put(struct handle *handle)
{
	put_handle(handle, false);
}

void handle_release(struct handle *handle)
{
	put_handle(handle, true);
}
