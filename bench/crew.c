/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct crew {
	pthread_barrier_t start;
	struct done done[];
};

static struct crew *crew_new(unsigned processes, size_t size)
{
	struct crew *crew =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;

	if (crew == MAP_FAILED)
		return NULL;
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&crew->start, &shared, processes);
	return crew;
}

static void run_one(struct crew *crew, unsigned process, crew_task *task, void *context)
{
	struct done *done = &crew->done[process];

	/* Who ends calls ends all of it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_barrier_wait(&crew->start);
	done->start = seconds_now();
	task(process, context, done);
	done->end = seconds_now();
	_exit(0);
}

/* The rest waits at the barrier for one that could not be started. */
static int give_up(const pid_t *pids, unsigned started)
{
	int error = errno;

	for (unsigned i = 0; i < started; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	errno = error;
	return -1;
}

static int start_all(struct crew *crew, pid_t *pids, unsigned processes, crew_task *task,
		     void *context)
{
	for (unsigned i = 0; i < processes; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return give_up(pids, i);
		if (pids[i] == 0)
			run_one(crew, i, task, context);
	}
	return 0;
}

/* One that died of a signal has not told why. */
static void wait_for_all(struct crew *crew, const pid_t *pids, unsigned processes)
{
	for (unsigned i = 0; i < processes; i++) {
		int status;

		if (waitpid(pids[i], &status, 0) < 0 || status != 0)
			crew->done[i].error = EINTR;
	}
}

int crew_run(unsigned processes, crew_task *task, void *context, struct done *results)
{
	size_t size = sizeof(struct crew) + processes * sizeof(struct done);
	struct crew *crew = crew_new(processes, size);
	pid_t pids[CREW_MAX];
	int ret;

	if (!crew)
		return -1;
	ret = start_all(crew, pids, processes, task, context);
	if (ret == 0) {
		wait_for_all(crew, pids, processes);
		memcpy(results, crew->done, processes * sizeof(struct done));
	}
	munmap(crew, size);
	return ret;
}

double crew_seconds(const struct done *results, unsigned processes)
{
	double start = results[0].start, end = results[0].end;

	for (unsigned i = 1; i < processes; i++) {
		if (results[i].start < start)
			start = results[i].start;
		if (results[i].end > end)
			end = results[i].end;
	}
	return end - start;
}
