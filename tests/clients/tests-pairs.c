/* SPDX-License-Identifier: MIT */
/*
 * Two programs that share memory, semaphores and locks: each in its container,
 * or one of them on the machine, which reaches the container's objects by
 * PREFIX and name, or by the name alone where the view shares it.
 */
#include "container.h"

/* Every direction, as root and as an ordinary user. */
static void everywhere(const char *share, const char *interpreter, const char *program)
{
	static const uid_t users[] = { 0, 1000 };

	containers_begin(share);
	for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
		pair_meets(CONTAINER, NATIVE, users[i], interpreter, program);
		pair_meets(NATIVE, CONTAINER, users[i], interpreter, program);
		pair_meets(CONTAINER, CONTAINER, users[i], interpreter, program);
		has_names(VIEW, "");
	}
	containers_end();
}

static void posix_calls(void)
{
	g_autofree char *program = client_program("peer", "gcc");

	everywhere(NULL, NULL, program);
}

static void posix_calls_by_shared_names(void)
{
	g_autofree char *program = client_program("peer", "gcc");

	everywhere("object:sem.from-*", NULL, program);
}

static void posix_calls_of_musl(void)
{
	g_autofree char *program = client_program("peer-musl", "musl-tools");

	everywhere(NULL, NULL, program);
}

static void pythons_shared_memory(void)
{
	g_autofree char *script = client_script("peer.py");

	needs_program("python3", "python3");
	everywhere(NULL, "python3", script);
}

static void pythons_shared_memory_by_shared_names(void)
{
	g_autofree char *script = client_script("peer.py");

	needs_program("python3", "python3");
	everywhere("block:sem.mp-*", "python3", script);
}

static void boosts_managed_memory(void)
{
	g_autofree char *program = client_program("peer-boost", "libboost-dev");

	everywhere(NULL, NULL, program);
}

static const struct mount_test tests[] = {
	{ TEST(posix_calls), ONLY_PASSTHROUGH },
	{ TEST(posix_calls_by_shared_names), ONLY_PASSTHROUGH },
	{ TEST(posix_calls_of_musl), ONLY_PASSTHROUGH },
	{ TEST(pythons_shared_memory), ONLY_PASSTHROUGH },
	{ TEST(pythons_shared_memory_by_shared_names), ONLY_PASSTHROUGH },
	{ TEST(boosts_managed_memory), ONLY_PASSTHROUGH },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "pairs", tests, G_N_ELEMENTS(tests));
}
