/* SPDX-License-Identifier: MIT */
/*
 * Nodes: what the kernel knows of the tree.
 *
 * A node is an object (or the directory that a marker stands for) that the
 * kernel holds an id of. It has the names by which it was looked up, and no
 * descriptor of its own: it borrows those of its handles.
 *
 * The kernel keeps no name: it looks it up for each call, and learns mode and
 * owner anew. It would check the rights to chmod(2), unlink(2) or link(2) with
 * those that it saw last otherwise, without a question to us, and somebody who
 * came to own an object natively would be refused.
 *
 * Whoever has a struct node from here holds a reference and puts it back. The
 * table's lock guards all fields that are not constant; it is never held over
 * a system call.
 */
#pragma once

#include "descriptor.h"
#include "view.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct directory;
struct handle;
struct lock_owner;
struct record;

/* A name that the node was looked up by: a component in a directory. */
struct node_name {
	struct node_name *next;
	struct node *parent;
	char component[];
};

/* There may be millions: it has nothing that can be done without. */
struct node {
	struct nodes *table;   /* constant */
	uint64_t id;	       /* constant; the kernel's nodeid */
	ino_t ino;	       /* constant */
	struct node *next;     /* in its bucket of the table */
	uint64_t lookups;      /* to be forgotten by the kernel */
	_Atomic uint32_t refs; /* only those who hold one, or the lock, count up */

	/* What the kernel was told last, and bases its permission checks on;
	 * whether it may keep that for a moment (kept.h). */
	uid_t uid;
	gid_t gid;
	uint16_t mode;
	_Atomic bool kept;

	bool directory; /* constant */
	bool read_only; /* constant; found by a name that is shared so */
	bool searched;	/* among all objects, for names of before a takeover; fs->left_lock */
	union {
		struct lock_owner *owners; /* of a file; guarded by locks.c's lock */
		struct {
			/* Of a directory: those in it, as of so many changes;
			 * guarded by fs->marks. */
			uint32_t directories, marks_changes;
		};
	};

	/* Passthrough only, guarded by one of fs->backing_locks. */
	int backing_id;
	uint32_t backing_users;

	struct handle *handles;
	struct node_name *names; /* the one that was looked up last first */
};

struct nodes {
	pthread_mutex_t lock;
	const struct view *view; /* constant */
	struct node **buckets;	 /* by inode number */
	size_t bucket_count;	 /* a power of two */
	size_t count;
	struct node *root; /* constant */

	/* Where an earlier process told the kernel of nodes (takeover.h): gives a node
	 * the names of its object that it may have been known by. */
	void (*restore)(void *arg, struct node *node);
	void *arg;
};

/* An open file of the mount. */
struct handle {
	int fd; /* constant */
	struct node *node;
	uint32_t refs;
	struct handle *next, **at; /* in its node's list, if it is */
	struct record *record;	   /* for what the kernel is told of its node; NULL: not yet open */

	/* In fs->quota's list, if it is; guarded by its open_lock. */
	struct handle *open_next, **open_at;
	bool is_private; /* counts when it has no name; constant then */

	struct directory *directory; /* constant: of an open directory, what was read of it */
};

/* ino is that of the object which the view's root is. -ENOMEM */
int nodes_init(struct nodes *nodes, const struct view *view, ino_t ino);
void nodes_destroy(struct nodes *nodes);
/* Calls visit for the node of each file, when nobody else uses them any more. */
void nodes_visit(struct nodes *nodes, void (*visit)(struct node *node));

/* The node of an id, or NULL where the kernel cannot know it. */
struct node *node_get(struct nodes *nodes, uint64_t id);
void node_put(struct node *node);

/* The node of the object ino, which has the name in parent; NULL where the
 * kernel does not know it. */
struct node *node_find(struct node *parent, const char *name, ino_t ino, bool directory);

/* A node for the object ino, found as name in parent, to be told to the kernel
 * once more. NULL: no memory. */
struct node *node_enter(struct node *parent, const char *name, ino_t ino, bool directory);
/* A node for an object without a name. */
struct node *node_enter_unnamed(struct nodes *nodes, ino_t ino);
void node_forget(struct nodes *nodes, uint64_t id, uint64_t lookups);

/* The inode number that an id was made of, or its low bits. */
ino_t node_id_ino(uint64_t id);
/* The id that the directory of a marker has, as long as the marker has one name. */
uint64_t node_directory_id(ino_t ino);
/* A node for the object ino, of which the kernel has the id already; it has no
 * name until it is given one. NULL: no memory. */
struct node *node_restore(struct nodes *nodes, uint64_t id, ino_t ino);
void node_give_name(struct node *node, struct node *parent, const char *component);

/* Where the node is now: its directory's prefix and its component, by the name
 * that was looked up last. False where it has no name. */
bool node_place(struct node *node, object_name prefix, object_name component);
/* The prefix of what lies in a directory. False where it has no name. */
bool node_prefix(struct node *directory, object_name prefix);

/* The object of the directory that it is in; the root's is its own. */
ino_t node_parent_ino(struct node *node);

/* Has the object names that only an earlier process knew? Then the node has them. They
 * are looked for among all objects once. */
bool node_restore_names(struct node *node);

/* The name that node_place() gave does not mean the object any more. */
void node_break(struct node *node, const char *component);
/* The object ino lost the name in parent, through the mount. */
void node_unbind(struct node *parent, const char *name, ino_t ino, bool directory);
/* The object ino has another name now, given through the mount. */
void node_rebind(struct node *parent, const char *name, ino_t ino, bool directory,
		 struct node *newparent, const char *newname);

/* What the kernel was told of the object last, and whether that is so still.
 * It shall keep it only while the object is not open, or is a directory: the
 * result says whether it does. */
bool node_tell(struct node *node, const struct stat *st, bool keep);
/* Not any more; the result says whether it did. */
bool node_stop_keeping(struct node *node);
/* The same as the status of a directory that is gone. */
void node_last_status(struct node *node, struct stat *st);
bool node_knows_owner(struct node *node, const struct stat *st);
/* The mode as well. */
bool node_knows_rights(struct node *node, const struct stat *st);

/* The owner that the kernel is told stands in the open file's record from now on. */
void told_record(struct handle *handle, struct record *record);
/* The node's is what an earlier process had in the record. */
void told_restore(struct handle *handle, struct record *record);

/* May the user change what an owner may change? The kernel has checked that with
 * the owner that it was told last. Where that was changed natively since, the
 * present owner decides. */
static inline bool node_owner_may(struct node *node, const struct stat *st, uid_t uid, bool root)
{
	return node_knows_owner(node, st) || root || uid == st->st_uid;
}

/* A handle takes over the descriptor. NULL: no memory, and it is not taken. */
struct handle *handle_new(struct node *node, int fd);
/* The same where there are descriptors left for the use; it is taken in any case.
 * -EMFILE, -ENOMEM. */
int handle_keep(struct node *node, int fd, enum descriptor_use use, struct handle **handle);
/* Some open handle of the node, or NULL. */
struct handle *handle_of(struct node *node);
void handle_put(struct handle *handle);
/* The kernel has released it: no more handle_of. */
void handle_release(struct handle *handle);

static inline void node_put_at(struct node **node)
{
	if (*node != NULL)
		node_put(*node);
}

/* A reference that ends with its scope. */
#define NODE __attribute__((cleanup(node_put_at))) struct node *
