/* SPDX-License-Identifier: MIT */
/*
 * The capabilities of the thread that calls: capset(2) is a thread's own affair,
 * and what a thread has goes to those that it makes. A set is a mask with
 * CAPABILITY() of man 7 capabilities' names.
 */
#pragma once

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#define CAPABILITY(name) (UINT64_C(1) << (name))
#define CAPABILITIES_ALL UINT64_MAX

/* Those of the thread before some were dropped. */
struct capabilities {
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	bool dropped;
};

/* Not effective until capabilities_restore(), which keeps none but these back. 0 or a
 * negative errno: then they are effective still, and nothing is to be restored. */
int capabilities_drop(uint64_t mask, struct capabilities *before);
void capabilities_restore(const struct capabilities *before);

/* None but these from now on, if they were there: permitted, effective and
 * bounding; inheritable and ambient none. 0 or a negative errno. */
int capabilities_limit(uint64_t mask);
