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

/* ---- notes ---- */

static void begin_7_and_fail(void)
{
	begin(7);
	replay_note(42);
	g_assert_cmpint(replay_done(-EEXIST), ==, -EEXIST);
}

static void test_what_failed_leaves_no_note(void)
{
	HANDOVER mine = fresh();

	process(begin_7_and_fail);
	next_process(find_nothing_of_7);
}

static void begin_7_again_and_fail(void)
{
	begin(7 | AGAIN);
	g_assert_cmpint(replay_done(-EEXIST), ==, -EEXIST);
}

/* It failed since the first attempt has done it. */
static void test_note_outlives_a_second_attempt_that_failed(void)
{
	HANDOVER mine = fresh();

	process(begin_7_with_a_note);
	next_process(begin_7_again_and_fail);
	next_process(find_the_note_of_7);
}

static void do_7(void)
{
	begin(7);
	g_assert_cmpint(replay_result(), ==, -1);
	replay_note(42);
	g_assert_cmpint(replay_done(4096), ==, 4096);
	g_assert_cmpint(replay_result(), ==, -1);
}

static void find_the_result_of_7(void)
{
	begin(7 | AGAIN);
	g_assert_cmpint(replay_result(), ==, 4096);
	g_assert_cmpuint(replay_noted(), !=, 0);
	answer_as(7 | AGAIN, 0, true);
	begin(8);
	g_assert_cmpint(replay_result(), ==, -1);
}

static void test_result_is_found_by_the_next_process(void)
{
	HANDOVER mine = fresh();

	process(do_7);
	next_process(find_the_result_of_7);
}

static void do_7_without_a_result(void)
{
	begin(7);
	replay_done(0);
}

static void find_that_7_was_done(void)
{
	begin(7 | AGAIN);
	g_assert_cmpint(replay_result(), ==, 0);
}

static void test_result_may_be_0(void)
{
	HANDOVER mine = fresh();

	process(do_7_without_a_result);
	next_process(find_that_7_was_done);
}

/* ---- deaths ---- */

static struct deed *deed_of_7(void)
{
	for (size_t i = 0; i < DEED_COUNT; i++)
		if (handover->deeds[i].state == DEED_BEGUN && handover->deeds[i].unique == 7)
			return &handover->deeds[i];
	return NULL;
}

/* A process that has begun again, and has not yet let go of what the first one left. */
static void begin_7_again_and_die_at_once(void)
{
	struct deed *first = deed_of_7();

	g_assert_nonnull(first);
	begin(7 | AGAIN);
	g_assert_cmpuint(first->state, ==, DEED_FREE);
	first->state = DEED_BEGUN;
}

static void test_two_deeds_of_one_request_are_let_go_of_together(void)
{
	HANDOVER mine = fresh();

	process(begin_7_with_a_note);
	next_process(begin_7_again_and_die_at_once);
	replay_take_over(handover);
	g_assert_true(replay_is_open(handover, 7));
	process(find_the_note_of_7);
	next_process(find_nothing_of_7);
}

static void nothing(void)
{
}

/* The kernel sends again what is not answered as soon as a process serves. */
static void test_what_64_processes_did_not_take_up_was_answered(void)
{
	HANDOVER mine = fresh();

	process(begin_7_with_a_note);
	for (unsigned i = 0; i < 63; i++)
		next_process(nothing);
	replay_take_over(handover);
	g_assert_true(replay_is_open(handover, 7));
	replay_take_over(handover);
	g_assert_false(replay_is_open(handover, 7));
	process(find_nothing_of_7);
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
	add("replay", what_failed_leaves_no_note);
	add("replay", note_outlives_a_second_attempt_that_failed);
	add("replay", result_is_found_by_the_next_process);
	add("replay", result_may_be_0);
	add("replay", two_deeds_of_one_request_are_let_go_of_together);
	add("replay", what_64_processes_did_not_take_up_was_answered);
	add("replay", 10000_processes_may_die);
	return g_test_run();
}
