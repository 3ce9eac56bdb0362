/* SPDX-License-Identifier: MIT */
/*
 * Requests that give something back: files, directories, locks, nodes. libfuse
 * answers ENOMEM to a request for which it has no memory, and we never hear of
 * it; the kernel asks for these once only, and what they are about would stay
 * until the daemon's end. So they are served without it.
 */
#pragma once

#include "fs.h"

/* Serves and answers it; false: it is another one. */
bool give_back(struct fs *fs, const void *request);
