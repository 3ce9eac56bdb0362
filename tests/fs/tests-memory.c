/* SPDX-License-Identifier: MIT */
/*
 * One memory: mappings of two processes, one natively and one through the
 * mount (or both through the mount), are the same pages. Shared mappings need
 * passthrough; the mapped path shows what read(2) and write(2) can.
 */
#include "mount.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* What the object holds in these tests. */
struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	sem_t ping, pong;
	_Atomic unsigned word;
	long counter;
	char text[64];
	char pages[16 * 4096];
};

static struct shared *map_shared(const char *path)
{
	int fd = ok(open(path, O_RDWR | O_CREAT, 0600));
	struct shared *map;

	ok(ftruncate(fd, sizeof *map));
	map = mmap(NULL, sizeof *map, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		g_error("mmap of %s: %s", path, g_strerror(errno));
	close(fd);
	return map;
}

/* Both ways, and between two users of the mount. */
static const char *const sides[][2] = {
	{ MNT "/a", SHM "/a" }, { SHM "/a", MNT "/a" }, { MNT "/a", MNT "/a" }
};

/* Runs `here` in this process and `there` in another, each with its own
 * mapping, for every pair of sides. `prepare` comes before both. */
static void share(void (*prepare)(struct shared *), void (*here)(struct shared *),
		  void (*there)(struct shared *))
{
	for (size_t i = 0; i < G_N_ELEMENTS(sides); i++) {
		struct shared *mine = map_shared(sides[i][0]);
		pid_t pid;

		if (prepare)
			prepare(mine);
		CHILD (pid)
			there(map_shared(sides[i][1]));
		here(mine);
		ends_well(pid);
		ok(munmap(mine, sizeof *mine));
		ok(unlink(SHM "/a"));
	}
}

static void store_pages(struct shared *s)
{
	fill_pattern(s->pages, sizeof s->pages, 5);
	s->word = 1;
	wait_until (s->word == 2)
		;
	g_assert_cmpstr(s->text, ==, "seen");
}

static void see_pages(struct shared *s)
{
	char expected[sizeof s->pages];

	fill_pattern(expected, sizeof expected, 5);
	wait_until (s->word == 1)
		;
	g_assert_cmpmem(s->pages, sizeof s->pages, expected, sizeof expected);
	strcpy(s->text, "seen");
	s->word = 2;
}

static void stores_are_seen_on_the_other_side(void)
{
	share(NULL, store_pages, see_pages);
}

static void make_mutex(struct shared *s, int robust)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, robust);
	g_assert_cmpint(pthread_mutex_init(&s->mutex, &attr), ==, 0);
}

static void make_plain_mutex(struct shared *s)
{
	make_mutex(s, PTHREAD_MUTEX_STALLED);
}

enum { ROUNDS = 20000, PINGS = 2000 };

static void count(struct shared *s)
{
	for (int i = 0; i < ROUNDS; i++) {
		g_assert_cmpint(pthread_mutex_lock(&s->mutex), ==, 0);
		s->counter++;
		g_assert_cmpint(pthread_mutex_unlock(&s->mutex), ==, 0);
	}
}

static void count_to_the_end(struct shared *s)
{
	bool done = false;

	count(s);
	wait_until (done) {
		pthread_mutex_lock(&s->mutex);
		done = s->counter == 2 * ROUNDS;
		pthread_mutex_unlock(&s->mutex);
	}
}

static void a_mutex_excludes_the_other_side(void)
{
	share(make_plain_mutex, count_to_the_end, count);
}

static void make_condition(struct shared *s)
{
	pthread_condattr_t attr;

	make_plain_mutex(s);
	pthread_condattr_init(&attr);
	pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	g_assert_cmpint(pthread_cond_init(&s->changed, &attr), ==, 0);
}

/* The counter goes up in turns: even values by one side, odd by the other. */
static void take_turns(struct shared *s, long mine)
{
	g_assert_cmpint(pthread_mutex_lock(&s->mutex), ==, 0);
	while (s->counter < PINGS) {
		if (s->counter % 2 == mine) {
			s->counter++;
			pthread_cond_signal(&s->changed);
		} else {
			pthread_cond_wait(&s->changed, &s->mutex);
		}
	}
	g_assert_cmpint(pthread_mutex_unlock(&s->mutex), ==, 0);
}

static void take_even_turns(struct shared *s)
{
	take_turns(s, 0);
}

static void take_odd_turns(struct shared *s)
{
	take_turns(s, 1);
}

static void a_condition_variable_wakes_the_other_side(void)
{
	share(make_condition, take_even_turns, take_odd_turns);
}

static void make_semaphores(struct shared *s)
{
	ok(sem_init(&s->ping, 1, 0));
	ok(sem_init(&s->pong, 1, 0));
}

static void ping(struct shared *s)
{
	for (int i = 0; i < PINGS; i++) {
		ok(sem_post(&s->ping));
		ok(sem_wait(&s->pong));
	}
}

static void pong(struct shared *s)
{
	for (int i = 0; i < PINGS; i++) {
		ok(sem_wait(&s->ping));
		ok(sem_post(&s->pong));
	}
}

