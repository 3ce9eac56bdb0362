/* SPDX-License-Identifier: MIT */
/* What is in a reply: as the protocol wants it, and as we promise it. */
#pragma once

#include "kernel.h"

/* Traps where it is not so. With the mount option ac attributes may be kept. */
void reply_check(const struct kernel_reply *reply, bool ac);
