/* SPDX-License-Identifier: MIT */
#include "node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BUCKETS 256
#define NO_SLOT	      UINT32_MAX

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
		slots[i] = (struct slot){ .next_free = i + 1 < count ? i + 1 : NO_SLOT };
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

/* Takes a name out of its node's list. */
static void locked_unname(struct nodes *nodes, struct node_name **at)
{
	struct node_name *name = *at;

	*at = name->next;
	locked_put(nodes, name->parent);
	free(name);
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
	while (node->names != NULL)
		locked_unname(nodes, &node->names);
	free(node);
}

/* An object with a great many hard links is looked up by a few at a time. */
#define NAMES_MAX 8

static struct node_name **locked_name_at(struct node *node, const struct node *parent,
					 const char *component)
{
	struct node_name **at = &node->names;

	while (*at != NULL && ((*at)->parent != parent || strcmp((*at)->component, component) != 0))
		at = &(*at)->next;
	return at;
}

static bool locked_is_bound(struct node *node, const struct node *parent, const char *component)
{
	return *locked_name_at(node, parent, component) != NULL;
}

static void locked_limit_names(struct nodes *nodes, struct node *node)
{
	struct node_name **at = &node->names;

	for (int i = 0; *at != NULL && i < NAMES_MAX; i++)
		at = &(*at)->next;
	while (*at != NULL)
		locked_unname(nodes, at);
}

/* Makes the name the node's first. Without memory it has one less: then it is
 * looked up once more. */
static void locked_name(struct nodes *nodes, struct node *node, struct node *parent,
			const char *component)
{
	struct node_name **at = locked_name_at(node, parent, component);
	struct node_name *name = *at;

	if (name != NULL) {
		*at = name->next;
	} else {
		name = malloc(sizeof(*name) + strlen(component) + 1);
		if (name == NULL)
			return;
		strcpy(name->component, component);
		name->parent = parent;
		parent->refs++;
	}
	name->next = node->names;
	node->names = name;
	locked_limit_names(nodes, node);
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
	*nodes = (struct nodes){ .lock = PTHREAD_MUTEX_INITIALIZER,
				 .separator = separator,
				 .bucket_count = FIRST_BUCKETS,
				 .free_slot = NO_SLOT };
	nodes->buckets = calloc(FIRST_BUCKETS, sizeof(struct node *));
	if (nodes->buckets == NULL || locked_grow_slots(nodes) < 0)
		goto no_memory;
	nodes->free_slot = ROOT_SLOT;
	nodes->root = locked_new(nodes, ino, true);
	if (nodes->root == NULL)
		goto no_memory;
	nodes->root->refs = 1;
	strcpy(nodes->root_prefix, prefix);
	return 0;

no_memory:
	nodes_destroy(nodes);
	return -ENOMEM;
}

void nodes_visit(struct nodes *nodes, void (*visit)(struct node *node))
{
	for (uint32_t i = 0; i < nodes->slot_count; i++)
		if (nodes->slots[i].node != NULL)
			visit(nodes->slots[i].node);
}

static void free_node(struct node *node)
{
	for (struct handle *handle = node->handles, *next; handle != NULL; handle = next) {
		next = handle->next;
		close(handle->fd);
		free(handle);
	}
	for (struct node_name *name = node->names, *next; name != NULL; name = next) {
		next = name->next;
		free(name);
	}
	free(node);
}

void nodes_destroy(struct nodes *nodes)
{
	nodes_visit(nodes, free_node);
	free(nodes->slots);
	free(nodes->buckets);
}

static struct node *locked_by_id(const struct nodes *nodes, uint64_t id)
{
	const uint32_t slot = (uint32_t)id;
	struct node *node = slot < nodes->slot_count ? nodes->slots[slot].node : NULL;

	return node != NULL && node->id == id ? node : NULL;
}

struct node *node_get(struct nodes *nodes, uint64_t id)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = locked_by_id(nodes, id);
	if (node != NULL)
		node->refs++;
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
		locked_name(nodes, node, parent, name);
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
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = locked_by_id(nodes, id);
	if (node != NULL && node->lookups >= lookups && lookups > 0) {
		node->lookups -= lookups;
		if (node->lookups == 0)
			locked_put(nodes, node);
	}
	pthread_mutex_unlock(&nodes->lock);
}

