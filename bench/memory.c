/* SPDX-License-Identifier: MIT */
/* Work on mapped objects: the memory part of scripts/bench. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define PAGE 4096UL
#define MIB  (1UL << 20)

static const char usage[] =
	"Usage: memory [-m MIB] [-s SECONDS] WORK FILE [FILE]\n"
	"Works on a shared mapping of FILE, which it makes and removes.\n"
	"\n"
	"  write-fault  store into each page of a hole; counts pages\n"
	"  read-fault   load from each page of a hole; counts pages\n"
	"  map          map a page of memory that is there, touch it, unmap it; counts mappings\n"
	"  load, store  all memory, again and again; counts bytes\n"
	"  ping-pong    two processes wake each other by futex, each with its own name of\n"
	"               the same object; counts round trips\n";

struct settings {
	size_t size;
	double seconds;
	const char *files[2];
};

struct count {
	unsigned long long count;
	double seconds;
};

static unsigned char *map(int fd, size_t size)
{
	unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* A hole again, whatever it was. */
static int empty(int fd, size_t size)
{
	return ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)size) < 0 ? -1 : 0;
}

static void touch(volatile unsigned char *memory, size_t size, bool write)
{
	for (size_t at = 0; at < size; at += PAGE) {
		if (write)
			memory[at] = 1;
		else
			(void)memory[at];
	}
}

/* The time is that of the faults alone, not that of making holes. */
static int faults(const struct settings *settings, int fd, bool write, struct count *count)
{
	while (count->seconds < settings->seconds) {
		unsigned char *memory =
			empty(fd, settings->size) < 0 ? NULL : map(fd, settings->size);
		double start = seconds_now();

		if (!memory)
			return -1;
		touch(memory, settings->size, write);
		count->seconds += seconds_now() - start;
		count->count += settings->size / PAGE;
		munmap(memory, settings->size);
	}
	return 0;
}

static int write_fault(const struct settings *settings, int fd, struct count *count)
{
	return faults(settings, fd, true, count);
}

static int read_fault(const struct settings *settings, int fd, struct count *count)
{
	return faults(settings, fd, false, count);
}

static int map_again(const struct settings *settings, int fd, struct count *count)
{
	double start = seconds_now();

	do {
		unsigned char *memory = map(fd, PAGE);

		if (!memory)
			return -1;
		touch(memory, PAGE, true);
		munmap(memory, PAGE);
		count->count++;
		count->seconds = seconds_now() - start;
	} while (count->seconds < settings->seconds);
	return 0;
}

/* The compiler must not see that nobody wants the sum. */
static void load_all(const unsigned char *memory, size_t size)
{
	const uint64_t *words = (const void *)memory;
	uint64_t sum = 0;

	for (size_t i = 0; i < size / sizeof(*words); i++)
		sum += words[i];
	__asm__ volatile("" : : "r"(sum));
}

static int passes(const struct settings *settings, int fd, bool write, struct count *count)
{
	unsigned char *memory = empty(fd, settings->size) < 0 ? NULL : map(fd, settings->size);
	double start;

	if (!memory)
		return -1;
	memset(memory, 1, settings->size);
	start = seconds_now();
	do {
		if (write)
			memset(memory, (int)count->count, settings->size);
		else
			load_all(memory, settings->size);
		count->count += settings->size;
		count->seconds = seconds_now() - start;
	} while (count->seconds < settings->seconds);
	munmap(memory, settings->size);
	return 0;
}

static int load(const struct settings *settings, int fd, struct count *count)
{
	return passes(settings, fd, false, count);
}

static int store(const struct settings *settings, int fd, struct count *count)
{
	return passes(settings, fd, true, count);
}

/* Whose turn it is. */
enum { PING, PONG, OVER };

