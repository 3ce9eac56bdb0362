/* SPDX-License-Identifier: MIT */
/*
 * replay.c: what becomes of requests that a process was serving when it died. The
 * next process is a thread of its own here, which has nothing of the one before
 * but the handover.
 */
#include "handover.h"
#include "replay.h"
#include "unit.h"

#include <linux/fuse.h>

#define AGAIN ((uint64_t)1 << 63)

static struct handover *handover;

static struct handover *fresh(void)
{
	int none;

	handover = handover_new(false, &none);
	g_assert_nonnull(handover);
	replay_take_over(handover);
	return handover;
}

static void clear(struct handover **at)
{
	handover_free(*at);
}

/* For the test that it is in. */
#define HANDOVER __attribute__((__cleanup__(clear), __unused__)) struct handover *

/* What a process does, to its death. */
static void process(void (*life)(void))
{
	GThread *thread = g_thread_new("process", (GThreadFunc)(void (*)(void))life, NULL);

	g_thread_join(thread);
}

static void next_process(void (*life)(void))
{
	replay_take_over(handover);
	process(life);
}

/* True: the answer was known. */
static bool request(uint32_t opcode, uint64_t unique, struct iovec *answer)
{
	const struct fuse_in_header in = { .len = sizeof(in), .opcode = opcode, .unique = unique };

	return replay_begin(handover, &in, sizeof(in), answer);
}

static void begin(uint64_t unique)
{
	struct iovec answer;

	g_assert_false(request(FUSE_UNLINK, unique, &answer));
}

static void answer_as(uint64_t unique, int error, bool taken)
{
	struct fuse_out_header out = { .len = sizeof(out), .error = error, .unique = unique };
	const struct iovec iov = { &out, sizeof(out) };

	replay_answer(&iov, 1);
	if (taken)
		replay_end(&iov);
}

/* ---- */

static void begin_7_with_a_note(void)
{
	begin(7);
	g_assert_cmpuint(replay_request(), ==, 7);
	g_assert_cmpuint(replay_noted(), ==, 0);
	replay_note(42);
	g_assert_cmpuint(replay_noted(), ==, 0);
}

static void find_the_note_of_7(void)
{
	begin(7 | AGAIN);
	g_assert_cmpuint(replay_request(), ==, 7);
	g_assert_cmpuint(replay_noted(), ==, 42);
	answer_as(7 | AGAIN, 0, true);
	begin(8);
	g_assert_cmpuint(replay_noted(), ==, 0);
}

static void test_note_is_found_by_the_next_process(void)
{
	HANDOVER mine = fresh();

	process(begin_7_with_a_note);
	next_process(find_the_note_of_7);
}

static void begin_7_again_and_die(void)
{
	begin(7 | AGAIN);
}

static void test_note_is_found_by_the_next_but_one(void)
{
	HANDOVER mine = fresh();

	process(begin_7_with_a_note);
	next_process(begin_7_again_and_die);
	next_process(find_the_note_of_7);
}

static void answer_7_in_vain(void)
{
	begin(7);
	answer_as(7, -EEXIST, false);
}

static void have_the_answer_to_7(void)
{
	struct iovec answer;
	struct fuse_out_header out;

	g_assert_true(request(FUSE_UNLINK, 7 | AGAIN, &answer));
	g_assert_cmpuint(answer.iov_len, ==, sizeof(out));
	memcpy(&out, answer.iov_base, sizeof(out));
	g_assert_cmpint(out.error, ==, -EEXIST);
	g_assert_true(out.unique == (7 | AGAIN));
	replay_end(&answer);
	/* It is gone with that. */
	begin(7 | AGAIN);
}

static void test_answer_that_was_made_is_the_answer(void)
{
	HANDOVER mine = fresh();

	process(answer_7_in_vain);
	next_process(have_the_answer_to_7);
}

static void answer_7(void)
{
	begin_7_with_a_note();
	answer_as(7, 0, true);
}

