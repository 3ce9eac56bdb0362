/* SPDX-License-Identifier: MIT */
/*
 * The same random calls on the mount and on a tmpfs. The environment may change how many and which:
 * SHMFUSE_CALLS (for each case) and SHMFUSE_SEED (the first case's; the others follow).
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "../fs/server.h"
#include "differences.h"
#include "run.h"

enum { CALLS = 12000, SECONDS_TO_MINIMISE = 30 };

static struct world world = { .native = -1 };

/* tolerated: see world.h; or NULL. */
static void calls_on_agree(const char *root, unsigned nth, bool native, const char *tolerated)
{
	struct settings settings = SETTINGS_DEFAULT;

	settings.seed = number_from("SHMFUSE_SEED", 1) + nth;
	settings.calls = (unsigned)number_from("SHMFUSE_CALLS", CALLS);
	settings.minimise_seconds = SECONDS_TO_MINIMISE;
	settings.native = native;
	world.shared = on_passthrough();
	if (tolerated)
		world.tolerated[world.n_tolerated++] = tolerated;
	if (native)
		world.native = (int)ok(open(SHM, O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	/* So that access times can be compared, all of them are kept. */
	ok(mount(NULL, SHM, NULL, MS_REMOUNT | MS_STRICTATIME | MS_NOSUID | MS_NODEV, NULL));
	ok(mount(NULL, PLAIN, NULL, MS_REMOUNT | MS_STRICTATIME | MS_NOSUID | MS_NODEV, NULL));
	umask(0);
	if (world_open(&world, root, PLAIN) < 0)
		exit(1);
	g_printerr("seed %lu, %u calls\n", (unsigned long)settings.seed, settings.calls);
	if (!run_rounds(&world, &settings))
		exit(1);
	differences_report(stderr);
	world_close(&world);
}

static void calls_agree(unsigned nth, bool native)
{
	calls_on_agree(MNT, nth, native, NULL);
}

static void random_calls_agree_with_tmpfs_1(void)
{
	calls_agree(0, false);
}

static void random_calls_agree_with_tmpfs_2(void)
{
	calls_agree(1, false);
}

static void random_calls_agree_with_tmpfs_3(void)
{
	calls_agree(2, false);
}

static void random_calls_agree_with_tmpfs_while_objects_change_natively_1(void)
{
	calls_agree(3, true);
}

static void random_calls_agree_with_tmpfs_while_objects_change_natively_2(void)
{
	calls_agree(4, true);
}

static void random_calls_agree_with_tmpfs_below_a_quota(void)
{
	world.quota = true;
	/* Its size is the quota's. */
	calls_on_agree(MNT, 6, false, "statfs: numbers");
}

static void random_calls_on_a_view_agree_with_tmpfs(void)
{
	pid_t daemon;

	put(SHM "/a", "not in the view");
	ok(mkdir(MNT "/team", 0777));
	ok(chmod(MNT "/team", 01777));
	daemon = view_start("subdir=team");
	/* The whole of a view is what is left and its own. */
	calls_on_agree(VIEW, 5, false, "statfs: numbers");
	has_text(SHM "/a", "not in the view");
	view_end(daemon);
}

/* Its serving process is killed again and again. */
static void random_calls_on_a_supervised_mount_agree_with_tmpfs(void)
{
	pid_t killer;

	CHILD (killer)
		while (true) {
			g_usleep(200000);
			server_dies(daemon_of_test(), SIGKILL);
		}
	calls_on_agree(MNT, 7, false, NULL);
	ok(kill(killer, SIGKILL));
	ok(waitpid(killer, NULL, 0));
}

static const struct mount_test tests[] = {
	{ TEST(random_calls_agree_with_tmpfs_1) },
	{ TEST(random_calls_agree_with_tmpfs_2) },
	{ TEST(random_calls_agree_with_tmpfs_3) },
	{ TEST(random_calls_agree_with_tmpfs_while_objects_change_natively_1) },
	{ TEST(random_calls_agree_with_tmpfs_while_objects_change_natively_2) },
	{ TEST(random_calls_agree_with_tmpfs_below_a_quota),
	  .options = "size=8000000000g,nr_inodes=1g" },
	{ TEST(random_calls_on_a_view_agree_with_tmpfs) },
	{ TEST(random_calls_on_a_supervised_mount_agree_with_tmpfs), .options = "supervise",
	  .says = "*another one takes over*" },
};

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "differential", tests, G_N_ELEMENTS(tests));
}
