/* SPDX-License-Identifier: MIT */
/*
 * A word to the service manager that started the daemon: sd_notify(3). It does
 * nothing where nobody waits for one, that is without $NOTIFY_SOCKET.
 */
#pragma once

#include <stdbool.h>

/* Mounted; and what of the two data paths it came to. */
void notify_ready(bool passthrough);
void notify_stopping(void);
