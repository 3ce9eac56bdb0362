/* SPDX-License-Identifier: MIT */
/*
 * Calls for the tests of replay: what there is natively before, the call through the
 * mount, what is there after it.
 */
#pragma once

#include "mount.h"

#include <sys/types.h>

ino_t ino_of(const char *path);
void make_a(void);
void make_a_and_b(void);
void is_empty(void);
void create_a(void);
void is_created(void);
void create_a_in_vain(void);
void unlink_a(void);
void unlink_in_vain(void);
void link_b(void);
void has_two_names(void);
void link_in_vain(void);
void rename_to_b(void);
void fill_d(void);
void set_attribute(void);
void has_attribute(void);
void make_a_with_attribute(void);
void set_attribute_in_vain(void);
void remove_attribute(void);
void remove_attribute_in_vain(void);
void has_no_attribute(void);
