/* SPDX-License-Identifier: MIT */
/*
 * Requests made of a fuzzer's bytes: each as a kernel might send it, with nodes,
 * files and names that are there, or not any more.
 */
#pragma once

#include "input.h"
#include "kernel.h"
#include "options.h"

struct requests {
	struct kernel kernel;
	struct options options;
	char words[128]; /* which these point into */
	struct input input;
	uint32_t uid, gid; /* of the caller of the present request */
	bool lost;	   /* he is gone */
	input_name names[2];
};

/* One request, or a deed of a native program. */
void requests_next(struct requests *requests);

/* ---- parts of a request; the files below have one function for each ---- */

const char *next_name(struct requests *requests, int i);
size_t next_size(struct requests *requests); /* to read */
uint32_t next_mode(struct requests *requests);

/* A node of the kind, or one that the kernel has no more, or never had. */
uint64_t next_node_of(struct requests *requests, bool directory);
uint64_t next_directory(struct requests *requests);
uint64_t next_file(struct requests *requests);
uint64_t next_node(struct requests *requests);

/* An open file or directory; NULL where there is none. */
struct kernel_handle *next_handle(struct requests *requests, bool directory);
bool has_room_for_handle(const struct requests *requests);

/* True where it has succeeded, and the caller knows. */
bool send_request(struct requests *requests, struct kernel_request *request);

/* After it: the name that was made is found, and is what was told. */
void check_made(struct requests *requests, const struct kernel_request *request);
/* The name is gone. */
void check_removed(struct requests *requests, const struct kernel_request *request);
void check_renamed(struct requests *requests, const struct kernel_request *request);

#define SEND(requests, ...)                                       \
	do {                                                      \
		struct kernel_request request_ = { __VA_ARGS__ }; \
		send_request(requests, &request_);                \
	} while (0)

#define ARG(structure) .arg = &(structure), .arg_len = sizeof(structure)

/* requests_names.c */
void request_lookup(struct requests *requests);
void request_forget(struct requests *requests);
void request_forget_wild(struct requests *requests);
void request_mknod_file(struct requests *requests);
void request_make_directory(struct requests *requests);
void request_make_symlink(struct requests *requests);
void request_remove_file(struct requests *requests);
void request_remove_directory(struct requests *requests);
void request_rename_name(struct requests *requests);
void request_make_link(struct requests *requests);
void request_get_attr(struct requests *requests);
void request_set_attr(struct requests *requests);
void request_stat_fs(struct requests *requests);
void request_set_xattr(struct requests *requests);
void request_get_xattr(struct requests *requests);
void request_list_xattr(struct requests *requests);
void request_remove_xattr(struct requests *requests);

/* requests_files.c */
void request_create_file(struct requests *requests);
void request_create_unnamed(struct requests *requests);
void request_open_file(struct requests *requests);
void request_release_file(struct requests *requests);
void request_read_file(struct requests *requests);
void request_write_file(struct requests *requests);
void request_flush_file(struct requests *requests);
void request_sync_file(struct requests *requests);
void request_allocate(struct requests *requests);
void request_seek(struct requests *requests);
void request_copy(struct requests *requests);
void request_open_directory(struct requests *requests);
void request_read_directory(struct requests *requests);
void request_lock(struct requests *requests);
void request_interrupt(struct requests *requests);
