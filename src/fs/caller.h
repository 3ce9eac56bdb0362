/* SPDX-License-Identifier: MIT */
/*
 * Who calls, and doing a thing with his identity: for a moment, and in the
 * thread that handles his request alone.
 */
#pragma once

#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <sys/types.h>

/* File access identity of the thread: what it makes belongs to uid and gid,
 * and without root's rights over files unless uid is 0. caller_end() undoes it. */
void caller_begin(uid_t uid, gid_t gid);
void caller_end(void);

/* The same with all groups of the one who sent the request, as for opening what
 * is there. 0 or a negative errno, and then nothing is to be undone. */
int caller_begin_with_groups(fuse_req_t req);
void caller_end_with_groups(void);

/* Is the group among those of who sent the request? */
bool caller_is_in_group(fuse_req_t req, gid_t gid);

/* The thread's CAP_FSETID: who has it writes and truncates without clearing
 * the set-user-ID and set-group-ID bits. Tells whether there is one to raise. */
bool caller_drop_fsetid(void);
void caller_raise_fsetid(void);
