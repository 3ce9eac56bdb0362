/* SPDX-License-Identifier: MIT */
/*
 * An engine's side of the protocol, and the daemon that it talks to: all in the
 * namespaces of the test case, below its own /run.
 */
#pragma once

#include "mount.h"

#define SOCKET	   "/run/plugins/shmfuse.sock"
#define RUN_DIR	   "/run/volumes"
#define STATE_FILE "/run/lib/volumes.json"
#define LOG	   "/run/volumed.log"

/* Starts shmfuse-volumed and waits until it is ready (READY=1). */
pid_t volumed_start(void);
/* Ends it by a signal; SIGTERM must end it well. */
void volumed_stop(pid_t volumed, int sig);
/* What it has written so far. */
char *volumed_log(void);
/* Runs it with ARGUMENTS (a shell's words) to its end; gives its exit code. Its
 * output is in RUN_OUT and RUN_ERR. */
int run_volumed(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Sends bytes and reads until the other side closes. */
char *exchange(const char *bytes, size_t size);

struct answer {
	int status;
	char *body;
};

void answer_clear(struct answer *answer);
#define ANSWER __attribute__((__cleanup__(answer_clear))) struct answer

/* POSTs a body, of printf's kind, to the call: "VolumeDriver.Get". */
struct answer post(const char *call, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A call that must succeed, with " for each ' of the body; and one that must fail
 * with an Err in which the word is. */
#define does(call, ...) expect_done((call), __FILE__, __LINE__, __VA_ARGS__)
void expect_done(const char *call, const char *file, int line, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
#define refuses(word, call, ...) expect_refused((word), (call), __FILE__, __LINE__, __VA_ARGS__)
void expect_refused(const char *word, const char *call, const char *file, int line,
		    const char *format, ...) G_GNUC_PRINTF(5, 6);

/* The process that serves a volume, by the state file; 0: none. */
pid_t server_of(const char *volume);

/* ---- the calls that tests make ---- */

#define V1 RUN_DIR "/v1"

/* Creates a volume on the data path of the running test; more: ",'ac':''" and the like. */
void create(const char *name, const char *more);
void mount_volume(const char *name, const char *id);
void unmount_volume(const char *name, const char *id);
void remove_volume(const char *name);

bool has_ended(pid_t pid);
/* Kills the volume's shmfuse and waits for the next one. */
void kill_server_of(const char *volume);
