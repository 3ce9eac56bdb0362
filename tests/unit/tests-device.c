/* SPDX-License-Identifier: MIT */
/* device.c, on a file with requests that takes no answers. */
#include "counters.h"
#include "device.h"
#include "fs.h"
#include "replay.h"
#include "unit.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <unistd.h>

#define AGAIN ((uint64_t)1 << 63)

static const struct options supervised = { .supervise = SUPERVISE_ON };
static struct fs fs = { .options = &supervised };

static int file_with_request(uint64_t unique)
{
	const struct fuse_in_header in = { .len = sizeof(in),
					   .opcode = FUSE_UNLINK,
					   .unique = unique };
	g_autofree char *path = NULL;
	int written = g_file_open_tmp(NULL, &path, NULL), fd;

	g_assert_cmpint(write(written, &in, sizeof(in)), ==, sizeof(in));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(fd, >=, 0);
	unlink(path);
	close(written);
	return fd;
}

static void *answer_7_in_vain(void *data)
{
	const struct fuse_in_header in = { .len = sizeof(in), .opcode = FUSE_UNLINK, .unique = 7 };
	struct fuse_out_header out = { .len = sizeof(out), .unique = 7 };
	const struct iovec iov = { &out, sizeof(out) };
	struct iovec known;

	g_assert_false(replay_begin(fs.handover, &in, sizeof(in), &known));
	replay_answer(&iov, 1);
	return data;
}

static void *read_7_again(void *data)
{
	static char buf[4096];
	const int fd = file_with_request(7 | AGAIN);

	g_assert_cmpint(device_read(fd, buf, sizeof(buf), &fs), ==, 0);
	close(fd);
	return data;
}

static void *begin_7_anew(void *data)
{
	const struct fuse_in_header in = { .len = sizeof(in),
					   .opcode = FUSE_UNLINK,
					   .unique = 7 | AGAIN };
	struct iovec known;

	g_assert_false(replay_begin(fs.handover, &in, sizeof(in), &known));
	return data;
}

static void run(void *(*life)(void *))
{
	replay_take_over(fs.handover);
	g_thread_join(g_thread_new("process", life, NULL));
}

/* The next read says whether the session goes on. */
static void test_known_answer_that_is_not_taken_ends_nothing(void)
{
	int none;

	fs.handover = handover_new(false, &none);
	fs.counters = counters_new();
	run(answer_7_in_vain);
	run(read_7_again);
	run(begin_7_anew);
	counters_free(fs.counters);
	handover_free(fs.handover);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("device", known_answer_that_is_not_taken_ends_nothing);
	return g_test_run();
}
