/* SPDX-License-Identifier: MIT */
#include "timeout.h"

#include "version.h"

#include <stdio.h>

#define SYSCTLS "/proc/sys/fs/fuse/"

/* The protocol that has FUSE_REQUEST_TIMEOUT. */
#define FIRST_MINOR 43

void timeout_ask(const struct fs *fs, struct fuse_conn_info *conn)
{
#ifdef HAVE_REQUEST_TIMEOUT
	conn->request_timeout = fs->options->request_timeout;
#endif
}

const char *timeout_fault(const struct fs *fs)
{
	if (fs->options->request_timeout == 0)
		return NULL;
#ifndef HAVE_REQUEST_TIMEOUT
	return "shmfuse is built with a libfuse that cannot ask for it (3.18 brings it)";
#endif
	return fs->proto_minor >= FIRST_MINOR ? NULL : "the kernel has none (Linux 6.15 brings it)";
}

/* 0: no limit, or a kernel without. */
static unsigned machine_limit(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned seconds = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%u", &seconds) != 1)
		seconds = 0;
	fclose(file);
	return seconds;
}

void timeout_warn(const struct fs *fs, char *warning, size_t size)
{
	const unsigned by_default = machine_limit(SYSCTLS "default_request_timeout");
	const unsigned most = machine_limit(SYSCTLS "max_request_timeout");
	/* init_server_timeout() in the kernel's fs/fuse/inode.c. */
	const bool is_most = by_default == 0 || (most != 0 && most < by_default);

	if (fs->options->local_lock == LOCAL_ALL || (by_default == 0 && most == 0))
		return;
	snprintf(warning, size,
		 "sysctl fs.fuse.%s=%u: who waits longer for a lock ends the mount; "
		 "local_lock=all keeps locks from the daemon",
		 is_most ? "max_request_timeout" : "default_request_timeout",
		 is_most ? most : by_default);
}
