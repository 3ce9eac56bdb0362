/* SPDX-License-Identifier: MIT */
#include "node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BUCKETS 256
#define NO_SLOT UINT32_MAX

/* An id is a slot's number and, above it, how often the slot was used before:
 * an id of a node that is gone is recognised. The root's is 1, as FUSE wants. */
struct slot {
	struct node *node;
	uint32_t generation;
	uint32_t next_free;
};

#define ROOT_SLOT 1

static uint64_t id_of(uint32_t slot, uint32_t generation)
{
	return (uint64_t)generation << 32 | slot;
}

/* Below, "locked" functions are called with the table's lock held. */

static struct node **locked_bucket(struct nodes *nodes, ino_t ino)
{
	/* tmpfs numbers its inodes one after the other: spread is given. */
	return &nodes->buckets[ino & (nodes->bucket_count - 1)];
}

static void locked_link(struct nodes *nodes, struct node *node)
{
	struct node **bucket = locked_bucket(nodes, node->ino);

	node->next = *bucket;
	*bucket = node;
}

static void locked_unlink(struct nodes *nodes, struct node *node)
{
	struct node **at = locked_bucket(nodes, node->ino);

	while (*at != NULL && *at != node)
		at = &(*at)->next;
	if (*at != NULL)
		*at = node->next;
	node->next = NULL;
}

/* More buckets when there are more nodes than buckets. Without memory for them
 * the chains get longer, that is all. */
static void locked_grow_buckets(struct nodes *nodes)
{
	const size_t old_count = nodes->bucket_count;
	struct node **old = nodes->buckets;
	struct node **buckets;

	if (nodes->count < old_count)
		return;
	buckets = calloc(old_count * 2, sizeof(struct node *));
	if (buckets == NULL)
		return;
	nodes->buckets = buckets;
	nodes->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		for (struct node *node = old[i], *next; node != NULL; node = next) {
			next = node->next;
			locked_link(nodes, node);
		}
	}
	free(old);
}

