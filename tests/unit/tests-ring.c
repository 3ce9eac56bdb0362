/* SPDX-License-Identifier: MIT */
/* ring.c, on a pipe in the place of the device. */
#include "ring.h"
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

struct fixture {
	struct ring ring;
	int ends[2];
};

static void set_up(struct fixture *fixture)
{
	g_assert_cmpint(pipe2(fixture->ends, O_CLOEXEC), ==, 0);
	assert_result(ring_open(&fixture->ring, fixture->ends[0]), 0);
}

static void tear_down(struct fixture *fixture)
{
	ring_close(&fixture->ring);
	close(fixture->ends[0]);
	close(fixture->ends[1]);
}

/* What comes of it. */
static int result_of(struct ring *ring, const struct io_uring_sqe *wanted)
{
	struct io_uring_sqe *sqe = ring_next(ring);
	struct ring_event event;

	memcpy(sqe, wanted, sizeof(*sqe));
	assert_result(ring_wait(ring), 0);
	g_assert_true(ring_take(ring, &event));
	return event.result;
}

static void test_its_file_is_read(void)
{
	struct fixture fixture;
	char text[8] = "";

	set_up(&fixture);
	g_assert_cmpint(write(fixture.ends[1], "text", 4), ==, 4);
	g_assert_cmpint(result_of(&fixture.ring, &(struct io_uring_sqe){ .opcode = IORING_OP_READ,
									 .flags = IOSQE_FIXED_FILE,
									 .addr = (uintptr_t)text,
									 .len = sizeof(text) }),
			==, 4);
	g_assert_cmpstr(text, ==, "text");
	tear_down(&fixture);
}

/* A filter of system calls would not see it. */
static void test_it_does_nothing_that_the_daemon_does_not_do(void)
{
	static const uint8_t opcodes[] = { IORING_OP_NOP, IORING_OP_WRITE, IORING_OP_OPENAT,
					   IORING_OP_CONNECT, IORING_OP_UNLINKAT };
	struct fixture fixture;

	set_up(&fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(opcodes); i++)
		assert_result(
			result_of(&fixture.ring, &(struct io_uring_sqe){ .opcode = opcodes[i] }),
			-EACCES);
	tear_down(&fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("ring", its_file_is_read);
	add("ring", it_does_nothing_that_the_daemon_does_not_do);
	return g_test_run();
}
