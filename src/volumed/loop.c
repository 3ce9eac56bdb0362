/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <sys/epoll.h>
#include <time.h>

int loop_init(struct loop *loop)
{
	loop->fd = epoll_create1(EPOLL_CLOEXEC);
	return loop->fd < 0 ? -1 : 0;
}

int loop_add(struct loop *loop, struct watch *watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	return epoll_ctl(loop->fd, EPOLL_CTL_ADD, watch->fd, &event);
}

void loop_remove(struct loop *loop, const struct watch *watch)
{
	epoll_ctl(loop->fd, EPOLL_CTL_DEL, watch->fd, NULL);
}

/* One at a time: what it does may end any other watch. */
void loop_wait(struct loop *loop, int timeout)
{
	struct epoll_event event;

	if (epoll_wait(loop->fd, &event, 1, timeout) == 1) {
		struct watch *watch = event.data.ptr;

		watch->ready(watch);
	}
}

long long loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}
