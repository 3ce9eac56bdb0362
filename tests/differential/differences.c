/* SPDX-License-Identifier: MIT */
/* See differences.h. */
#include "differences.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>

#include "operation.h"
#include "print.h"

static bool is(const struct call *call,
	       void (*run)(struct worker *, const struct call *, struct outcome *))
{
	return operation_of(call)->run == run;
}

static bool makes_special_files(const struct world *world, const struct call *call)
{
	(void)world;
	return is(call, run_symlink) || (is(call, run_mknod) && call->flags != S_IFREG);
}

/* Would a directory get this path, by making or by renaming, and what lies below it a path as long?
 */
static bool directory_too_long(const struct world *world, const struct resolved *from,
			       const struct resolved *to)
{
	size_t len = strlen(to->path) + 1;

	if (from && !from->directory)
		return false;
	return to->parent_exists &&
	       len + (from ? deepest_below(world, from->path) : 0) > world->path_max;
}

static bool name_too_long(const struct world *world, const struct call *call)
{
	unsigned fields = operation_of(call)->fields;
	static struct resolved one, two;

	if (fields & PATH)
		resolve(world, call, &call->at[0], &one);
	if (fields & PATH2)
		resolve(world, call, &call->at[1], &two);
	if ((fields & PATH && one.too_long) || (fields & PATH2 && two.too_long))
		return true;
	if (is(call, run_mkdir))
		return directory_too_long(world, NULL, &one);
	if (is(call, run_rename))
		return directory_too_long(world, &one, &two) ||
		       (call->flags & RENAME_EXCHANGE && directory_too_long(world, &two, &one));
	return false;
}

static bool is_semaphore(const struct resolved *r)
{
	const char *slash = strrchr(r->path, '/');

	return r->parent_exists && strncmp(slash ? slash + 1 : r->path, "sem.", 4) == 0;
}

static bool directory_named_as_semaphore(const struct world *world, const struct call *call)
{
	static struct resolved one, two;

	if (is(call, run_mkdir)) {
		resolve(world, call, &call->at[0], &one);
		return is_semaphore(&one);
	}
	if (!is(call, run_rename))
		return false;
	resolve(world, call, &call->at[0], &one);
	resolve(world, call, &call->at[1], &two);
	return (one.directory && is_semaphore(&two)) ||
	       (call->flags & RENAME_EXCHANGE && two.directory && is_semaphore(&one));
}

static bool maps_shared(const struct world *world, const struct call *call)
{
	return is(call, run_mmap) && !world->shared;
}

static bool through_something_removed(const struct call *call, const struct outcome *a,
				      const struct outcome *b)
{
	(void)call;
	return b->dead && a->ret < 0;
}

