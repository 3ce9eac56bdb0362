/* SPDX-License-Identifier: MIT */
/*
 * A table of nodes for a test, and the steps that the kernel takes in it: it
 * looks names up, keeps the ids that it is told, and forgets them.
 */
#pragma once

#include "node.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define ROOT_INO 1

/* The nodes of a view, with the view. */
struct table {
	struct nodes nodes;
	struct view view;
};

static inline struct nodes *table_new(const char *prefix)
{
	struct table *table = g_new0(struct table, 1);

	table->view.separator = '%';
	strcpy(table->view.root, prefix);
	assert_result(nodes_init(&table->nodes, &table->view, ROOT_INO), 0);
	return &table->nodes;
}

/* All that the kernel held has been forgotten by then. */
static inline void table_clear(struct nodes **nodes)
{
	g_assert_cmpuint((*nodes)->count, ==, 1);
	nodes_destroy(*nodes);
	g_free(*nodes);
}

#define AUTO_TABLE __attribute__((__cleanup__(table_clear), __unused__)) struct nodes *

/* LOOKUP of a file or, where the name has a slash behind it, of a directory:
 * the id that the kernel is told. */
static inline uint64_t look_up(struct node *parent, const char *name, ino_t ino)
{
	const bool directory = g_str_has_suffix(name, "/");
	g_autofree char *component = g_strndup(name, strlen(name) - directory);
	NODE node = node_enter(parent, component, ino, directory);

	g_assert_nonnull(node);
	return node->id;
}

static inline bool is_known(struct nodes *nodes, uint64_t id)
{
	NODE node = node_get(nodes, id);

	return node != NULL;
}

/* The path of names from the root, as prefix and component; "-" without one. */
static inline char *place_of(struct node *node)
{
	object_name prefix, component;

	if (!node_place(node, prefix, component))
		return g_strdup("-");
	return g_strdup_printf("%s:%s", prefix, component);
}

#define assert_place(node, wanted)                        \
	G_STMT_START                                      \
	{                                                 \
		g_autofree char *place_ = place_of(node); \
		g_assert_cmpstr(place_, ==, wanted);      \
	}                                                 \
	G_STMT_END

static inline int any_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	return fd;
}

static inline bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}
