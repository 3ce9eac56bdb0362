/* SPDX-License-Identifier: MIT */
/* libcap would ask the same of the kernel. */
#include "capabilities.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct __user_cap_data_struct cap_sets[_LINUX_CAPABILITY_U32S_3];

static int get(cap_sets sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &header, sets) < 0 ? -errno : 0;
}

static int set(const cap_sets sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

int capabilities_drop(uint64_t mask, struct capabilities *before)
{
	cap_sets sets;
	int error = get(before->sets);

	before->dropped = false;
	if (error < 0)
		return error;
	memcpy(sets, before->sets, sizeof(sets));
	sets[0].effective &= ~(uint32_t)mask;
	sets[1].effective &= ~(uint32_t)(mask >> 32);
	if (memcmp(sets, before->sets, sizeof(sets)) == 0)
		return 0;
	error = set(sets);
	before->dropped = error == 0;
	return error;
}

void capabilities_restore(const struct capabilities *before)
{
	if (before->dropped)
		set(before->sets);
}

/* It takes CAP_SETPCAP, which an ordinary user lacks and some service managers
 * do not give: these bound the set themselves, and where no new privileges may
 * be had, it bounds nothing. */
static void limit_bounding(uint64_t mask)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(mask & CAPABILITY(cap)))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

int capabilities_limit(uint64_t mask)
{
	cap_sets sets;
	int error = get(sets);

	if (error < 0)
		return error;
	limit_bounding(mask);
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		const uint32_t kept = (uint32_t)(mask >> (32 * i));

		/* What is not inheritable is not ambient either. */
		sets[i].permitted &= kept;
		sets[i].effective &= kept;
		sets[i].inheritable = 0;
	}
	return set(sets);
}
