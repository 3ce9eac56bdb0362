/* SPDX-License-Identifier: MIT */
#include "kept.h"

#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <sys/xattr.h>

/* The shortest time that there is: the kernel makes whole ticks of it. */
#define ONE_TICK 1e-6

static const char acl[] = "system.posix_acl_access";

/* The kernel keeps an ACL as long as the attributes, and a new one may leave
 * the mode as it is: directories that have one are not kept. */
static bool has_acl(struct fs *fs, const char *marker)
{
	char path[sizeof(self_path) + sizeof(object_name)];
	self_path space;

	if (marker[0] == '\0')
		return fgetxattr(fs->space, acl, NULL, 0) > 0;
	snprintf(path, sizeof(path), "%s/%s", tree_self(fs->space, space), marker);
	return lgetxattr(path, acl, NULL, 0) > 0;
}

static bool may_keep(struct fs *fs, struct node *node)
{
	object_name marker;

	if (!fs->options->ac || !node->directory)
		return fs->options->ac;
	return node_prefix(node, marker) && !has_acl(fs, marker);
}

double kept_tell(struct fs *fs, struct node *node, const struct stat *st)
{
	return node_tell(node, st, may_keep(fs, node)) ? ONE_TICK : 0;
}

/* Takes no lock that the caller of the request could hold. */
static void invalidate(struct fs *fs, const struct node *node)
{
	fuse_lowlevel_notify_inval_inode(fs->session, node->id, -1, 0);
}

int kept_check(struct fs *fs, struct node *directory, const char *prefix)
{
	struct stat st;

	/* A directory that is gone has nothing in it, as will be found. */
	if (!directory->kept || tree_stat_directory(fs, prefix, &st) < 0)
		return 0;
	if (node_knows_rights(directory, &st) && !has_acl(fs, prefix))
		return 0;
	invalidate(fs, directory);
	return -ESTALE;
}

void kept_end(struct fs *fs, struct node *node)
{
	if (node_stop_keeping(node))
		invalidate(fs, node);
}
