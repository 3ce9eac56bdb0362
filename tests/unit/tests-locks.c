/* SPDX-License-Identifier: MIT */
/*
 * locks.c: locks of owners that the kernel names, on an object of their own
 * that a native program locks as well.
 */
#include "handover.h"
#include "locks.h"
#include "nodes.h"

#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>

struct scene {
	struct handover *handover;
	struct locks *locks;
	struct nodes *nodes;
	struct handle *handle; /* an open file of the mount */
	int native;	       /* the object, as a native program has it open */
};

/* A further open file of the same object, as by open(2). */
static int opened_again(int fd)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
	int result = open(path, O_RDWR | O_CLOEXEC);

	g_assert_cmpint(result, >=, 0);
	return result;
}

static void set_up(struct scene *scene, const void *data)
{
	NODE node = NULL;

	int none;

	(void)data;
	scene->handover = handover_new(false, &none);
	scene->locks = locks_new(scene->handover);
	scene->nodes = table_new("");
	scene->native = memfd_create("locks", MFD_CLOEXEC);
	g_assert_cmpint(scene->native, >=, 0);
	look_up(scene->nodes->root, "a", 10);
	node = node_find(scene->nodes->root, "a", 10, false);
	scene->handle = handle_new(node, opened_again(scene->native));
}

static void tear_down(struct scene *scene, const void *data)
{
	(void)data;
	locks_release(scene->locks, scene->handle);
	if (scene->locks != NULL)
		locks_free(scene->locks);
	handle_release(scene->handle);
	nodes_destroy(scene->nodes);
	g_free(scene->nodes);
	handover_free(scene->handover);
	close(scene->native);
}

static struct lock_request whole(const struct scene *scene, uint64_t owner, short type)
{
	/* As libfuse gives it: with the caller's process id. */
	return (struct lock_request){
		.handle = scene->handle,
		.owner = owner,
		.range = { .l_type = type, .l_whence = SEEK_SET, .l_pid = 4711 }
	};
}

static struct lock_request whole_file(const struct scene *scene, uint64_t owner, int op)
{
	return (struct lock_request){ .handle = scene->handle, .owner = owner, .op = op };
}

static bool native_lock(const struct scene *scene, short type)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(scene->native, F_OFD_SETLK, &range) == 0;
}

/* ---- without a wait ---- */

static void test_owners_keep_each_other_and_native_programs_out(struct scene *scene,
								const void *data)
{
	const struct lock_request one = whole(scene, 1, F_WRLCK), two = whole(scene, 2, F_RDLCK);
	const struct lock_request unlock = whole(scene, 1, F_UNLCK);

	(void)data;
	assert_result(locks_set(scene->locks, &one), 0);
	assert_result(locks_set(scene->locks, &one), 0);
	assert_result(locks_set(scene->locks, &two), -EAGAIN);
	g_assert_false(native_lock(scene, F_RDLCK));
	assert_result(locks_set(scene->locks, &unlock), 0);
	g_assert_true(native_lock(scene, F_WRLCK));
	assert_result(locks_set(scene->locks, &two), -EAGAIN);
}

static void test_record_and_file_locks_are_apart(struct scene *scene, const void *data)
{
	const struct lock_request record = whole(scene, 1, F_WRLCK);
	const struct lock_request file = whole_file(scene, 2, LOCK_EX);
	const struct lock_request other = whole_file(scene, 3, LOCK_SH);

	(void)data;
	assert_result(locks_set(scene->locks, &record), 0);
	assert_result(locks_set(scene->locks, &file), 0);
	assert_result(locks_set(scene->locks, &other), -EAGAIN);
	g_assert_cmpint(flock(scene->native, LOCK_SH | LOCK_NB), ==, -1);
}

static void test_lock_in_the_way_is_told(struct scene *scene, const void *data)
{
	struct lock_request request = whole(scene, 1, F_WRLCK);

	(void)data;
	assert_result(locks_get(scene->locks, &request), 0);
	g_assert_cmpint(request.range.l_type, ==, F_UNLCK);
	g_assert_true(native_lock(scene, F_RDLCK));
	request = whole(scene, 1, F_WRLCK);
	assert_result(locks_get(scene->locks, &request), 0);
	g_assert_cmpint(request.range.l_type, ==, F_RDLCK);
}