static int locked_grow_slots(struct nodes *nodes)
{
	const uint32_t count = nodes->slot_count == 0 ? 64 : nodes->slot_count * 2;
	struct slot *slots;

	if (count >= NO_SLOT / 2)
		return -ENOMEM;
	slots = realloc(nodes->slots, count * sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;
	for (uint32_t i = nodes->slot_count; i < count; i++)
		slots[i] = (struct slot){.next_free = i + 1 < count ? i + 1 : NO_SLOT};
	nodes->free_slot = nodes->slot_count;
	nodes->slots = slots;
	nodes->slot_count = count;
	return 0;
}

static struct node *locked_new(struct nodes *nodes, ino_t ino, bool directory)
{
	struct node *node;
	struct slot *slot;

	if (nodes->free_slot == NO_SLOT && locked_grow_slots(nodes) < 0)
		return NULL;
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return NULL;
	slot = &nodes->slots[nodes->free_slot];
	node->table = nodes;
	node->id = id_of(nodes->free_slot, slot->generation);
	node->ino = ino;
	node->directory = directory;
	nodes->free_slot = slot->next_free;
	slot->node = node;
	locked_grow_buckets(nodes);
	locked_link(nodes, node);
	nodes->count++;
	return node;
}

static void locked_put(struct nodes *nodes, struct node *node);

static void locked_unname(struct nodes *nodes, struct node *node)
{
	struct node *parent = node->parent;

	node->parent = NULL;
	free(node->name);
	node->name = NULL;
	if (parent != NULL)
		locked_put(nodes, parent);
}

static void locked_put(struct nodes *nodes, struct node *node)
{
	struct slot *slot;

	if (--node->refs > 0)
		return;
	slot = &nodes->slots[(uint32_t)node->id];
	slot->node = NULL;
	slot->generation++;
	slot->next_free = nodes->free_slot;
	nodes->free_slot = (uint32_t)node->id;
	locked_unlink(nodes, node);
	nodes->count--;
	locked_unname(nodes, node);
	free(node);
}

/* Without memory the object has no name here: it is looked up each time. */
static bool locked_name(struct node *node, struct node *parent, const char *name)
{
	char *copy = strdup(name);

	if (copy == NULL)
		return false;
	parent->refs++;
	node->parent = parent;
	node->name = copy;
	return true;
}

static bool locked_is_bound(const struct node *node, const struct node *parent, const char *name)
{
	return node->parent == parent && parent != NULL && strcmp(node->name, name) == 0;
}

/* A directory is found by its name only: the kernel has one for each, and the
 * marker may have several (a directory's rename that did not end). */
static struct node *locked_find(struct nodes *nodes, ino_t ino, bool directory,
				const struct node *parent, const char *name)
{
	struct node *node = *locked_bucket(nodes, ino);

	while (node != NULL && (node->ino != ino || node->directory != directory ||
				(directory && !locked_is_bound(node, parent, name))))
		node = node->next;
	return node;
}

int nodes_init(struct nodes *nodes, char separator, const char *prefix, ino_t ino)
{
	*nodes = (struct nodes){.lock = PTHREAD_MUTEX_INITIALIZER,
				.separator = separator,
				.bucket_count = FIRST_BUCKETS,
				.free_slot = NO_SLOT};
	nodes->buckets = calloc(FIRST_BUCKETS, sizeof(struct node *));
	if (nodes->buckets == NULL || locked_grow_slots(nodes) < 0)
		goto no_memory;
	nodes->free_slot = ROOT_SLOT;
	nodes->root = locked_new(nodes, ino, true);
	if (nodes->root == NULL)
		goto no_memory;
	nodes->root->refs = 1;
	nodes->root->name = strdup(prefix);
	if (nodes->root->name == NULL)
		goto no_memory;
	return 0;

no_memory:
	nodes_destroy(nodes);
	return -ENOMEM;
}

void nodes_destroy(struct nodes *nodes)
{
	for (uint32_t i = 0; i < nodes->slot_count; i++) {
		struct node *node = nodes->slots[i].node;

		if (node == NULL)
			continue;
		for (struct handle *handle = node->handles, *next; handle != NULL; handle = next) {
			next = handle->next;
			close(handle->fd);
			free(handle);
		}
		free(node->name);
		free(node);
	}
	free(nodes->slots);
	free(nodes->buckets);
}

struct node *node_get(struct nodes *nodes, uint64_t id)
{
	const uint32_t slot = (uint32_t)id;
	struct node *node = NULL;

	pthread_mutex_lock(&nodes->lock);
	if (slot < nodes->slot_count && nodes->slots[slot].node != NULL &&
	    nodes->slots[slot].node->id == id) {
		node = nodes->slots[slot].node;
		node->refs++;
	}
	pthread_mutex_unlock(&nodes->lock);
	return node;
}

void node_put(struct node *node)
{
	struct nodes *nodes = node->table;

	pthread_mutex_lock(&nodes->lock);
	locked_put(nodes, node);
	pthread_mutex_unlock(&nodes->lock);
}

struct node *node_find(struct node *parent, const char *name, ino_t ino, bool directory)
{
	struct nodes *nodes = parent->table;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = locked_find(nodes, ino, directory, parent, name);
	if (node != NULL)
		node->refs++;
	pthread_mutex_unlock(&nodes->lock);
	return node;
}

/* All that the kernel knows of a node by lookups is one reference. */
static void locked_count_lookup(struct node *node)
{
	if (node->lookups++ == 0)
		node->refs++;
	node->refs++; /* the caller's */
}

struct node *node_enter(struct node *parent, const char *name, ino_t ino, bool directory)
{
	struct nodes *nodes = parent->table;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = locked_find(nodes, ino, directory, parent, name);
	if (node == NULL)
		node = locked_new(nodes, ino, directory);
	if (node != NULL) {
		if (!locked_is_bound(node, parent, name)) {
			locked_unname(nodes, node);
			locked_name(node, parent, name);
		}
		locked_count_lookup(node);
	}
	pthread_mutex_unlock(&nodes->lock);
	return node;
}

struct node *node_enter_unnamed(struct nodes *nodes, ino_t ino)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = locked_new(nodes, ino, false);
	if (node != NULL)
		locked_count_lookup(node);
	pthread_mutex_unlock(&nodes->lock);
	return node;
}

void node_forget(struct nodes *nodes, uint64_t id, uint64_t lookups)
{
	const uint32_t slot = (uint32_t)id;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = slot < nodes->slot_count ? nodes->slots[slot].node : NULL;
	if (node != NULL && node->id == id && node->lookups >= lookups && lookups > 0) {
		node->lookups -= lookups;
		if (node->lookups == 0)
			locked_put(nodes, node);
	}
	pthread_mutex_unlock(&nodes->lock);
}

/* Writes the names of the directories above the node from the end to the
 * front, each with the separator behind it; the root's name is its prefix as it
 * stands. */
