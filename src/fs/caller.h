/* SPDX-License-Identifier: MIT */
/*
 * Who calls, and doing a thing with his identity: for a moment, and in the
 * thread that handles his request alone.
 */
#pragma once

#include <fuse_lowlevel.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <sys/types.h>

/* File access identity of the thread. */
struct identity {
	uid_t uid;
	gid_t gid;
};

/* What the thread makes belongs to uid and gid, and without root's rights over
 * files unless uid is 0. caller_end() takes what it had before back. */
struct identity caller_begin(uid_t uid, gid_t gid);
void caller_end(struct identity before);

/* The same with all groups of the one who sent the request, as for opening what
 * is there. 0 or a negative errno, and then nothing is to be undone. */
int caller_begin_with_groups(fuse_req_t req, struct identity *before);
void caller_end_with_groups(struct identity before);

/* The same, where it is wanted. */
static inline int caller_begin_if(bool wanted, fuse_req_t req, struct identity *before)
{
	return wanted ? caller_begin_with_groups(req, before) : 0;
}

static inline void caller_end_if(bool wanted, struct identity before)
{
	if (wanted)
		caller_end_with_groups(before);
}

/* Is the group among those of who sent the request? */
bool caller_is_in_group(fuse_req_t req, gid_t gid);

/* The thread's CAP_FSETID: who has it writes and truncates without clearing
 * the set-user-ID and set-group-ID bits. */
struct capabilities {
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	bool dropped;
};

struct capabilities caller_drop_fsetid(void);
void caller_restore_fsetid(const struct capabilities *before);
