/* SPDX-License-Identifier: MIT */
/* The C library has no functions for it. */
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/landlock.h as of Linux 6.12; older headers than the kernel are usual. The
 * calls have these numbers on all machines but alpha. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { CREATE_VERSION = 1, RULE_PATH_BENEATH = 1 };

#define EXECUTE	    (UINT64_C(1) << 0)
#define WRITE_FILE  (UINT64_C(1) << 1)
#define READ_FILE   (UINT64_C(1) << 2)
#define READ_DIR    (UINT64_C(1) << 3)
#define REMOVE_FILE (UINT64_C(1) << 5)
#define MAKE_REG    (UINT64_C(1) << 8)
#define TRUNCATE    (UINT64_C(1) << 14)

#define BIND_AND_CONNECT_TCP UINT64_C(3)
#define SCOPE_SIGNAL	     (UINT64_C(1) << 1)

struct ruleset {
	uint64_t access_fs;
	uint64_t access_net; /* since version 4 */
	uint64_t scoped;     /* since version 6 */
};

struct beneath {
	uint64_t access;
	int32_t directory;
} __attribute__((packed));

int landlock_abi(void)
{
	const long abi = syscall(CREATE_RULESET, NULL, 0, CREATE_VERSION);

	return abi < 0 ? -errno : (int)abi;
}

/* Each right that this version can take away. */
static struct ruleset everything(int abi)
{
	static const int rights[] = { 0, 13, 14, 15, 15, 16 };
	const int last = (int)(sizeof(rights) / sizeof(*rights)) - 1;

	return (struct ruleset){
		.access_fs = (UINT64_C(1) << rights[abi < last ? abi : last]) - 1,
		.access_net = abi >= 4 ? BIND_AND_CONNECT_TCP : 0,
		.scoped = abi >= 6 ? SCOPE_SIGNAL : 0,
	};
}

static int allow(int rules, int directory, uint64_t access)
{
	const struct beneath rule = { .access = access, .directory = directory };

	return syscall(ADD_RULE, rules, RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

/* What is not there need not be allowed. */
static int allow_path(int rules, const char *path, uint64_t access)
{
	const int fd = open(path, O_PATH | O_CLOEXEC);
	int error;

	if (fd < 0)
		return 0;
	error = allow(rules, fd, access);
	close(fd);
	return error;
}

static int allow_all(int rules, int space, uint64_t handled)
{
	/* With passthrough the kernel opens objects with the rights that the daemon
	 * has, also for who runs one as a program. */
	const uint64_t objects =
		EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE | READ_DIR | MAKE_REG | REMOVE_FILE;
	int error = allow(rules, space, objects & handled);

	/* The groups and the command of a caller; /proc/self/fd. */
	if (error == 0)
		error = allow_path(rules, "/proc", READ_FILE | READ_DIR);
	/* How many queues io_uring has to have. */
	if (error == 0)
		error = allow_path(rules, "/sys/devices/system/cpu/possible", READ_FILE);
	return error;
}

int landlock_limit(int space)
{
	const int abi = landlock_abi();
	struct ruleset handled;
	int rules, error;

	if (abi < 0)
		return abi;
	handled = everything(abi);
	/* A kernel takes a longer structure if the rest of it is zero. */
	rules = (int)syscall(CREATE_RULESET, &handled, sizeof(handled), 0);
	if (rules < 0)
		return -errno;
	error = allow_all(rules, space, handled.access_fs);
	if (error == 0 && syscall(RESTRICT_SELF, rules, 0) < 0)
		error = -errno;
	close(rules);
	return error;
}