static void find_nothing_of_7(void)
{
	begin(7 | AGAIN);
	g_assert_cmpuint(replay_noted(), ==, 0);
}

static void test_what_was_answered_is_forgotten(void)
{
	HANDOVER mine = fresh();

	process(answer_7);
	next_process(find_nothing_of_7);
}

static void test_request_without_an_answer_is_open(void)
{
	HANDOVER mine = fresh();

	process(begin_7_with_a_note);
	replay_take_over(handover);
	g_assert_true(replay_is_open(handover, 7));
	g_assert_false(replay_is_open(handover, 8));
}

static void test_request_with_an_answer_is_not_open(void)
{
	HANDOVER mine = fresh();

	process(answer_7_in_vain);
	replay_take_over(handover);
	g_assert_false(replay_is_open(handover, 7));
}

static void test_what_a_process_serves_is_not_what_it_takes_over(void)
{
	HANDOVER mine = fresh();

	process(begin_7_with_a_note);
	g_assert_false(replay_is_open(handover, 7));
}

static void wait_for_a_lock(void)
{
	struct iovec answer;

	g_assert_false(request(FUSE_SETLKW, 7, &answer));
	g_assert_false(request(FUSE_FORGET, 8, &answer));
}

static void test_waits_and_forgets_are_not_remembered(void)
{
	HANDOVER mine = fresh();

	process(wait_for_a_lock);
	replay_take_over(handover);
	g_assert_false(replay_is_open(handover, 7));
	g_assert_false(replay_is_open(handover, 8));
}

static void answer_much(void)
{
	struct fuse_out_header out = { .unique = 7 };
	char data[4096] = "";
	const struct iovec iov[] = { { &out, sizeof(out) }, { data, sizeof(data) } };

	begin(7);
	replay_answer(iov, 2);
}

/* Reading is done again. */
static void test_long_answer_is_not_kept(void)
{
	HANDOVER mine = fresh();

	process(answer_much);
	replay_take_over(handover);
	g_assert_true(replay_is_open(handover, 7));
}

static void be_answered_with_eio(void)
{
	struct iovec answer;
	struct fuse_out_header out;

	g_assert_true(request(FUSE_UNLINK, 7 | AGAIN, &answer));
	memcpy(&out, answer.iov_base, sizeof(out));
	g_assert_cmpint(out.error, ==, -EIO);
}

static void test_request_that_crashes_three_processes_fails(void)
{
	HANDOVER mine = fresh();

	process(begin_7_with_a_note);
	mine->crashes++;
	next_process(begin_7_again_and_die);
	handover->crashes++;
	next_process(begin_7_again_and_die);
	/* Somebody killed one: that is no crash. */
	next_process(begin_7_again_and_die);
	handover->crashes++;
	next_process(be_answered_with_eio);
}

static void begin_one_more(void)
{
	static uint64_t unique = 100;

	begin(++unique);
}

/* The memory of deeds is not used up by processes that die. */
static void test_10000_processes_may_die(void)
{
	HANDOVER mine = fresh();

	for (unsigned i = 0; i < 10000; i++)
		next_process(begin_one_more);
	next_process(begin_7_with_a_note);
	next_process(find_the_note_of_7);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("replay", note_is_found_by_the_next_process);
	add("replay", note_is_found_by_the_next_but_one);
	add("replay", answer_that_was_made_is_the_answer);
	add("replay", what_was_answered_is_forgotten);
	add("replay", request_without_an_answer_is_open);
	add("replay", request_with_an_answer_is_not_open);
	add("replay", what_a_process_serves_is_not_what_it_takes_over);
	add("replay", waits_and_forgets_are_not_remembered);
	add("replay", long_answer_is_not_kept);
	add("replay", request_that_crashes_three_processes_fails);
	add("replay", 10000_processes_may_die);
	return g_test_run();
}
