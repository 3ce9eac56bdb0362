/* SPDX-License-Identifier: MIT */
/*
 * peer first|second PREFIX
 *
 * Two processes that meet in shared memory, as POSIX has it and without a word
 * on mounts: shm_open, sem_open, a mutex and a condition variable that are
 * process-shared, a robust mutex whose owner dies. The names are /PREFIXobject
 * and the like. The first makes and removes everything.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TURNS = 1000, ADDITIONS = 20000, SIGNALS = 1000, SECONDS = 40 };

struct meeting {
	pthread_mutex_t mutex;
	pthread_cond_t turned;
	pthread_mutex_t robust;
	int turn;
	int held;
	volatile long sum; /* not atomic: the mutex is what keeps it right */
	char text[64];
};

struct peer {
	int me; /* 0: the first */
	const char *prefix;
	struct meeting *meeting;
	sem_t *from[2]; /* posted by the first, by the second */
};

static _Noreturn void give_up(const char *format, ...)
{
	const char *why = strerror(errno);
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", why);
	exit(1);
}

static void must(int result, const char *call)
{
	if (result > 0)
		errno = result; /* as pthread_ calls tell it */
	if (result != 0)
		give_up("%s", call);
}

static void must_hold(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "does not hold: %s\n", what);
		exit(1);
	}
}

static struct timespec deadline(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += SECONDS;
	return end;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static const char *name_of(const struct peer *peer, const char *what, char name[256])
{
	snprintf(name, 256, "/%s%s", peer->prefix, what);
	return name;
}

static sem_t *make_semaphore(const struct peer *peer, const char *what)
{
	char name[256];
	sem_t *sem = sem_open(name_of(peer, what, name), O_CREAT | O_EXCL, 0600, 0);

	if (sem == SEM_FAILED)
		give_up("sem_open of the new %s", name);
	return sem;
}

static sem_t *find_semaphore(const struct peer *peer, const char *what)
{
	char name[256];
	sem_t *sem;

	while ((sem = sem_open(name_of(peer, what, name), 0)) == SEM_FAILED) {
		if (errno != ENOENT)
			give_up("sem_open of %s", name);
		nap();
	}
	return sem;
}

static void wait_for(sem_t *sem)
{
	struct timespec end = deadline();

	while (sem_timedwait(sem, &end) != 0)
		if (errno != EINTR)
			give_up("sem_timedwait");
}

static void map_object(struct peer *peer, int oflag)
{
	char name[256];
	int fd = shm_open(name_of(peer, "object", name), O_RDWR | oflag, 0600);
	struct stat st;

	if (fd < 0)
		give_up("shm_open of %s", name);
	if (oflag & O_CREAT)
		must(ftruncate(fd, sizeof(*peer->meeting)), "ftruncate");
	must(fstat(fd, &st), "fstat");
	must_hold(st.st_size == sizeof(*peer->meeting), "the object has its size");
	must_hold(st.st_uid == geteuid(), "the object is the user's own");
	peer->meeting =
		mmap(NULL, sizeof(*peer->meeting), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (peer->meeting == MAP_FAILED)
		give_up("mmap of %s", name);
	must(close(fd), "close");
}

static void init_meeting(struct meeting *meeting)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;

	must(pthread_mutexattr_init(&mutex), "pthread_mutexattr_init");
	must(pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED), "setpshared");
	must(pthread_mutex_init(&meeting->mutex, &mutex), "pthread_mutex_init");
	must(pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST), "setrobust");
	must(pthread_mutex_init(&meeting->robust, &mutex), "pthread_mutex_init");
	must(pthread_condattr_init(&cond), "pthread_condattr_init");
	must(pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED), "setpshared");
	must(pthread_cond_init(&meeting->turned, &cond), "pthread_cond_init");
	strcpy(meeting->text, "from the first");
}

