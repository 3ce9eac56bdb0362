/* SPDX-License-Identifier: MIT */
/*
 * Any requests, by way of libfuse into the table of operations, with objects on
 * a tmpfs of the target's own. Input: which options; then requests and deeds of
 * native programs (requests.c).
 *
 * The data path is mapped: passthrough is an ioctl(2) on a real connection. One
 * thread sends, so that an input is the same each time; only waits for locks
 * have threads. kernel.c checks each reply; here is checked what must be so
 * between requests, and in the end.
 */
#include "fuzz.h"
#include "native.h"
#include "requests.h"
#include "session.h"

#include <fuse_log.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST_REQUESTS 200
#define EXIT_SKIP     77

/* ---- what must be so between requests ---- */

/* A worker leaves no trace of its caller in the thread. */
static void check_identity(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	REQUIRE(setfsuid((uid_t)-1) == 0);
	REQUIRE(setfsgid((gid_t)-1) == 0);
	REQUIRE(syscall(SYS_capget, &header, sets) == 0);
	REQUIRE(sets[0].effective == sets[0].permitted);
	REQUIRE(sets[1].effective == sets[1].permitted);
}

static void check_locks(struct fs *fs)
{
	REQUIRE(pthread_rwlock_trywrlock(&fs->names) == 0);
	pthread_rwlock_unlock(&fs->names);
	REQUIRE(pthread_rwlock_trywrlock(&fs->quota.shrink) == 0);
	pthread_rwlock_unlock(&fs->quota.shrink);
	REQUIRE(pthread_mutex_trylock(&fs->quota.lock) == 0);
	pthread_mutex_unlock(&fs->quota.lock);
}

/* The thread of a wait for a lock goes a moment after its reply, and with it the
 * descriptor. */
static bool comes_to(unsigned descriptors)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < 10000 && native_descriptors() != descriptors; i++)
		nanosleep(&moment, NULL);
	return native_descriptors() == descriptors;
}

static void is_open(struct handle *handle)
{
	REQUIRE(handle == NULL);
}

/* Nothing that the kernel has let go of is there any more. */
static void check_nothing_held(struct fs *fs, unsigned descriptors)
{
	/* Objects are held for a moment: that ends now. */
	holds_free(&fs->holds);
	holds_init(&fs->holds);
	REQUIRE(fs->nodes.count == 1);
	REQUIRE(fs->nodes.root->refs == 1 && fs->nodes.root->handles == NULL);
	opened_visit(&fs->opened, is_open);
	REQUIRE(fs->quota.open == NULL);
	REQUIRE(comes_to(descriptors));
}

/* ---- the run ---- */

static const char *const option_sets[] = {
	"data=mapped",
	"data=mapped,flat",
	"data=mapped,separator=:",
	"data=mapped,subdir=team,share=pub*:sem.pub*,share_ro=ro*",
	"data=mapped,subdir=team,ephemeral",
	"data=mapped,map_uid=0:1000:2000:0,map_gid=0:1000",
	"data=mapped,uid=1000,gid=1000,create_mode=640",
	"data=mapped,size=64k,nr_inodes=24",
	"data=mapped,subdir=team,size=64k,reserve,share=pub*",
	"data=mapped,ac",
	"data=mapped,audit,local_lock=all",
	"data=mapped,subdir=team/cam,map_uid=1000:0:0:1000,share_ro=pub*,ac",
	"data=mapped,supervise",
};

static void parse_options(struct requests *requests, const char *words)
{
	char program[] = "shmfuse", o[] = "-o", mountpoint[] = "/mnt";
	char *argv[] = { program, o, requests->words, mountpoint, NULL };
	message_line message;

	strcpy(requests->words, words);
	REQUIRE(options_parse(&requests->options, 4, argv, message) == 0);
}

/* What is wrong with an answer libfuse says in a message. */
static void on_message(enum fuse_log_level level, const char *format, va_list args)
{
	(void)format, (void)args;
	REQUIRE(level > FUSE_LOG_ERR);
}

static void run_input(struct requests *requests)
{
	const unsigned before = native_descriptors();
	unsigned with_session;

	native_begin(&requests->options);
	kernel_begin(&requests->kernel, &requests->options);
	with_session = native_descriptors();
	for (int i = 0; i < MOST_REQUESTS && requests->input.at < requests->input.end; i++) {
		requests_next(requests);
		check_identity();
		check_locks(&requests->kernel.fs);
		native_check_quota(&requests->options);
	}
	kernel_end(&requests->kernel);
	check_nothing_held(&requests->kernel.fs, with_session);
	session_stop(&requests->kernel.fs);
	if (requests->options.supervise != SUPERVISE_OFF)
		close(requests->kernel.fs.handover_fd); /* left for a next process */
	REQUIRE(native_descriptors() == before);
	native_end(&requests->options);
}

/* What cannot run is skipped: meson's exit code for it. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	if (!native_enter() || !kernel_is_possible())
		_exit(EXIT_SKIP);
	fuse_set_log_func(on_message);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct requests *requests = calloc(1, sizeof(*requests));

	REQUIRE(requests != NULL);
	requests->input = (struct input){ data, data + size };
	parse_options(requests, option_sets[input_byte(&requests->input) %
					    (sizeof(option_sets) / sizeof(*option_sets))]);
	run_input(requests);
	options_free(&requests->options);
	free(requests);
	return 0;
}