static bool locked_prefix(const struct nodes *nodes, const struct node *directory,
			  object_name prefix)
{
	object_name reversed;
	size_t start = NAME_MAX;

	reversed[start] = '\0';
	for (; directory != nodes->root; directory = directory->parent) {
		size_t len;

		if (directory == NULL || directory->name == NULL)
			return false;
		len = strlen(directory->name) + 1;
		if (len > start)
			return false;
		start -= len;
		memcpy(reversed + start, directory->name, len - 1);
		reversed[start + len - 1] = nodes->separator;
	}
	if (strlen(nodes->root->name) > start)
		return false;
	start -= strlen(nodes->root->name);
	memcpy(reversed + start, nodes->root->name, strlen(nodes->root->name));
	memcpy(prefix, reversed + start, NAME_MAX + 1 - start);
	return true;
}

bool node_prefix(struct node *directory, object_name prefix)
{
	struct nodes *nodes = directory->table;
	bool found;

	pthread_mutex_lock(&nodes->lock);
	found = locked_prefix(nodes, directory, prefix);
	pthread_mutex_unlock(&nodes->lock);
	return found;
}

bool node_place(struct node *node, object_name prefix, object_name component)
{
	struct nodes *nodes = node->table;
	bool found = false;

	pthread_mutex_lock(&nodes->lock);
	if (node->parent != NULL) {
		found = locked_prefix(nodes, node->parent, prefix);
		if (found)
			strcpy(component, node->name);
	}
	pthread_mutex_unlock(&nodes->lock);
	return found;
}

ino_t node_parent_ino(struct node *node)
{
	ino_t ino;

	pthread_mutex_lock(&node->table->lock);
	ino = node->parent != NULL ? node->parent->ino : node->ino;
	pthread_mutex_unlock(&node->table->lock);
	return ino;
}

void node_break(struct node *node)
{
	struct nodes *nodes = node->table;

	pthread_mutex_lock(&nodes->lock);
	locked_unname(nodes, node);
	pthread_mutex_unlock(&nodes->lock);
}

void node_unbind(struct node *parent, const char *name, ino_t ino, bool directory)
{
	struct nodes *nodes = parent->table;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = locked_find(nodes, ino, directory, parent, name);
	if (node != NULL && locked_is_bound(node, parent, name))
		locked_unname(nodes, node);
	pthread_mutex_unlock(&nodes->lock);
}

void node_rebind(struct node *parent, const char *name, ino_t ino, bool directory,
		 struct node *newparent, const char *newname)
{
	struct nodes *nodes = parent->table;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = locked_find(nodes, ino, directory, parent, name);
	if (node != NULL && locked_is_bound(node, parent, name)) {
		node->refs++;
		locked_unname(nodes, node);
		locked_name(node, newparent, newname);
		locked_put(nodes, node);
	}
	pthread_mutex_unlock(&nodes->lock);
}

void node_tell_owner(struct node *node, const struct stat *st)
{
	pthread_mutex_lock(&node->table->lock);
	node->uid = st->st_uid;
	node->gid = st->st_gid;
	pthread_mutex_unlock(&node->table->lock);
}

bool node_knows_owner(struct node *node, const struct stat *st)
{
	bool knows;

	pthread_mutex_lock(&node->table->lock);
	knows = node->uid == st->st_uid && node->gid == st->st_gid;
	pthread_mutex_unlock(&node->table->lock);
	return knows;
}

struct handle *handle_new(struct node *node, int fd)
{
	struct nodes *nodes = node->table;
	struct handle *handle = malloc(sizeof(*handle));

	if (handle == NULL)
		return NULL;
	*handle = (struct handle){.fd = fd, .node = node, .refs = 1};
	pthread_mutex_lock(&nodes->lock);
	node->refs++;
	handle->next = node->handles;
	node->handles = handle;
	pthread_mutex_unlock(&nodes->lock);
	return handle;
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

void handle_put(struct handle *handle)
{
	struct nodes *nodes = handle->node->table;
	bool last;

	pthread_mutex_lock(&nodes->lock);
	last = --handle->refs == 0;
	if (last)
		locked_put(nodes, handle->node);
	pthread_mutex_unlock(&nodes->lock);
	if (last) {
		close(handle->fd);
		free(handle);
	}
}

void handle_release(struct handle *handle)
{
	struct nodes *nodes = handle->node->table;
	struct handle **at;

	pthread_mutex_lock(&nodes->lock);
	at = &handle->node->handles;
	while (*at != handle)
		at = &(*at)->next;
	*at = handle->next;
	pthread_mutex_unlock(&nodes->lock);
	handle_put(handle);
}
