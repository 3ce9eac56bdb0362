/* SPDX-License-Identifier: MIT */
#include "node.h"

#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An id has its object's inode number and, below it, a count of the nodes that an
 * object has of one kind, and the kind: so one table finds nodes by id and by
 * object, and what an id means is known without the table. */
enum kind { KIND_FILE, KIND_DIRECTORY, KIND_READ_ONLY };
#define KIND_BITS  2
#define KIND_MASK  (((uint64_t)1 << KIND_BITS) - 1)
#define BELOW_BITS 16
#define INO_MASK   (UINT64_MAX >> BELOW_BITS)
#define RIVALS	   (1u << (BELOW_BITS - KIND_BITS))

#define ROOT_ID 1 /* as FUSE wants it; of the kind of directories */

#define FEWEST_BUCKETS 256
#define MOST_BUCKETS   ((size_t)1 << 24)

/* Below, "locked" functions are called with the table's lock held. */

/* tmpfs numbers its inodes one after the other: spread is given. */
static struct node **locked_bucket(struct nodes *nodes, ino_t ino)
{
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

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
}

/* Without memory for other buckets the present ones will do. */
static void locked_resize(struct nodes *nodes, size_t count)
{
	const size_t old_count = nodes->bucket_count;
	struct node **old = nodes->buckets;
	struct node **buckets = calloc(count, sizeof(struct node *));

	if (buckets == NULL)
		return;
	nodes->buckets = buckets;
	nodes->bucket_count = count;
	for (size_t i = 0; i < old_count; i++) {
		for (struct node *node = old[i], *next; node != NULL; node = next) {
			next = node->next;
			locked_link(nodes, node);
		}
	}
	free(old);
}

ino_t node_id_ino(uint64_t id)
{
	return id >> BELOW_BITS;
}

static struct node *locked_by_id(struct nodes *nodes, uint64_t id)
{
	struct node *node = *locked_bucket(nodes, node_id_ino(id));

	while (node != NULL && node->id != id)
		node = node->next;
	return node;
}

static uint64_t make_id(ino_t ino, uint64_t rival, enum kind kind)
{
	return (ino & INO_MASK) << BELOW_BITS | rival << KIND_BITS | kind;
}

uint64_t node_directory_id(ino_t ino)
{
	return make_id(ino, 0, KIND_DIRECTORY);
}

/* None that is in use; 0 where an object has more than can be told apart. */
static uint64_t locked_new_id(struct nodes *nodes, ino_t ino, enum kind kind)
{
	for (uint64_t rival = 0; rival < RIVALS; rival++) {
		const uint64_t id = make_id(ino, rival, kind);

		if (id > ROOT_ID && locked_by_id(nodes, id) == NULL)
			return id;
	}
	return 0;
}

/* ---- the name that a node comes with, which most keep: in its own memory ---- */

static struct node_name *name_within(struct node *node)
{
	return (struct node_name *)(node + 1);
}

static struct node *alloc_node(const char *name)
{
	return calloc(1, sizeof(struct node) + sizeof(struct node_name) + strlen(name) + 1);
}

static void free_name(struct node *node, struct node_name *name)
{
	if (name != name_within(node))
		free(name);
}

static void locked_add_name(struct node *node, struct node_name *name, struct node *parent,
			    const char *component)
{
	strcpy(name->component, component);
	name->parent = parent;
	parent->refs++;
	name->next = node->names;
	node->names = name;
}

/* ---- the life of a node ---- */

static void locked_enter(struct nodes *nodes, struct node *node, uint64_t id, ino_t ino)
{
	node->table = nodes;
	node->id = id;
	node->ino = ino;
	node->directory = (id & KIND_MASK) == KIND_DIRECTORY;
	node->read_only = (id & KIND_MASK) == KIND_READ_ONLY;
	/* The kernel was told nothing yet. */
	node->uid = (uid_t)-1;
	node->gid = (gid_t)-1;
	if (nodes->count >= nodes->bucket_count && nodes->bucket_count < MOST_BUCKETS)
		locked_resize(nodes, nodes->bucket_count * 2);
	locked_link(nodes, node);
	nodes->count++;
}

/* An object that is shared read-only may have another name, by which it is not:
 * that is another node. */
static enum kind kind_of(const struct nodes *nodes, bool directory, const struct node *parent,
			 const char *name)
{
	if (directory)
		return KIND_DIRECTORY;
	return parent == nodes->root && shares_find(&nodes->view->shares, name) == SHARED_RO
		       ? KIND_READ_ONLY
		       : KIND_FILE;
}

