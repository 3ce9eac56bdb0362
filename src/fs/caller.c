/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

void caller_begin(uid_t uid, gid_t gid)
{
	/* The group first: the right to choose it goes with the user. */
	setfsgid(gid);
	setfsuid(uid);
}

void caller_end(void)
{
	setfsuid(geteuid());
	setfsgid(getegid());
}

/* capset(2) is a thread's own affair; libcap would ask the same of it. */
static bool set_fsetid(bool on)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	const unsigned bit = CAP_TO_MASK(CAP_FSETID);

	if (syscall(SYS_capget, &header, data) < 0 || !(data[0].permitted & bit))
		return false;
	if (on)
		data[0].effective |= bit;
	else
		data[0].effective &= ~bit;
	return syscall(SYS_capset, &header, data) == 0;
}

bool caller_drop_fsetid(void)
{
	return set_fsetid(false);
}

void caller_raise_fsetid(void)
{
	set_fsetid(true);
}