/* Writes the names of the directories above from the end to the front, each
 * with the separator behind it. */
static bool locked_prefix(const struct nodes *nodes, const struct node *directory,
			  object_name prefix)
{
	const size_t root_len = strlen(nodes->root_prefix);
	object_name reversed;
	size_t start = NAME_MAX;

	reversed[start] = '\0';
	while (directory != nodes->root) {
		const struct node_name *name = directory->names;
		size_t len;

		if (name == NULL)
			return false;
		len = strlen(name->component) + 1;
		if (len > start)
			return false;
		start -= len;
		memcpy(reversed + start, name->component, len - 1);
		reversed[start + len - 1] = nodes->separator;
		directory = name->parent;
	}
	if (root_len > start)
		return false;
	start -= root_len;
	memcpy(reversed + start, nodes->root_prefix, root_len);
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
	/* A name in a directory that is gone leads nowhere. */
	while (node->names != NULL && !found) {
		found = locked_prefix(nodes, node->names->parent, prefix);
		if (found)
			strcpy(component, node->names->component);
		else
			locked_unname(nodes, &node->names);
	}
	pthread_mutex_unlock(&nodes->lock);
	return found;
}

ino_t node_parent_ino(struct node *node)
{
	ino_t ino;

	pthread_mutex_lock(&node->table->lock);
	ino = node->names != NULL ? node->names->parent->ino : node->ino;
	pthread_mutex_unlock(&node->table->lock);
	return ino;
}

void node_break(struct node *node, const char *component)
{
	struct nodes *nodes = node->table;

	pthread_mutex_lock(&nodes->lock);
	/* It may have been looked up anew meanwhile, by another name. */
	if (node->names != NULL && strcmp(node->names->component, component) == 0)
		locked_unname(nodes, &node->names);
	pthread_mutex_unlock(&nodes->lock);
}

/* Where the object's node has the name; NULL where the kernel does not know it so. */
static struct node_name **locked_bound_at(struct node *parent, const char *name, ino_t ino,
					  bool directory, struct node **node)
{
	struct node_name **at;

	*node = locked_find(parent->table, ino, directory, parent, name);
	if (*node == NULL)
		return NULL;
	at = locked_name_at(*node, parent, name);
	return *at != NULL ? at : NULL;
}

void node_unbind(struct node *parent, const char *name, ino_t ino, bool directory)
{
	struct nodes *nodes = parent->table;
	struct node_name **at;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	at = locked_bound_at(parent, name, ino, directory, &node);
	if (at != NULL)
		locked_unname(nodes, at);
	pthread_mutex_unlock(&nodes->lock);
}

void node_rebind(struct node *parent, const char *name, ino_t ino, bool directory,
		 struct node *newparent, const char *newname)
{
	struct nodes *nodes = parent->table;
	struct node_name **at;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	at = locked_bound_at(parent, name, ino, directory, &node);
	if (at != NULL) {
		/* The old name's directory goes last: it may hold the new one's. */
		struct node_name *old = *at;

		*at = old->next;
		locked_name(nodes, node, newparent, newname);
		locked_put(nodes, old->parent);
		free(old);
	}
	pthread_mutex_unlock(&nodes->lock);
}

bool node_tell(struct node *node, const struct stat *st, bool keep)
{
	pthread_mutex_lock(&node->table->lock);
	node->mode = st->st_mode;
	node->uid = st->st_uid;
	node->gid = st->st_gid;
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

bool node_knows_owner(struct node *node, const struct stat *st)
{
	bool knows;

	pthread_mutex_lock(&node->table->lock);
	knows = node->uid == st->st_uid && node->gid == st->st_gid;
	pthread_mutex_unlock(&node->table->lock);
	return knows;
}

bool node_knows_rights(struct node *node, const struct stat *st)
{
	return ((node->mode ^ st->st_mode) & 07777) == 0 && node_knows_owner(node, st);
}

struct handle *handle_new(struct node *node, int fd)
{
	struct nodes *nodes = node->table;
	struct handle *handle = malloc(sizeof(*handle));

	if (handle == NULL)
		return NULL;
	*handle = (struct handle){ .fd = fd, .node = node, .refs = 1 };
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