static void test_unlock_of_an_owner_without_locks_is_nothing(struct scene *scene, const void *data)
{
	const struct lock_request record = whole(scene, 1, F_UNLCK);
	const struct lock_request file = whole_file(scene, 1, LOCK_UN);

	(void)data;
	assert_result(locks_set(scene->locks, &record), 0);
	assert_result(locks_set(scene->locks, &file), 0);
	g_assert_null(scene->handle->node->owners);
}

static void test_flush_lets_go_of_one_owner_s_locks(struct scene *scene, const void *data)
{
	const struct lock_request one = whole(scene, 1, F_RDLCK), two = whole(scene, 2, F_RDLCK);

	(void)data;
	assert_result(locks_set(scene->locks, &one), 0);
	assert_result(locks_set(scene->locks, &two), 0);
	locks_flush(scene->locks, scene->handle, 1);
	g_assert_false(native_lock(scene, F_WRLCK));
	locks_flush(scene->locks, scene->handle, 3);
	locks_flush(scene->locks, scene->handle, 2);
	g_assert_true(native_lock(scene, F_WRLCK));
}

static void test_release_lets_go_of_all_that_came_by_the_file(struct scene *scene, const void *data)
{
	const struct lock_request one = whole(scene, 1, F_RDLCK), two = whole(scene, 2, F_RDLCK);

	(void)data;
	assert_result(locks_set(scene->locks, &one), 0);
	assert_result(locks_set(scene->locks, &two), 0);
	locks_release(scene->locks, scene->handle);
	g_assert_true(native_lock(scene, F_WRLCK));
	g_assert_null(scene->handle->node->owners);
}

static void test_unset_lets_go_of_both_kinds(struct scene *scene, const void *data)
{
	const struct lock_request record = whole(scene, 1, F_WRLCK);
	const struct lock_request file = whole_file(scene, 2, LOCK_EX);

	(void)data;
	assert_result(locks_set(scene->locks, &record), 0);
	assert_result(locks_set(scene->locks, &file), 0);
	g_assert_false(native_lock(scene, F_RDLCK));
	g_assert_cmpint(flock(scene->native, LOCK_SH | LOCK_NB), ==, -1);
	locks_unset(scene->locks, &record);
	locks_unset(scene->locks, &file);
	g_assert_true(native_lock(scene, F_WRLCK));
	g_assert_cmpint(flock(scene->native, LOCK_EX | LOCK_NB), ==, 0);
}

/* ---- waits ---- */

struct waiting {
	pthread_mutex_t lock; /* not GMutex, which ThreadSanitizer does not know */
	pthread_cond_t changed;
	struct lock_wait *wait; /* it has started */
	bool done;
	bool lost; /* nobody hears of its result */
	int error;
};

static void on_started(struct lock_wait *wait, void *arg)
{
	struct waiting *waiting = arg;

	pthread_mutex_lock(&waiting->lock);
	waiting->wait = wait;
	pthread_cond_broadcast(&waiting->changed);
	pthread_mutex_unlock(&waiting->lock);
}

static bool on_done(int error, void *arg)
{
	struct waiting *waiting = arg;
	bool lost;

	pthread_mutex_lock(&waiting->lock);
	g_assert_false(waiting->done);
	waiting->done = true;
	waiting->error = error;
	lost = waiting->lost;
	pthread_cond_broadcast(&waiting->changed);
	pthread_mutex_unlock(&waiting->lock);
	return !lost;
}

static void begin(struct scene *scene, const struct lock_request *request, struct waiting *waiting)
{
	const struct lock_waiter waiter = { on_started, on_done, waiting };

	*waiting = (struct waiting){ .lock = PTHREAD_MUTEX_INITIALIZER,
				     .changed = PTHREAD_COND_INITIALIZER };
	assert_result(locks_wait(scene->locks, request, &waiter), 0);
	pthread_mutex_lock(&waiting->lock);
	while (waiting->wait == NULL)
		pthread_cond_wait(&waiting->changed, &waiting->lock);
	pthread_mutex_unlock(&waiting->lock);
}

/* As libfuse does it: done has to wait until the interrupt is over. */
static void interrupt(struct waiting *waiting)
{
	pthread_mutex_lock(&waiting->lock);
	lock_wait_interrupt(waiting->wait);
	pthread_mutex_unlock(&waiting->lock);
}

static int end(struct waiting *waiting)
{
	pthread_mutex_lock(&waiting->lock);
	while (!waiting->done)
		pthread_cond_wait(&waiting->changed, &waiting->lock);
	pthread_mutex_unlock(&waiting->lock);
	return waiting->error;
}