/* clang-format off: a table, laid out by hand. */
const struct difference differences[] = {
	/* The call is left to A. */
	{ .name = "special files",
	  .reason = "every file is a shared memory object: symlink, mkfifo and mknod of anything "
		    "else "
		    "than a regular file fail with EPERM",
	  .concerns = makes_special_files,
	  .err = EPERM,
	  .never = true },
	{ .name = "name length",
	  .reason = "a path as a whole is one object name of at most 255 bytes, and a directory "
		    "takes "
		    "one byte more: ENAMETOOLONG",
	  .concerns = name_too_long,
	  .err = ENAMETOOLONG },
	{ .name = "sem. directories",
	  .reason = "names that begin with sem. are named semaphores: a directory cannot be called "
		    "so "
		    "(EINVAL)",
	  .concerns = directory_named_as_semaphore,
	  .err = EINVAL },
	{ .name = "shared mapping",
	  .reason = "mapped path: MAP_SHARED is refused (ENODEV), as it would be another memory",
	  .concerns = maps_shared,
	  .err = ENODEV },
	/* Both do the call, and A's result is as good as B's. */
	{ .name = "removed",
	  .reason =
		  "what only an O_PATH descriptor or a working directory holds is gone once it has "
		  "no name: ESTALE or ENOENT (kernel)",
	  .excuses = through_something_removed },

	/* Not compared. */
	{ .name = "directory attributes",
	  .reason = "a directory is a marker object: its size and blocks are the mount's own, the "
		    "root's "
		    "link count too, and listing it does not touch its access time",
	  .everywhere = true },
	{ .name = "root directory times",
	  .reason =
		  "the root directory is the shm directory, whose times move with whatever is made "
		  "or removed in any directory",
	  .everywhere = true },
	{ .name = "lock owner",
	  .reason = "the process that F_GETLK tells of is not the holder (kernel)",
	  .everywhere = true },
	{ .name = "late unlock",
	  .reason =
		  "flock and open-file-description locks are free a moment after the last close(2) "
		  "has returned: the kernel does not wait for the daemon then",
	  .everywhere = true },

	/* Not tried: generate.c, set_id.c and the operations leave it out. */
	{ .name = "rights on the root directory",
	  .reason = "the shm directory holds the objects of all directories: nobody makes anything "
		    "without write permission there, and its set-group-ID bit gives its group to "
		    "all new objects",
	  .everywhere = true },
	{ .name = "whiteout",
	  .reason = "RENAME_WHITEOUT leaves a device node, which no object is: EINVAL (kernel)",
	  .everywhere = true },
	{ .name = "directory offsets",
	  .reason = "lseek on a directory knows SEEK_END, SEEK_DATA and SEEK_HOLE (kernel)",
	  .everywhere = true },
	{ .name = "empty reads",
	  .reason = "a read of zero bytes does not touch the access time (kernel)",
	  .everywhere = true },
	{ .name = "private mappings",
	  .reason =
		  "mapped path: to map a file, or to splice at its end, does not touch its access "
		  "time, and reading a hole through a private mapping does not fill it (kernel)",
	  .everywhere = true },
	{ .name = "flags of open descriptors",
	  .reason = "passthrough: fcntl(F_SETFL) neither takes O_APPEND or O_NOATIME away from a "
		    "descriptor opened with it nor adds O_NOATIME (kernel)",
	  .everywhere = true },
	{ .name = "locks and mappings",
	  .reason =
		  "passthrough: a mapping does not keep the flock and open-file-description locks "
		  "of its descriptor when that is closed (kernel)",
	  .everywhere = true },
	{ .name = "limit",
	  .reason = "RLIMIT_FSIZE does not hold for fallocate with FALLOC_FL_KEEP_SIZE, and comes "
		    "before EOPNOTSUPP for the modes that tmpfs lacks (kernel)",
	  .everywhere = true },
	{ .name = "fallocate and set-ID bits",
	  .reason = "fallocate by anybody but the superuser clears set-user-ID and set-group-ID "
		    "bits, "
		    "even where it fails (kernel); on tmpfs it keeps them",
	  .everywhere = true },
	{ .name = "failing writes and set-ID bits",
	  .reason = "passthrough: a write that fails with EFBIG has cleared set-ID bits (kernel)",
	  .everywhere = true },
	{ .name = "chown to nobody",
	  .reason = "chown(-1, -1) of somebody else's set-ID file succeeds without effect, where "
		    "tmpfs "
		    "says EPERM (the kernel asks the daemon the same as before other changes)",
	  .everywhere = true },
	{ .name = "truncate to nothing of nothing",
	  .reason =
		  "truncate(2) of a set-ID file without content to the size that it has clears the "
		  "bits, and sets the status change time, which tmpfs leaves as it is",
	  .everywhere = true },
	{ .name = "set-group-ID without group execute",
	  .reason = "who writes, truncates or chowns such a file may clear the bit though a member "
		    "of "
		    "its group, or keep it though not",
	  .everywhere = true },
	{ .name = "set-ID bits and the superuser",
	  .reason = "passthrough: the superuser's writes clear the bits on a descriptor that was "
		    "opened before they were set (kernel)",
	  .everywhere = true },
	{ .name = NULL },
};
/* clang-format on */

static unsigned met[sizeof(differences) / sizeof(differences[0])];

const struct difference *difference_expected(const struct world *world, const struct call *call)
{
	for (const struct difference *d = differences; d->name; d++) {
		if (d->concerns && (d->never || !world->same_kind) && d->concerns(world, call)) {
			met[d - differences]++;
			return d;
		}
	}
	return NULL;
}

/* Which of several errors comes first is not worth a model; that the call fails is. */
bool difference_as_declared(const struct outcome *a)
{
	return a->ret < 0;
}

const struct difference *difference_excuse(const struct world *world, const struct call *call,
					   const struct outcome *a, const struct outcome *b)
{
	if (world->same_kind)
		return NULL;
	for (const struct difference *d = differences; d->name; d++) {
		if (d->excuses && d->excuses(call, a, b)) {
			met[d - differences]++;
			return d;
		}
	}
	return NULL;
}

void differences_list(FILE *to)
{
	for (const struct difference *d = differences; d->name; d++)
		fprintf(to, "%s: %s\n", d->name, d->reason);
}

void differences_report(FILE *to)
{
	for (const struct difference *d = differences; d->name; d++)
		if (!d->everywhere)
			fprintf(to, "# declared difference met %u times: %s\n",
				met[d - differences], d->name);
}
