/* SPDX-License-Identifier: MIT */
/*
 * shmfuse who: which processes have an object open or mapped, natively or through
 * any mount.
 *
 *     target    what was asked for
 *     devices   file systems in which objects are met
 *     scan      all processes, once; proc and proc_text read them
 *     container whose a process is
 *     report    what of the scan was asked for, with names
 *     print     it as a table or as JSON
 */
#pragma once

/* A command line that begins with the word who. The exit code: 0 somebody uses
 * it, 1 nobody does, 2 an error, which was told. */
int who_main(int argc, char **argv);
