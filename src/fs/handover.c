/* SPDX-License-Identifier: MIT */
#include "handover.h"

#include "descriptor.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t size_for(uint32_t count)
{
	return sizeof(struct handover) + count * sizeof(struct record);
}

/* Pages come into being when they are written to. */
static struct handover *map(size_t size, int flags, int fd)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, fd, 0);

	return memory != MAP_FAILED ? memory : NULL;
}

static int open_memory(size_t size)
{
	const int fd = memfd_create("shmfuse handover", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)size) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct handover *handover_new(bool keep, int *fd)
{
	const uint32_t count = descriptors_raise_limit();
	const size_t size = size_for(count);
	struct handover *handover;

	*fd = keep ? open_memory(size) : -1;
	if (keep && *fd < 0)
		return NULL;
	handover = map(size, keep ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS, *fd);
	if (handover == NULL) {
		if (*fd >= 0)
			close(*fd);
		return NULL;
	}
	handover->version = HANDOVER_VERSION;
	handover->size = sizeof(struct handover);
	handover->record_count = count;
	return handover;
}

struct handover *handover_map(int fd)
{
	struct handover *handover = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	if ((size_t)st.st_size >= sizeof(*handover))
		handover = map((size_t)st.st_size, MAP_SHARED, fd);
	if (handover != NULL && handover->version == HANDOVER_VERSION &&
	    handover->size == sizeof(*handover) &&
	    size_for(handover->record_count) == (size_t)st.st_size)
		return handover;
	errno = EINVAL;
	return NULL;
}

struct record *handover_record(struct handover *handover, int fd)
{
	uint32_t top = handover->top;

	if ((uint32_t)fd >= handover->record_count)
		return NULL;
	while (top <= (uint32_t)fd &&
	       !atomic_compare_exchange_weak(&handover->top, &top, (uint32_t)fd + 1))
		continue;
	/* After all that a thread wrote which had the descriptor before: it has struck the
	 * record out in the end. */
	(void)atomic_load(&handover->records[fd].kind);
	return &handover->records[fd];
}

void handover_free(struct handover *handover)
{
	if (handover != NULL)
		munmap(handover, size_for(handover->record_count));
}
