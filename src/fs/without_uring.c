/* SPDX-License-Identifier: MIT */
/* In the place of uring.c, where the headers know too little of io_uring. */
#include "uring.h"

#include <stddef.h>

struct uring *uring_attach(struct fuse_session *session, struct counters *counters)
{
	(void)session;
	return NULL;
}

const char *uring_fault(const struct uring *uring)
{
	(void)uring;
	return "shmfuse is built without it";
}

void uring_stop(struct uring *uring)
{
	(void)uring;
}

void uring_free(struct uring *uring)
{
	(void)uring;
}
