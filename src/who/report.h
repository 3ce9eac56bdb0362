/* SPDX-License-Identifier: MIT */
/*
 * The report: what of the scan was asked for, a row for each object and process,
 * with the names that the objects have.
 */
#pragma once

#include "scan.h"
#include "target.h"

struct row {
	char *object;  /* as shm_open(3) takes it; a path where it is none of those */
	bool unlinked; /* and it is the name that it had */
	dev_t space;
	ino_t ino;
	const struct process *process; /* of the scan */
	struct access open, mapped;
	bool natively, by_mount;
	const char *deleted; /* of the scan: the path that it was removed from, or NULL */
	bool deleted_by_mount;
};

struct report {
	struct row *rows;
	size_t count, capacity;
};

/* home: a descriptor of the shm directory. The scan must outlive the report. 0 or
 * a negative errno; report_free() in either case. */
int report_make(struct report *report, const struct scan *scan, struct targets *targets, int home);
void report_free(struct report *report);
