/* SPDX-License-Identifier: MIT */
/*
 * Landlock (man 7 landlock): which files the process may reach by name from now
 * on. What is open stays open.
 */
#pragma once

/* Which version the kernel has. A negative errno for none: ENOSYS or EOPNOTSUPP where
 * it lacks it or was started without; another one where somebody refuses it. */
int landlock_abi(void);

/* The thread, and those that it makes, open nothing but what lies in the directory
 * of objects (space, a descriptor) and what the daemon reads of the machine; they
 * signal no other process, have no TCP, and cannot mount or unmount. It takes
 * no_new_privs. 0 or a negative errno, landlock_abi()'s where there is none. */
int landlock_limit(int space);
