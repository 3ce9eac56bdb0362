/* SPDX-License-Identifier: MIT */
/*
 * Containers, by the names that engines give to their control groups.
 */
#pragma once

#include <stdbool.h>

/* 64 hexadecimal digits of podman, docker, containerd or CRI-O; the name of a
 * machine of LXC or systemd-nspawn, cut at this size. */
#define CONTAINER_SIZE 65
/* What engines show of an identifier. */
#define CONTAINER_SHOWN 12

/* Which container a process is in, by the text of /proc/PID/cgroup. The innermost
 * counts. False: none that is known. */
bool container_find(const char *cgroups, char id[CONTAINER_SIZE]);
/* How much of it to show: of identifiers the first 12 digits, names whole. */
int container_shown(const char *id);
