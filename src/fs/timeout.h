/* SPDX-License-Identifier: MIT */
/*
 * The kernel's limit for the time that an answer takes. A request that is older
 * ends the connection, and with it the mount: its users get errors instead of
 * waiting for ever for a daemon that hangs. The kernel looks every 15 seconds. It
 * makes no difference between requests: a wait for a lock is one of them.
 */
#pragma once

#include "fs.h"

#include <stddef.h>

/* In the answer to INIT, what option request_timeout says. */
void timeout_ask(const struct fs *fs, struct fuse_conn_info *conn);
/* After INIT: why there is no such limit, though it was asked for; else NULL. */
const char *timeout_fault(const struct fs *fs);
/* Tells of the machine's own limit where waits for locks come to the daemon. */
void timeout_warn(const struct fs *fs, char *warning, size_t size);
