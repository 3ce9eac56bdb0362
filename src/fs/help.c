/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdio.h>

static const char usage[] =
	"Usage: shmfuse [options] [SOURCE] MOUNTPOINT\n"
	"\n"
	"Mounts a tree in which every file is a POSIX shared memory object.\n"
	"SOURCE is shm, or the shared memory directory itself; it may be left out.\n"
	"\n"
	"  -o OPTION[,OPTION...]  mount options, see below\n"
	"  -f                     stay in the foreground\n"
	"  -d                     show each request (implies -f)\n"
	"      --check            tell what this machine can do, and exit\n"
	"  -h, --help             this text\n"
	"  -V, --version          version numbers\n"
	"\n"
	"Mount options:\n"
	"  data=auto|passthrough|mapped\n"
	"                         how data is reached. passthrough: by the kernel,\n"
	"                         with shared mappings; mapped: by the daemon, shared\n"
	"                         mappings refused; auto (default): what works\n"
	"  io_uring=auto|on|off   requests by io_uring, which is faster and must be\n"
	"                         switched on in the kernel: see shmfuse(1)\n"
	"                         (default: off)\n"
	"  noallow_other          for the mounting user alone (default for root: all\n"
	"                         users, each with his own rights)\n"
	"  local_lock=none|flock|posix|all\n"
	"                         locks that programs outside of the mount do not\n"
	"                         see (default: none)\n"
	"  map_uid=HOST:VIEW[:HOST:VIEW...], map_gid=...\n"
	"                         what HOST owns is shown as VIEW's, and what VIEW\n"
	"                         makes is HOST's (numbers or names)\n"
	"  uid=USER, gid=GROUP    everything is shown and made as theirs\n"
	"  create_mode=MODE       octal mode of new files, whatever the umask\n"
	"  ac                     the kernel may keep attributes for a tick of its\n"
	"                         clock: faster stat and open (default: noac)\n"
	"  audit                  log who creates, opens for writing, removes objects,\n"
	"                         and is denied: one line each\n"
	"  separator=C            byte between the parts of a name (default: %)\n"
	"  flat                   no directories\n"
	"  subdir=DIR             mount this directory of the tree alone\n"
	"  share=PATTERN[:PATTERN...]\n"
	"                         names of the top level that are shown as well, and\n"
	"                         mean the objects there: fnmatch(3) patterns\n"
	"  share_ro=PATTERN[:PATTERN...]\n"
	"                         the same, read-only; the first pattern of both\n"
	"                         that matches counts\n"
	"  ephemeral              what lies in subdir= is removed at the unmount\n"
	"  ro, nosuid, nodev, noexec, ...\n"
	"                         as mount(8) has them\n"
	"\n"
	"To unmount: umount MOUNTPOINT, or as a user: fusermount3 -u MOUNTPOINT\n";

void options_help(FILE *stream)
{
	fputs(usage, stream);
}
