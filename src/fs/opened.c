/* SPDX-License-Identifier: MIT */
#include "opened.h"

#include "replay.h"

#include <errno.h>
#include <sys/mman.h>

static size_t size_of(const struct opened *opened)
{
	return opened->handover->record_count * sizeof(*opened->handles);
}

/* As many as there can be descriptors; most pages of it are never touched. */
int opened_init(struct opened *opened, struct handover *handover)
{
	void *memory;

	opened->handover = handover;
	memory = mmap(NULL, size_of(opened), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	opened->handles = memory;
	return 0;
}

void opened_free(struct opened *opened)
{
	if (opened->handles != NULL)
		munmap(opened->handles, size_of(opened));
}

static uint32_t descriptor_in(uint64_t fh)
{
	return (uint32_t)fh;
}

static uint32_t serial_in(uint64_t fh)
{
	return (uint32_t)(fh >> 32);
}

int opened_add(struct opened *opened, struct handle *handle, enum record_kind kind, uint64_t *fh)
{
	struct handover *handover = opened->handover;
	struct record *record = handover_record(handover, handle->fd);

	if (record == NULL)
		return -ENFILE;
	record->serial = atomic_fetch_add(&handover->serial, 1) + 1;
	record->node = handle->node->id;
	record->request = replay_request();
	record->backing_id = 0;
	told_record(handle, record);
	atomic_store(&record->kind, kind);
	atomic_store(&opened->handles[handle->fd], handle);
	*fh = (uint64_t)record->serial << 32 | (uint32_t)handle->fd;
	return 0;
}

void opened_restore(struct opened *opened, struct handle *handle)
{
	told_restore(handle, opened_record(opened, handle));
	atomic_store(&opened->handles[handle->fd], handle);
}

struct record *opened_record(const struct opened *opened, const struct handle *handle)
{
	return &opened->handover->records[handle->fd];
}

struct handle *opened_get(const struct opened *opened, uint64_t fh)
{
	const uint32_t fd = descriptor_in(fh);
	struct handle *handle;

	if (fd >= opened->handover->top)
		return NULL;
	handle = atomic_load(&opened->handles[fd]);
	return handle != NULL && opened->handover->records[fd].serial == serial_in(fh) ? handle
										       : NULL;
}

struct handle *opened_begin_close(struct opened *opened, uint64_t fh)
{
	struct handle *handle = opened_get(opened, fh);

	if (handle == NULL)
		return NULL;
	atomic_store(&opened->handles[handle->fd], NULL);
	atomic_store(&opened_record(opened, handle)->kind, RECORD_CLOSING);
	return handle;
}

/* The record goes before the descriptor does, which another thread may have in
 * the next moment. */
void opened_end_close(struct opened *opened, const struct handle *handle)
{
	atomic_store(&opened_record(opened, handle)->kind, RECORD_NONE);
}

struct handle *opened_remove(struct opened *opened, uint64_t fh)
{
	struct handle *handle = opened_begin_close(opened, fh);

	if (handle != NULL)
		opened_end_close(opened, handle);
	return handle;
}

void opened_visit(struct opened *opened, void (*visit)(struct handle *handle))
{
	if (opened->handles == NULL)
		return;
	for (uint32_t fd = 0; fd < opened->handover->top; fd++)
		if (opened->handles[fd] != NULL)
			visit(opened->handles[fd]);
}
