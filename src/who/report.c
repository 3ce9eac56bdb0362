/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "array.h"

#include "shm/platform.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_wanted(const struct scan *scan, const struct targets *targets, const struct use *use)
{
	const struct devices *devices = scan->devices;
	const dev_t space = devices_space(devices, use->dev);

	if (targets->all && space == devices_space(devices, devices->home))
		return true;
	return targets_get(targets, space, use->ino) != NULL ||
	       (use->deleted != NULL && targets_had(targets, devices, use->dev, use->deleted));
}

static int add_row(struct report *report, const struct scan *scan, const struct use *use)
{
	struct row *rows =
		array_grow(report->rows, report->count, &report->capacity, sizeof(*rows));
	const struct device *device = devices_get(scan->devices, use->dev);
	const bool mount = device != NULL && device->mount;

	if (rows == NULL)
		return -ENOMEM;
	report->rows = rows;
	rows[report->count++] = (struct row){
		.space = devices_space(scan->devices, use->dev),
		.ino = use->ino,
		.process = &use->process,
		.open = use->open,
		.mapped = use->mapped,
		.natively = !mount,
		.by_mount = mount,
		.deleted = use->deleted,
		.deleted_by_mount = mount,
	};
	return 0;
}

static int compare_objects(const struct row *a, const struct row *b)
{
	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	return (a->ino > b->ino) - (a->ino < b->ino);
}

static int compare_uses(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	const int order = compare_objects(x, y);

	return order != 0 ? order : x->process->pid - y->process->pid;
}

/* What one process has natively and through mounts is one row. */
static void join(struct report *report)
{
	size_t kept = 0;

	for (size_t i = 0; i < report->count; i++) {
		struct row *row = &report->rows[i];

		if (kept > 0 && compare_uses(&report->rows[kept - 1], row) == 0) {
			struct row *last = &report->rows[kept - 1];

			access_add(&last->open, &row->open);
			access_add(&last->mapped, &row->mapped);
			last->natively |= row->natively;
			last->by_mount |= row->by_mount;
			if (last->deleted == NULL) {
				last->deleted = row->deleted;
				last->deleted_by_mount = row->deleted_by_mount;
			}
		} else {
			report->rows[kept++] = *row;
		}
	}
	report->count = kept;
}

/* ---- names ---- */

struct naming {
	struct report *report;
	dev_t home;
};

/* The rows of an object are side by side: the first one, or NULL. */
static struct row *first_row(const struct report *report, dev_t space, ino_t ino)
{
	const struct row wanted = { .space = space, .ino = ino };
	size_t low = 0, high = report->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare_objects(&report->rows[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == report->count || compare_objects(&report->rows[low], &wanted) != 0)
		return NULL;
	return &report->rows[low];
}

/* Of several names the one that was asked for counts, else the first. */
static int name_listed(const char *name, ino_t ino, void *arg)
{
	const struct naming *naming = arg;
	struct row *row = first_row(naming->report, naming->home, ino);

	if (row == NULL || row->object != NULL)
		return 0;
	return asprintf(&row->object, "/%s", name) < 0 ? ENOMEM : 0;
}

/* Names that were asked for as such, or paths outside of what shm_open(3) sees. */
static int name_targets(struct report *report, const struct targets *targets, dev_t home)
{
	for (size_t i = 0; i < targets->count; i++) {
		const struct target *target = &targets->items[i];
		struct row *row = first_row(report, target->dev, target->ino);
		const bool path = strchr(target->name + 1, '/') != NULL;

		if (row == NULL || row->object != NULL || (path && target->dev == home))
			continue;
		row->object = strdup(target->name);
		if (row->object == NULL)
			return -ENOMEM;
	}
	return 0;
}

/* What has no name has the one that it had natively, or its path in a mount, of
 * any of its rows. */
static int name_deleted(struct row *row, const struct row *end)
{
	const char *home = pshm_space_path();
	const size_t len = strlen(home);
	const struct row *known = row;
	const char *path;

	while (known < end && known->deleted == NULL && compare_objects(known, row) == 0)
		known++;
	/* Made and unlinked again since the scan. */
	path = known < end && compare_objects(known, row) == 0 ? known->deleted : "/?";
	if (known < end && !known->deleted_by_mount && strncmp(path, home, len) == 0 &&
	    path[len] == '/')
		path += len;
	row->unlinked = true;
	row->object = strdup(path);
	return row->object == NULL ? -ENOMEM : 0;
}

/* The rows of an object have its first row's name. */
static int spread_names(struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		struct row *row = &report->rows[i], *before = i > 0 ? row - 1 : NULL;
		int error = 0;

		if (before != NULL && compare_objects(before, row) == 0) {
			row->unlinked = before->unlinked;
			row->object = strdup(before->object);
			error = row->object == NULL ? -ENOMEM : 0;
		} else if (row->object == NULL) {
			error = name_deleted(row, report->rows + report->count);
		}
		if (error < 0)
			return error;
	}
	return 0;
}

static int give_names(struct report *report, const struct scan *scan, const struct targets *targets,
		      int home)
{
	struct naming naming = { report, devices_space(scan->devices, scan->devices->home) };
	int error = name_targets(report, targets, naming.home), listed;

	if (error < 0 || report->count == 0)
		return error;
	listed = pshm_space_list(home, name_listed, &naming);
	if (listed != 0)
		return listed < 0 ? -errno : -listed;
	return spread_names(report);
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	const int order = strcmp(x->object, y->object);

	return order != 0 ? order : compare_uses(a, b);
}

int report_make(struct report *report, const struct scan *scan, struct targets *targets, int home)
{
	int error = 0;

	*report = (struct report){ 0 };
	targets_settle(targets, scan->devices);
	for (size_t i = 0; error == 0 && i < scan->count; i++)
		if (is_wanted(scan, targets, &scan->uses[i]))
			error = add_row(report, scan, &scan->uses[i]);
	if (error < 0 || report->count == 0)
		return error;
	qsort(report->rows, report->count, sizeof(*report->rows), compare_uses);
	join(report);
	error = give_names(report, scan, targets, home);
	if (error == 0)
		qsort(report->rows, report->count, sizeof(*report->rows), compare_rows);
	return error;
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->rows[i].object);
	free(report->rows);
}