static void greet(struct peer *peer)
{
	struct meeting *meeting;

	if (peer->me == 0) {
		map_object(peer, O_CREAT | O_EXCL);
		meeting = peer->meeting;
		init_meeting(meeting);
		peer->from[1] = make_semaphore(peer, "from-second");
		peer->from[0] = make_semaphore(peer, "from-first");
		must(sem_post(peer->from[0]), "sem_post");
		wait_for(peer->from[1]);
		must_hold(strcmp(meeting->text, "from the second") == 0,
			  "the second's text is here");
	} else {
		peer->from[0] = find_semaphore(peer, "from-first");
		peer->from[1] = find_semaphore(peer, "from-second");
		wait_for(peer->from[0]);
		map_object(peer, 0);
		meeting = peer->meeting;
		must_hold(strcmp(meeting->text, "from the first") == 0, "the first's text is here");
		strcpy(meeting->text, "from the second");
		must(sem_post(peer->from[1]), "sem_post");
	}
}

static void take_turns(const struct peer *peer)
{
	struct meeting *meeting = peer->meeting;
	struct timespec end = deadline();

	must(pthread_mutex_lock(&meeting->mutex), "pthread_mutex_lock");
	for (int i = 0; i < TURNS; i++) {
		while (meeting->turn % 2 != peer->me)
			must(pthread_cond_timedwait(&meeting->turned, &meeting->mutex, &end),
			     "pthread_cond_timedwait");
		meeting->turn++;
		must(pthread_cond_signal(&meeting->turned), "pthread_cond_signal");
	}
	must(pthread_mutex_unlock(&meeting->mutex), "pthread_mutex_unlock");
}

static void add(const struct peer *peer)
{
	for (int i = 0; i < ADDITIONS; i++) {
		must(pthread_mutex_lock(&peer->meeting->mutex), "pthread_mutex_lock");
		peer->meeting->sum++;
		must(pthread_mutex_unlock(&peer->meeting->mutex), "pthread_mutex_unlock");
	}
}

static void exchange_signals(const struct peer *peer)
{
	for (int i = 0; i < SIGNALS; i++) {
		must(sem_post(peer->from[peer->me]), "sem_post");
		wait_for(peer->from[!peer->me]);
	}
}

/* The second ends with the robust mutex in its hands. */
static void die_or_inherit(const struct peer *peer)
{
	struct timespec end = deadline();

	if (peer->me == 1) {
		must(pthread_mutex_lock(&peer->meeting->robust), "pthread_mutex_lock");
		must(sem_post(peer->from[1]), "sem_post");
		return;
	}
	wait_for(peer->from[1]);
	must_hold(pthread_mutex_timedlock(&peer->meeting->robust, &end) == EOWNERDEAD,
		  "the death of the mutex's owner is told");
	must(pthread_mutex_consistent(&peer->meeting->robust), "pthread_mutex_consistent");
	must(pthread_mutex_unlock(&peer->meeting->robust), "pthread_mutex_unlock");
}

static void clean_up(const struct peer *peer)
{
	char name[256];

	must_hold(peer->meeting->turn == 2 * TURNS, "all turns were taken");
	must_hold(peer->meeting->sum == 2 * ADDITIONS, "no addition was lost");
	must(sem_unlink(name_of(peer, "from-first", name)), "sem_unlink");
	must(sem_unlink(name_of(peer, "from-second", name)), "sem_unlink");
	must(shm_unlink(name_of(peer, "object", name)), "shm_unlink");
	must_hold(shm_open(name, O_RDWR, 0) == -1 && errno == ENOENT, "the object is gone");
}

int main(int argc, char **argv)
{
	struct peer peer = { 0 };

	if (argc != 3) {
		fprintf(stderr, "usage: peer first|second PREFIX\n");
		return 2;
	}
	/* The first process of a container ignores it; the test's own limit is for that. */
	alarm(SECONDS);
	peer.me = strcmp(argv[1], "first") != 0;
	peer.prefix = argv[2];
	greet(&peer);
	take_turns(&peer);
	add(&peer);
	exchange_signals(&peer);
	die_or_inherit(&peer);
	if (peer.me == 0)
		clean_up(&peer);
	return 0;
}