static void gets_native_lock(const struct scene *scene)
{
	const gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;

	while (!native_lock(scene, F_WRLCK)) {
		g_assert_cmpint(g_get_monotonic_time(), <, end);
		g_usleep(100);
	}
}

static void test_wait_ends_with_the_lock(struct scene *scene, const void *data)
{
	const struct lock_request record = whole(scene, 1, F_WRLCK);
	struct waiting waiting;

	(void)data;
	g_assert_true(native_lock(scene, F_WRLCK));
	begin(scene, &record, &waiting);
	g_assert_true(native_lock(scene, F_UNLCK));
	assert_result(end(&waiting), 0);
	g_assert_false(native_lock(scene, F_RDLCK));
	locks_unset(scene->locks, &record);
	g_assert_true(native_lock(scene, F_RDLCK));
}

static void test_lock_that_nobody_hears_of_is_given_back(struct scene *scene, const void *data)
{
	const struct lock_request record = whole(scene, 1, F_WRLCK);
	struct waiting waiting;

	(void)data;
	g_assert_true(native_lock(scene, F_WRLCK));
	begin(scene, &record, &waiting);
	pthread_mutex_lock(&waiting.lock);
	waiting.lost = true;
	pthread_mutex_unlock(&waiting.lock);
	g_assert_true(native_lock(scene, F_UNLCK));
	assert_result(end(&waiting), 0);
	gets_native_lock(scene);
}

static void test_interrupted_wait_ends_without(struct scene *scene, const void *data)
{
	const struct lock_request record = whole(scene, 1, F_WRLCK);
	const struct lock_request file = whole_file(scene, 2, LOCK_EX);
	struct waiting one, two;

	(void)data;
	g_assert_true(native_lock(scene, F_WRLCK));
	g_assert_cmpint(flock(scene->native, LOCK_EX), ==, 0);
	begin(scene, &record, &one);
	begin(scene, &file, &two);
	interrupt(&one);
	assert_result(end(&one), -EINTR);
	interrupt(&two);
	assert_result(end(&two), -EINTR);
	g_assert_true(native_lock(scene, F_UNLCK));
	g_assert_true(native_lock(scene, F_WRLCK));
}

static void test_wait_of_a_closed_file_has_no_lock(struct scene *scene, const void *data)
{
	const struct lock_request record = whole(scene, 1, F_WRLCK);
	struct waiting waiting;

	(void)data;
	g_assert_true(native_lock(scene, F_WRLCK));
	begin(scene, &record, &waiting);
	locks_flush(scene->locks, scene->handle, 1);
	g_assert_true(native_lock(scene, F_UNLCK));
	assert_result(end(&waiting), -EBADF);
	/* It goes with the wait, which ends soon after it said so. */
	gets_native_lock(scene);
}

/* As at the end of a mount: many times, as it is a matter of who is first. */
static void test_end_ends_all_waits(struct scene *scene, const void *data)
{
	struct waiting waiting[8];

	(void)data;
	g_assert_true(native_lock(scene, F_WRLCK));
	for (int round = 0; round < 100; round++) {
		for (uint64_t i = 0; i < G_N_ELEMENTS(waiting); i++) {
			const struct lock_request record = whole(scene, i, F_WRLCK);

			begin(scene, &record, &waiting[i]);
		}
		locks_release(scene->locks, scene->handle);
		locks_free(scene->locks);
		for (size_t i = 0; i < G_N_ELEMENTS(waiting); i++)
			assert_result(end(&waiting[i]), -EINTR);
		scene->locks = locks_new(scene->handover);
	}
}

#define add_scene(fact) \
	g_test_add("/locks/" #fact, struct scene, NULL, set_up, test_##fact, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_scene(owners_keep_each_other_and_native_programs_out);
	add_scene(record_and_file_locks_are_apart);
	add_scene(lock_in_the_way_is_told);
	add_scene(unlock_of_an_owner_without_locks_is_nothing);
	add_scene(flush_lets_go_of_one_owner_s_locks);
	add_scene(release_lets_go_of_all_that_came_by_the_file);
	add_scene(unset_lets_go_of_both_kinds);
	add_scene(wait_ends_with_the_lock);
	add_scene(lock_that_nobody_hears_of_is_given_back);
	add_scene(interrupted_wait_ends_without);
	add_scene(wait_of_a_closed_file_has_no_lock);
	add_scene(end_ends_all_waits);
	return g_test_run();
}
