/* SPDX-License-Identifier: MIT */
/* What the unit tests share: a test is a fact, and a line in main() adds it. */
#pragma once

#include <errno.h>
#include <glib.h>
#include <string.h>

/* add("node", id_of_a_forgotten_node_is_not_found); */
#define add(group, fact) g_test_add_func("/" group "/" #fact, test_##fact)

/* 0, or the errno that is wanted behind a minus. */
#define assert_result(expr, wanted) g_assert_cmpstr(g_strerror(-(expr)), ==, g_strerror(-(wanted)))

static inline int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The texts, sorted, with spaces between. They stay the array's. */
static inline char *sorted_text(GPtrArray *texts)
{
	g_ptr_array_sort(texts, compare_texts);
	g_ptr_array_add(texts, NULL);
	return g_strjoinv(" ", (char **)texts->pdata);
}
