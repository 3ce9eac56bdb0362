/* SPDX-License-Identifier: MIT */
/* Mappings. Touching one beyond the end of the file is SIGBUS, which is a result like any other. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "operation.h"

enum { MAP_MOST = 1 << 20 };

static sigjmp_buf jump;

static void on_signal(int signal)
{
	siglongjmp(jump, signal);
}

/* Runs the accesses to memory that may fail; the signal, or 0. */
static int guarded(void (*access)(void *data), void *data)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER }, bus, segv;
	int signal;

	sigaction(SIGBUS, &action, &bus);
	sigaction(SIGSEGV, &action, &segv);
	signal = sigsetjmp(jump, 1);
	if (signal == 0)
		access(data);
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGSEGV, &segv, NULL);
	return signal;
}

struct access {
	uint8_t *at;
	size_t len;
	uint64_t seed, hash;
	volatile size_t done;
};

static void load(void *data)
{
	struct access *access = data;

	while (access->done < access->len) {
		size_t n = access->len - access->done > 4096 ? 4096 : access->len - access->done;

		access->hash = hash_bytes(access->hash, access->at + access->done, n);
		access->done += n;
	}
}

static void store(void *data)
{
	struct access *access = data;

	fill_bytes(access->at, access->len, access->seed);
}

static size_t map_length(int64_t len)
{
	return len < 0 ? 0 : len > MAP_MOST ? MAP_MOST : (size_t)len;
}

static int protection(const struct call *call)
{
	return (int)(call->mode & (PROT_READ | PROT_WRITE | PROT_EXEC));
}

/* Reading a hole of a tmpfs through a private mapping fills it, through the mapped data path it
 * does not. */
static bool has_hole(int fd, int64_t off, size_t len)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	off_t hole = lseek(fd, off, SEEK_HOLE);

	lseek(fd, at, SEEK_SET);
	return hole < off || (size_t)(hole - off) < len;
}

/* A private mapping that lives for this call only: what others write meanwhile may or may not show
 * in it. */
OPERATION(map_once)
{
	size_t len = map_length(call->len);
	int fd = slot_fd(worker, call->slot);
	bool touch = call->flags || !has_hole(fd, call->off & ~4095L, len);
	void *addr = mmap(NULL, len, protection(call), MAP_PRIVATE, fd, call->off & ~4095L);
	struct access access = { .at = addr, .len = len, .seed = call->seed };

	finish(outcome, addr == MAP_FAILED ? -1 : 0);
	if (addr == MAP_FAILED)
		return;
	/* Nor does mapping touch the access time there, as reading does. */
	if (!call->flags)
		pread(fd, worker->buffer, 1, 0);
	if (!touch) {
		munmap(addr, len);
		return;
	}
	outcome->values[0] = guarded(load, &access);
	outcome->values[1] = (int64_t)access.done;
	access.done = 0;
	outcome->values[2] = guarded(store, &access);
	outcome->values[3] = guarded(load, &access);
	outcome->hash = access.hash;
	munmap(addr, len);
}

static void forget(struct mapping *map)
{
	if (map->addr)
		munmap(map->addr, map->len);
	*map = (struct mapping){ 0 };
}

OPERATION(mmap)
{
	struct mapping *map = &worker->map[call->map];
	size_t len = map_length(call->len);
	int fd = slot_fd(worker, call->slot);
	void *addr;

	forget(map);
	addr = mmap(NULL, len, protection(call), (int)call->flags, fd, call->off & ~4095L);
	finish(outcome, addr == MAP_FAILED ? -1 : 0);
	if (addr != MAP_FAILED)
		*map = (struct mapping){ addr, len };
}

/* The part of the mapping that the call's offset and length mean. */
static bool part_of(const struct mapping *map, const struct call *call, struct access *access)
{
	size_t from;

	if (!map->addr)
		return false;
	from = (size_t)(call->off < 0 ? 0 : call->off) % map->len;
	*access = (struct access){ .at = map->addr + from,
				   .len = map_length(call->len),
				   .seed = call->seed };
	if (access->len > map->len - from)
		access->len = map->len - from;
	return true;
}

OPERATION(store)
{
	struct access access;

	if (!part_of(&worker->map[call->map], call, &access))
		return;
	finish(outcome, guarded(store, &access));
}

OPERATION(load)
{
	struct access access;

	if (!part_of(&worker->map[call->map], call, &access))
		return;
	finish(outcome, guarded(load, &access));
	outcome->values[0] = (int64_t)access.done;
	outcome->hash = access.hash;
}

OPERATION(msync)
{
	struct mapping *map = &worker->map[call->map];

	if (map->addr)
		finish(outcome, msync(map->addr, map->len, (int)call->flags));
}

OPERATION(munmap)
{
	(void)outcome;
	forget(&worker->map[call->map]);
}
