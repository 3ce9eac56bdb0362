/* SPDX-License-Identifier: MIT */
/*
 * Opened: the files and directories that are open, by the number (fh) that the
 * kernel was told of each: its descriptor and, above it, a serial number, so that
 * a late request for one that is closed is not taken for another. Each has its
 * record (handover.h).
 */
#pragma once

#include "handover.h"
#include "node.h"

#include <stdatomic.h>
#include <stdint.h>

struct opened {
	struct handover *handover;	 /* constant */
	struct handle *_Atomic *handles; /* by descriptor */
};

/* -ENOMEM. The handover stays its maker's. */
int opened_init(struct opened *opened, struct handover *handover);
void opened_free(struct opened *opened);

/* The number for a handle that the kernel shall be told of. -ENFILE: no more can
 * be open at once. */
int opened_add(struct opened *opened, struct handle *handle, enum record_kind kind, uint64_t *fh);
/* A handle that has its record already. */
void opened_restore(struct opened *opened, struct handle *handle);

/* Calls visit for each that is open, when nobody else uses them any more. */
void opened_visit(struct opened *opened, void (*visit)(struct handle *handle));

/* NULL: it is closed. */
struct handle *opened_get(const struct opened *opened, uint64_t fh);
struct record *opened_record(const struct opened *opened, const struct handle *handle);

/* The kernel has closed it, or was never told of it: its handle, for the caller to
 * release. NULL: that was known. */
struct handle *opened_remove(struct opened *opened, uint64_t fh);
/* The same in two steps, with room in between for giving up what else it had: a
 * process that dies there leaves that to the next one. */
struct handle *opened_begin_close(struct opened *opened, uint64_t fh);
void opened_end_close(struct opened *opened, const struct handle *handle);