/* Without a parent it has no name. */
static struct node *locked_new(struct nodes *nodes, ino_t ino, bool directory, struct node *parent,
			       const char *name)
{
	const uint64_t id = locked_new_id(nodes, ino, kind_of(nodes, directory, parent, name));
	struct node *node = id != 0 ? alloc_node(name) : NULL;

	if (node == NULL)
		return NULL;
	locked_enter(nodes, node, id, ino);
	if (parent != NULL)
		locked_add_name(node, name_within(node), parent, name);
	return node;
}

static void locked_put(struct nodes *nodes, struct node *node);

/* Takes a name out of its node's list. */
static void locked_unname(struct nodes *nodes, struct node *node, struct node_name **at)
{
	struct node_name *name = *at;

	*at = name->next;
	locked_put(nodes, name->parent);
	free_name(node, name);
}

static void locked_put(struct nodes *nodes, struct node *node)
{
	if (--node->refs > 0)
		return;
	locked_unlink(nodes, node);
	nodes->count--;
	while (node->names != NULL)
		locked_unname(nodes, node, &node->names);
	free(node);
}

/* Few of many nodes are left: half of the buckets. True where so many are gone
 * since the last time that it is worth giving their memory back. */
static bool locked_shrink(struct nodes *nodes)
{
	if (nodes->bucket_count == FEWEST_BUCKETS || nodes->count >= nodes->bucket_count / 8)
		return false;
	locked_resize(nodes, nodes->bucket_count / 2);
	return true;
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
		locked_unname(nodes, node, at);
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
		name->next = node->names;
		node->names = name;
		return;
	}
	name = malloc(sizeof(*name) + strlen(component) + 1);
	if (name == NULL)
		return;
	locked_add_name(node, name, parent, component);
	locked_limit_names(nodes, node);
}

/* A directory is found by its name only: the kernel has one for each, and the
 * marker may have several (a directory's rename that did not end). */
static struct node *locked_find(struct nodes *nodes, ino_t ino, bool directory,
				const struct node *parent, const char *name)
{
	const bool read_only = kind_of(nodes, directory, parent, name) == KIND_READ_ONLY;
	struct node *node = *locked_bucket(nodes, ino);

	while (node != NULL &&
	       (node->ino != ino || node->directory != directory || node->read_only != read_only ||
		(directory && !locked_is_bound(node, parent, name))))
		node = node->next;
	return node;
}

int nodes_init(struct nodes *nodes, const struct view *view, ino_t ino)
{
	*nodes = (struct nodes){ .lock = PTHREAD_MUTEX_INITIALIZER,
				 .view = view,
				 .buckets = calloc(FEWEST_BUCKETS, sizeof(struct node *)),
				 .bucket_count = FEWEST_BUCKETS,
				 .root = alloc_node("") };
	if (nodes->buckets == NULL || nodes->root == NULL) {
		free(nodes->buckets);
		free(nodes->root);
		*nodes = (struct nodes){ 0 };
		return -ENOMEM;
	}
	locked_enter(nodes, nodes->root, ROOT_ID, ino);
	nodes->root->refs = 1;
	return 0;
}

void nodes_visit(struct nodes *nodes, void (*visit)(struct node *node))
{
	for (size_t i = 0; i < nodes->bucket_count; i++)
		for (struct node *node = nodes->buckets[i]; node != NULL; node = node->next)
			if (!node->directory)
				visit(node);
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
		free_name(node, name);
	}
	free(node);
}

void nodes_destroy(struct nodes *nodes)
{
	for (size_t i = 0; i < nodes->bucket_count; i++) {
		for (struct node *node = nodes->buckets[i], *next; node != NULL; node = next) {
			next = node->next;
			free_node(node);
		}
	}
	free(nodes->buckets);
}

/* All that the kernel knows of a node by lookups is one reference. */
static void locked_count_lookup(struct node *node)
{
	if (node->lookups++ == 0)
		node->refs++;
	node->refs++; /* the caller's */
}

/* How often the kernel has looked it up is not known: it is counted as once. */
static struct node *enter_known(struct nodes *nodes, uint64_t id, ino_t ino, bool *counted)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = locked_by_id(nodes, id);
	if (node == NULL) {
		node = alloc_node("");
		if (node != NULL)
			locked_enter(nodes, node, id, ino);
	}
	*counted = node != NULL && node->lookups == 0;
	if (*counted)
		locked_count_lookup(node);
	else if (node != NULL)
		node->refs++;
	pthread_mutex_unlock(&nodes->lock);
	return node;
}

