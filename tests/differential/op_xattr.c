/* SPDX-License-Identifier: MIT */
/* Extended attributes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "operation.h"

enum { LIST_MOST = 65536, VALUE_MOST = 65536 };

static size_t value(struct worker *worker, const struct call *call)
{
	/* One more than the largest value that the kernel takes. */
	size_t len = call->len < 0	      ? 0
		     : call->len > VALUE_MOST ? VALUE_MOST + 1
					      : (size_t)call->len;

	fill_bytes(worker->buffer, len, call->seed);
	return len;
}

OPERATION(setxattr)
{
	size_t len = value(worker, call);

	finish(outcome,
	       setxattr(call->at[0].path, call->name, worker->buffer, len, (int)call->flags));
}

OPERATION(fsetxattr)
{
	size_t len = value(worker, call);

	finish(outcome, fsetxattr(slot_fd(worker, call->slot), call->name, worker->buffer, len,
				  (int)call->flags));
}

static void report_value(struct worker *worker, struct outcome *outcome, size_t size, ssize_t len)
{
	finish(outcome, len);
	if (len > 0 && size > 0)
		outcome->hash = hash_bytes(0, worker->buffer, (size_t)len);
}

OPERATION(getxattr)
{
	size_t size = call->flags;

	report_value(worker, outcome, size,
		     getxattr(call->at[0].path, call->name, worker->buffer, size));
}

OPERATION(fgetxattr)
{
	size_t size = call->flags;

	report_value(worker, outcome, size,
		     fgetxattr(slot_fd(worker, call->slot), call->name, worker->buffer, size));
}

/* The order of a list is the file system's own: the sum of the names' hashes has none. */
OPERATION(listxattr)
{
	size_t size = call->flags > LIST_MOST ? LIST_MOST : call->flags;
	char *names = (char *)worker->buffer;
	ssize_t len = listxattr(call->at[0].path, names, size);

	finish(outcome, len);
	for (ssize_t at = 0; size > 0 && at < len; at += (ssize_t)strlen(names + at) + 1)
		outcome->hash += hash_bytes(0, names + at, strlen(names + at));
}

OPERATION(removexattr)
{
	(void)worker;
	finish(outcome, removexattr(call->at[0].path, call->name));
}
