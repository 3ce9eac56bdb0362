/* SPDX-License-Identifier: MIT */
/* Whole applications in a container, with a view as their /dev/shm. */
#include "container.h"

/* New programs share memory by memfd_create(2), and need no /dev/shm, unless a
 * container's policy refuses that. */
#define NO_MEMFD "/run/no-memfd.json"
static const char no_memfd[] = "{ \"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [ {"
			       "\"names\": [ \"memfd_create\" ],"
			       "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38 } ] }";

/* PostgreSQL refuses to run as root. */
static void postgresqls_parallel_workers(void)
{
	g_autofree char *script = client_script("postgresql.sh");
	g_autofree char *servers = sh_output("ls /usr/lib/postgresql/*/bin/postgres || :");

	containers_begin(NULL);
	if (!*servers)
		skip_test("no server is installed (package postgresql)");
	ends_well(start(CONTAINER, 1000, script));
	/* The server's, and those of the two parallel queries at the least. */
	g_assert_cmpuint(objects_made(PREFIX "PostgreSQL.*"), >=, 3);
	containers_end();
}

static void chromium_renders(uid_t user)
{
	g_autofree char *script = client_script("chromium.sh");

	containers_begin(NULL);
	needs_program("chromium", "chromium");
	put(NO_MEMFD, no_memfd);
	containers_get("--security-opt seccomp=" NO_MEMFD);
	ends_well(start(CONTAINER, user, script));
	g_assert_cmpuint(objects_made(PREFIX ".org.chromium.*"), >=, 10);
	/* One is left here and there: its processes are killed when the first has ended. */
	sh("rm -f $VIEW/.org.chromium.*");
	containers_end();
}

static void chromium_of_root(void)
{
	chromium_renders(0);
}

static void chromium_of_an_ordinary_user(void)
{
	chromium_renders(1000);
}

/* Debian's launcher of Chromium keeps away from a small /dev/shm. */
static const struct mount_test tests[] = {
	{ TEST(postgresqls_parallel_workers), ONLY_PASSTHROUGH },
	{ TEST(chromium_of_root), ONLY_PASSTHROUGH, .shm_options = "size=8g" },
	{ TEST(chromium_of_an_ordinary_user), ONLY_PASSTHROUGH, .shm_options = "size=8g" },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "applications", tests, G_N_ELEMENTS(tests));
}