struct node *node_restore(struct nodes *nodes, uint64_t id, ino_t ino)
{
	bool counted;

	return enter_known(nodes, id, ino, &counted);
}

bool node_restore_names(struct node *node)
{
	struct nodes *nodes = node->table;
	bool found;

	if (nodes->restore == NULL)
		return false;
	nodes->restore(nodes->arg, node);
	pthread_mutex_lock(&nodes->lock);
	found = node->names != NULL;
	pthread_mutex_unlock(&nodes->lock);
	return found;
}

/* Of what an earlier process told the kernel. */
static struct node *get_restored(struct nodes *nodes, uint64_t id)
{
	bool counted;
	struct node *node = enter_known(nodes, id, node_id_ino(id), &counted);

	if (node == NULL || node_restore_names(node))
		return node;
	if (counted)
		node_forget(nodes, id, 1);
	node_put(node);
	return NULL;
}

struct node *node_get(struct nodes *nodes, uint64_t id)
{
	struct node *node = nodes->root;

	/* It never goes. */
	if (id == ROOT_ID) {
		node->refs++;
		return node;
	}
	pthread_mutex_lock(&nodes->lock);
	node = locked_by_id(nodes, id);
	if (node != NULL)
		node->refs++;
	pthread_mutex_unlock(&nodes->lock);
	return node != NULL || nodes->restore == NULL ? node : get_restored(nodes, id);
}

void node_put(struct node *node)
{
	struct nodes *nodes = node->table;
	uint32_t refs = atomic_load_explicit(&node->refs, memory_order_relaxed);

	/* The last one goes under the lock, where nobody finds the node meanwhile. */
	while (refs > 1)
		if (atomic_compare_exchange_weak(&node->refs, &refs, refs - 1))
			return;
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

struct node *node_enter(struct node *parent, const char *name, ino_t ino, bool directory)
{
	struct nodes *nodes = parent->table;
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = locked_find(nodes, ino, directory, parent, name);
	if (node != NULL)
		locked_name(nodes, node, parent, name);
	else
		node = locked_new(nodes, ino, directory, parent, name);
	if (node != NULL)
		locked_count_lookup(node);
	pthread_mutex_unlock(&nodes->lock);
	return node;
}

struct node *node_enter_unnamed(struct nodes *nodes, ino_t ino)
{
	struct node *node;

	pthread_mutex_lock(&nodes->lock);
	node = locked_new(nodes, ino, false, NULL, "");
	if (node != NULL)
		locked_count_lookup(node);
	pthread_mutex_unlock(&nodes->lock);
	return node;
}

void node_give_name(struct node *node, struct node *parent, const char *component)
{
	struct nodes *nodes = node->table;

	pthread_mutex_lock(&nodes->lock);
	locked_name(nodes, node, parent, component);
	pthread_mutex_unlock(&nodes->lock);
}

void node_forget(struct nodes *nodes, uint64_t id, uint64_t lookups)
{
	struct node *node;
	bool shrunk;

	pthread_mutex_lock(&nodes->lock);
	node = locked_by_id(nodes, id);
	if (node != NULL && lookups > 0 && node->lookups > 0) {
		/* Of a restored node the kernel knows more than we have counted. */
		node->lookups -= lookups < node->lookups ? lookups : node->lookups;
		if (node->lookups == 0)
			locked_put(nodes, node);
	}
	shrunk = locked_shrink(nodes);
	pthread_mutex_unlock(&nodes->lock);
	if (shrunk)
		memory_give_back();
}

/* Writes the names of the directories above from the end to the front, each
 * with the separator behind it. */
static bool locked_prefix(const struct nodes *nodes, const struct node *directory,
			  object_name prefix)
{
	const size_t root_len = strlen(nodes->view->root);
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
		reversed[start + len - 1] = nodes->view->separator;
		directory = name->parent;
	}
	if (root_len > start)
		return false;
	start -= root_len;
	memcpy(reversed + start, nodes->view->root, root_len);
	memcpy(prefix, reversed + start, NAME_MAX + 1 - start);
	return true;
}

bool node_prefix(struct node *directory, object_name prefix)
{
	struct nodes *nodes = directory->table;
	bool found;

	if (directory == nodes->root) {
		strcpy(prefix, nodes->view->root);
		return true;
	}
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
			locked_unname(nodes, node, &node->names);
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
		locked_unname(nodes, node, &node->names);
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
		locked_unname(nodes, node, at);
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
		free_name(node, old);
	}
	pthread_mutex_unlock(&nodes->lock);
}
