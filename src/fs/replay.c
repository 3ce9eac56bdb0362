/* SPDX-License-Identifier: MIT */
#include "replay.h"

#include "handover.h"
#include "log.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdatomic.h>
#include <string.h>

/* linux/fuse.h since 6.9: the request is sent once more. */
#ifndef FUSE_UNIQUE_RESEND
#define FUSE_UNIQUE_RESEND ((uint64_t)1 << 63)
#endif

/* A request that takes its server with it so often is answered with EIO. */
#define CRASHES_MAX 3

/* What is left of processes before these was answered, or it would have come. */
#define PROCESSES_KEPT 64

/* In a note: it was done, and this is the result. */
#define DONE ((uint64_t)1 << 63)

/* The thread's own deed, and the note that came with what it serves. */
static _Thread_local struct deed *mine;
static _Thread_local uint64_t noted;

/* ---- the memory of deeds ---- */

void replay_take_over(struct handover *handover)
{
	handover->process++;
	for (size_t i = 0; i < DEED_COUNT; i++) {
		struct deed *deed = &handover->deeds[i];

		if (deed->state == DEED_IDLE || handover->process - deed->process > PROCESSES_KEPT)
			atomic_store(&deed->state, DEED_FREE);
	}
}

static bool is_left(const struct handover *handover, const struct deed *deed, uint64_t request)
{
	return deed->process != handover->process && deed->unique == request &&
	       (deed->state == DEED_BEGUN || deed->state == DEED_ANSWERED);
}

static struct deed *left_by_others(struct handover *handover, uint64_t request)
{
	for (size_t i = 0; i < DEED_COUNT; i++)
		if (is_left(handover, &handover->deeds[i], request))
			return &handover->deeds[i];
	return NULL;
}

bool replay_is_open(const struct handover *handover, uint64_t request)
{
	bool answered = false, begun = false;

	for (size_t i = 0; i < DEED_COUNT; i++) {
		const struct deed *deed = &handover->deeds[i];

		if (!is_left(handover, deed, request))
			continue;
		answered |= deed->state == DEED_ANSWERED;
		begun |= deed->state == DEED_BEGUN;
	}
	return begun && !answered;
}

/* NULL: all are in use. */
static struct deed *take_deed(struct handover *handover)
{
	for (size_t i = 0; i < DEED_COUNT; i++) {
		struct deed *deed = &handover->deeds[i];
		uint32_t state = DEED_FREE;

		if (!atomic_compare_exchange_strong(&deed->state, &state, DEED_IDLE))
			continue;
		deed->process = handover->process;
		return deed;
	}
	return NULL;
}

/* ---- a request comes ---- */

/* These have no answer, or one that may take for ever and comes from another
 * thread, or are not of an operation. */
static bool is_served_here(uint32_t opcode)
{
	switch (opcode) {
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
	case FUSE_NOTIFY_REPLY:
	case FUSE_INIT:
	case FUSE_DESTROY:
	case FUSE_SETLKW:
		return false;
	default:
		return true;
	}
}

static void begin_new(const struct handover *handover, struct deed *deed)
{
	deed->crashes = handover->crashes;
	deed->note = 0;
}

static void begin_again(struct deed *deed, struct deed *first)
{
	deed->crashes = first->crashes;
	deed->note = first->note;
	noted = first->note;
}

static void give_up(struct deed *deed, uint32_t opcode, uint64_t unique)
{
	const struct fuse_out_header out = { .len = sizeof(out), .error = -EIO, .unique = unique };

	memcpy(deed->answer, &out, sizeof(out));
	deed->answer_size = sizeof(out);
	log_error("a request (FUSE opcode %u) was in service at %d crashes: it is answered with "
		  "EIO",
		  opcode, CRASHES_MAX);
}

/* The answer that the first attempt made; the request has another number now. */
static void take_answer(struct deed *deed, const struct deed *first, uint64_t unique)
{
	struct fuse_out_header out;

	memcpy(&out, first->answer, sizeof(out));
	out.unique = unique;
	memcpy(deed->answer, first->answer, first->answer_size);
	memcpy(deed->answer, &out, sizeof(out));
	deed->answer_size = first->answer_size;
}

/* True: with its answer. */
static bool repeat(struct handover *handover, struct deed *first, uint32_t opcode, uint64_t unique)
{
	bool answered = true;

	begin_again(mine, first);
	if (first->state == DEED_ANSWERED)
		take_answer(mine, first, unique);
	else if (handover->crashes - first->crashes >= CRASHES_MAX)
		give_up(mine, opcode, unique);
	else
		answered = false;
	mine->unique = first->unique;
	atomic_store(&mine->state, answered ? DEED_ANSWERED : DEED_BEGUN);
	/* From here on it is this thread's. A process that died right here has left two. */
	do
		atomic_store(&first->state, DEED_FREE);
	while ((first = left_by_others(handover, mine->unique)) != NULL);
	return answered;
}

bool replay_begin(struct handover *handover, const void *request, size_t size, struct iovec *answer)
{
	const struct fuse_in_header *in = request;
	struct deed *first = NULL;
	uint64_t number;

	noted = 0;
	if (size < sizeof(*in) || !is_served_here(in->opcode))
		return false;
	if (mine == NULL)
		mine = take_deed(handover);
	if (mine == NULL)
		return false;
	number = in->unique & ~FUSE_UNIQUE_RESEND;
	if (in->unique & FUSE_UNIQUE_RESEND)
		first = left_by_others(handover, number);
	if (first != NULL) {
		*answer = (struct iovec){ mine->answer, 0 };
		if (!repeat(handover, first, in->opcode, in->unique))
			return false;
		answer->iov_len = mine->answer_size;
		return true;
	}
	begin_new(handover, mine);
	mine->unique = number;
	atomic_store(&mine->state, DEED_BEGUN);
	return false;
}

/* ---- an answer goes ---- */

static bool is_mine(const struct iovec *answer)
{
	const struct fuse_out_header *out = answer->iov_base;

	return mine != NULL && mine->state != DEED_IDLE && out->unique != 0 &&
	       mine->unique == (out->unique & ~FUSE_UNIQUE_RESEND);
}

/* Data that was read is read once more rather than kept. */
void replay_answer(const struct iovec *answer, int count)
{
	size_t size = 0;

	if (!is_mine(answer))
		return;
	for (int i = 0; i < count; i++) {
		if (size + answer[i].iov_len > sizeof(mine->answer))
			return;
		memcpy(mine->answer + size, answer[i].iov_base, answer[i].iov_len);
		size += answer[i].iov_len;
	}
	mine->answer_size = (uint32_t)size;
	atomic_store(&mine->state, DEED_ANSWERED);
}

void replay_end(const struct iovec *answer)
{
	if (is_mine(answer))
		atomic_store(&mine->state, DEED_IDLE);
}

/* ---- for operations ---- */

uint64_t replay_request(void)
{
	return mine != NULL ? mine->unique : 0;
}

void replay_note(uint64_t note)
{
	if (mine != NULL)
		atomic_store(&mine->note, note);
}

uint64_t replay_noted(void)
{
	return noted;
}

ssize_t replay_done(ssize_t result)
{
	if (result >= 0)
		replay_note(DONE | (uint64_t)result);
	else if (noted == 0)
		replay_note(0);
	return result;
}

ssize_t replay_result(void)
{
	return noted & DONE ? (ssize_t)(noted & ~DONE) : -1;
}