static void a_semaphore_in_the_mapping_wakes_the_other_side(void)
{
	share(make_semaphores, ping, pong);
}

static void wait_for_word(struct shared *s, unsigned value)
{
	while (s->word != value)
		if (syscall(SYS_futex, &s->word, FUTEX_WAIT, value - 1, NULL, NULL, 0) == -1)
			g_assert_cmpint(errno, ==, EAGAIN);
}

static void wake(struct shared *s)
{
	for (unsigned i = 0; i < PINGS; i += 2) {
		s->word = i + 1;
		ok(syscall(SYS_futex, &s->word, FUTEX_WAKE, 1, NULL, NULL, 0));
		wait_for_word(s, i + 2);
	}
}

static void be_woken(struct shared *s)
{
	for (unsigned i = 0; i < PINGS; i += 2) {
		wait_for_word(s, i + 1);
		s->word = i + 2;
		ok(syscall(SYS_futex, &s->word, FUTEX_WAKE, 1, NULL, NULL, 0));
	}
}

static void a_futex_wakes_the_other_side(void)
{
	share(NULL, wake, be_woken);
}

static void make_robust_mutex(struct shared *s)
{
	make_mutex(s, PTHREAD_MUTEX_ROBUST);
}

static void die_with_the_mutex(struct shared *s)
{
	g_assert_cmpint(pthread_mutex_lock(&s->mutex), ==, 0);
	s->word = 1;
}

static void inherit_the_mutex(struct shared *s)
{
	wait_until (s->word == 1)
		;
	g_assert_cmpint(pthread_mutex_lock(&s->mutex), ==, EOWNERDEAD);
	g_assert_cmpint(pthread_mutex_consistent(&s->mutex), ==, 0);
	g_assert_cmpint(pthread_mutex_unlock(&s->mutex), ==, 0);
}

static void a_robust_mutex_tells_of_the_others_death(void)
{
	share(make_robust_mutex, inherit_the_mutex, die_with_the_mutex);
}

static void a_mapping_outlives_name_and_descriptor(void)
{
	struct shared *mounted = map_shared(MNT "/a"), *native = map_shared(SHM "/a");

	ok(unlink(MNT "/a"));
	strcpy(native->text, "still one");
	g_assert_cmpstr(mounted->text, ==, "still one");
}

static void a_mapping_sees_the_object_grow(void)
{
	struct shared *mounted, *native = map_shared(SHM "/a");

	ok(truncate(SHM "/a", 0));
	mounted = mmap(NULL, sizeof *mounted, PROT_READ | PROT_WRITE, MAP_SHARED,
		       ok(open(MNT "/a", O_RDWR)), 0);
	g_assert_true(mounted != MAP_FAILED);
	ok(truncate(MNT "/a", sizeof *native));
	strcpy(mounted->text, "grown");
	g_assert_cmpstr(native->text, ==, "grown");
}

static void mappings_of_several_opens_are_one(void)
{
	struct shared *maps[20];

	for (size_t i = 0; i < G_N_ELEMENTS(maps); i++) {
		maps[i] = map_shared(i % 4 ? MNT "/a" : SHM "/a");
		maps[i]->counter++;
	}
	g_assert_cmpint(maps[1]->counter, ==, G_N_ELEMENTS(maps));
}

static void read_and_write_meet_a_native_mapping(void)
{
	struct shared *native = map_shared(SHM "/a");
	int fd = ok(open(MNT "/a", O_RDWR));
	size_t at = offsetof(struct shared, text);
	char text[sizeof native->text];

	for (int i = 0; i < 500; i++) {
		g_snprintf(text, sizeof text, "written %d", i);
		g_assert_cmpint(ok(pwrite(fd, text, sizeof text, at)), ==, sizeof text);
		g_assert_cmpstr(native->text, ==, text);
		g_snprintf(native->text, sizeof text, "stored %d", i);
		g_assert_cmpint(ok(pread(fd, text, sizeof text, at)), ==, sizeof text);
		g_assert_cmpstr(text, ==, native->text);
	}
}

static const struct mount_test tests[] = {
	{ TEST(stores_are_seen_on_the_other_side), ONLY_PASSTHROUGH },
	{ TEST(a_mutex_excludes_the_other_side), ONLY_PASSTHROUGH },
	{ TEST(a_condition_variable_wakes_the_other_side), ONLY_PASSTHROUGH },
	{ TEST(a_semaphore_in_the_mapping_wakes_the_other_side), ONLY_PASSTHROUGH },
	{ TEST(a_futex_wakes_the_other_side), ONLY_PASSTHROUGH },
	{ TEST(a_robust_mutex_tells_of_the_others_death), ONLY_PASSTHROUGH },
	{ TEST(a_mapping_outlives_name_and_descriptor), ONLY_PASSTHROUGH },
	{ TEST(a_mapping_sees_the_object_grow), ONLY_PASSTHROUGH },
	{ TEST(mappings_of_several_opens_are_one), ONLY_PASSTHROUGH },
	{ TEST(read_and_write_meet_a_native_mapping) },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "memory", tests, G_N_ELEMENTS(tests));
}
