/* SPDX-License-Identifier: MIT */
/*
 * A word to the service manager that started a daemon: sd_notify(3). It does
 * nothing where nobody waits for one, that is without $NOTIFY_SOCKET.
 */
#pragma once

/* As "READY=1", "STOPPING=1"; several with newlines between them. */
void notify(const char *state);
