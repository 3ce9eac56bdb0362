/* SPDX-License-Identifier: MIT */
/* container.c: control groups as engines name them, and others. */
#include "container.h"

#include <glib.h>
#include <string.h>

#define ID    "3f2a9c1b7d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"
#define OTHER "aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999"

static void is_in(const char *cgroups, const char *wanted)
{
	char id[CONTAINER_SIZE];

	g_test_message("%s", cgroups);
	g_assert_true(container_find(cgroups, id));
	g_assert_cmpstr(id, ==, wanted);
}

static void is_in_none(const char *cgroups)
{
	char id[CONTAINER_SIZE];

	g_test_message("%s", cgroups);
	g_assert_false(container_find(cgroups, id));
}

static void test_engines_are_known_by_their_names(void)
{
	static const char *const cgroups[] = {
		/* docker: systemd and cgroupfs, version 2 and 1 */
		"0::/system.slice/docker-" ID ".scope\n",
		"0::/docker/" ID "\n",
		"12:pids:/docker/" ID "\n11:memory:/docker/" ID "\n0::/docker/" ID "\n",
		/* podman: root's, a user's, with an init of its own, cgroupfs */
		"0::/machine.slice/libpod-" ID ".scope/container\n",
		"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		".scope/container\n",
		"0::/machine.slice/libpod-" ID ".scope/init.scope\n",
		"0::/libpod_parent/libpod-" ID "\n",
		/* kubernetes: containerd, CRI-O, cgroupfs */
		"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8a3d.slice/"
		"cri-containerd-" ID ".scope\n",
		"0::/kubepods.slice/kubepods-pod8a3d.slice/crio-" ID ".scope/container\n",
		"9:cpu,cpuacct:/kubepods/besteffort/pod8a3d2f1e-0000-4c1d-9b0a-1b2c3d4e5f60/" ID
		"\n",
		/* containerd alone, nerdctl */
		"0::/default/" ID "\n",
		"0::/system.slice/nerdctl-" ID ".scope\n",
		/* version 1 beside 2: the first line may have none */
		"1:name=systemd:/\n0::/docker/" ID "\n",
		/* as seen from a group of its own */
		"0::/../docker-" ID ".scope\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cgroups); i++)
		is_in(cgroups[i], ID);
}

static void test_the_innermost_container_counts(void)
{
	is_in("0::/docker/" OTHER "/docker/" ID "\n", ID);
	is_in("0::/system.slice/docker-" OTHER ".scope/kubepods/pod1/" ID "\n", ID);
}

static void test_machines_have_names(void)
{
	is_in("0::/lxc.payload.web/system.slice/cron.service\n", "web");
	is_in("4:memory:/lxc/web/system.slice\n", "web");
	is_in("0::/machine.slice/machine-web.scope/payload\n", "web");
}

static void test_what_is_no_container_is_none(void)
{
	static const char *const cgroups[] = {
		"",
		"\n",
		"0::/\n",
		"nonsense",
		"0::/user.slice/user-1000.slice/session-3.scope\n",
		"0::/system.slice/ssh.service\n",
		"0::/system.slice/docker.service\n",
		/* the monitors of containers are outside of them */
		"0::/machine.slice/libpod-conmon-" ID ".scope\n",
		"0::/system.slice/crio-conmon-" ID ".scope\n",
		/* 63 digits, letters that are none, digits within a word */
		"0::/docker/3f2a9c1b7d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e\n",
		"0::/docker/zf2a9c1b7d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8\n",
		"0::/docker/x" ID "\n",
		"4:memory:/process_api/50152d90c7103646517a2d189562715c\n",
		"4:memory:/lxc\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cgroups); i++)
		is_in_none(cgroups[i]);
}

static void test_a_long_name_is_cut(void)
{
	char id[CONTAINER_SIZE];
	g_autofree char *name = g_strnfill(500, 'n');
	g_autofree char *cgroups = g_strdup_printf("0::/lxc.payload.%s\n", name);

	g_assert_true(container_find(cgroups, id));
	g_assert_cmpuint(strlen(id), ==, CONTAINER_SIZE - 1);
}

static void test_identifiers_are_shown_short_and_names_whole(void)
{
	g_assert_cmpint(container_shown(ID), ==, 12);
	g_assert_cmpint(container_shown("web"), ==, 3);
	g_assert_cmpint(container_shown("a-machine-with-a-long-name"), ==, 26);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/who/container/engines", test_engines_are_known_by_their_names);
	g_test_add_func("/who/container/innermost", test_the_innermost_container_counts);
	g_test_add_func("/who/container/machines", test_machines_have_names);
	g_test_add_func("/who/container/none", test_what_is_no_container_is_none);
	g_test_add_func("/who/container/long", test_a_long_name_is_cut);
	g_test_add_func("/who/container/shown", test_identifiers_are_shown_short_and_names_whole);
	return g_test_run();
}