static void wake(_Atomic uint32_t *turn, uint32_t value)
{
	atomic_store(turn, value);
	syscall(SYS_futex, turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Returns whose turn it is now, or -1: two seconds and no answer, which is what
 * two memories look like. */
static int wait_while(_Atomic uint32_t *turn, uint32_t value)
{
	struct timespec patience = { .tv_sec = 2 };
	uint32_t now;

	while ((now = atomic_load(turn)) == value)
		if (syscall(SYS_futex, turn, FUTEX_WAIT, value, &patience, NULL, 0) < 0 &&
		    errno == ETIMEDOUT)
			return -1;
	return (int)now;
}

static int pong(_Atomic uint32_t *turn)
{
	int now;

	while ((now = wait_while(turn, PING)) == PONG)
		wake(turn, PING);
	return now == OVER ? 0 : 1;
}

static int ping(_Atomic uint32_t *turn, double seconds, struct count *count)
{
	double start = seconds_now();

	do {
		wake(turn, PONG);
		if (wait_while(turn, PONG) < 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		count->count++;
		count->seconds = seconds_now() - start;
	} while (count->seconds < seconds);
	wake(turn, OVER);
	return 0;
}

/* Both on one CPU: the switch and the wake-up are what is measured. On two, it
 * would be how deeply the other one sleeps. */
static void stay_on_this_cpu(void)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET((size_t)sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
}

static int ping_pong(const struct settings *settings, int fd, struct count *count)
{
	int other = open(settings->files[1], O_RDWR | O_CLOEXEC);
	unsigned char *left = empty(fd, PAGE) < 0 ? NULL : map(fd, PAGE);
	unsigned char *right = other < 0 ? NULL : map(other, PAGE);
	int ret, error;
	pid_t child;

	if (!left || !right)
		return -1;
	stay_on_this_cpu();
	child = fork();
	if (child < 0)
		return -1;
	if (child == 0)
		_exit(pong((_Atomic uint32_t *)(void *)right));
	ret = ping((_Atomic uint32_t *)(void *)left, settings->seconds, count);
	error = errno;
	if (ret < 0)
		kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	errno = error;
	return ret;
}

static const struct work {
	const char *name;
	int files;
	int (*run)(const struct settings *settings, int fd, struct count *count);
} works[] = {
	{ "write-fault", 1, write_fault },
	{ "read-fault", 1, read_fault },
	{ "map", 1, map_again },
	{ "load", 1, load },
	{ "store", 1, store },
	{ "ping-pong", 2, ping_pong },
};

static const struct work *find_work(const char *name, int files)
{
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		if (strcmp(works[i].name, name) == 0 && works[i].files == files)
			return &works[i];
	return NULL;
}

static int run(const struct work *work, const struct settings *settings)
{
	struct count count = { 0 };
	int fd = open(settings->files[0], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int ret;

	if (fd < 0) {
		fprintf(stderr, "memory: %s: %s\n", settings->files[0], strerror(errno));
		return 1;
	}
	ret = ftruncate(fd, (off_t)settings->size) < 0 ? -1 : work->run(settings, fd, &count);
	if (ret < 0)
		fprintf(stderr, "memory: %s: %s\n", work->name, strerror(errno));
	else
		printf("{\"work\": \"%s\", \"count\": %llu, \"seconds\": %.6f}\n", work->name,
		       count.count, count.seconds);
	close(fd);
	unlink(settings->files[0]);
	return ret < 0;
}

static int read_options(int argc, char **argv, struct settings *settings)
{
	int option;

	while ((option = getopt(argc, argv, "m:s:")) != -1) {
		switch (option) {
		case 'm':
			settings->size = strtoul(optarg, NULL, 10) * MIB;
			break;
		case 's':
			settings->seconds = strtod(optarg, NULL);
			break;
		default:
			return -1;
		}
	}
	return settings->size > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct settings settings = { .size = 64 * MIB, .seconds = 1 };
	const struct work *work = NULL;

	if (read_options(argc, argv, &settings) == 0 && argc - optind >= 2)
		work = find_work(argv[optind], argc - optind - 1);
	if (!work) {
		fputs(usage, stderr);
		return 2;
	}
	for (int i = 0; i < work->files; i++)
		settings.files[i] = argv[optind + 1 + i];
	return run(work, &settings);
}
