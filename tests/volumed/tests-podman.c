/* SPDX-License-Identifier: MIT */
/* Volumes in real containers: podman and runc on the host's own root. What podman
 * keeps is below /run, and so goes with the case. */
#include "client.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>

#define CGROUP "/shmfuse-test-podman"

/* Both limits are for hosts where root may not raise them (no CAP_SYS_RESOURCE). */
static const char containers_conf[] =
	"[containers]\n"
	"default_ulimits = [\"nofile=20000:20000\", \"nproc=32768:32768\"]\n"
	"netns = \"none\"\n"
	"[engine]\n"
	"cgroup_manager = \"cgroupfs\"\n"
	"runtime = \"runc\"\n"
	"events_logger = \"none\"\n"
	"[engine.volume_plugins]\n"
	"shmfuse = \"" SOCKET "\"\n";

static void prepare_podman(void)
{
	ok(mount(NULL, "/run", NULL, MS_SHARED, NULL));
	put("/run/containers.conf", containers_conf);
	put("/run/podman", "#!/bin/sh\n"
			   "exec podman --root /run/pod/root --runroot /run/pod/run "
			   "--tmpdir /run/pod/tmp \"$@\"\n");
	/* run SCRIPT [:OPTIONS-OF-THE-VOLUME] [MORE...]; the cgroups are found by their parent. */
	put("/run/run", "#!/bin/sh\n"
			"script=$1 options=$2; [ $# -lt 2 ] || shift; shift\n"
			"exec /run/podman run --rm --cgroup-parent=" CGROUP " \"$@\" \\\n"
			"-v v1:/dev/shm$options --rootfs /:O sh -ec \"$script\"\n");
	ok(chmod("/run/podman", 0755));
	ok(chmod("/run/run", 0755));
	g_setenv("CONTAINERS_CONF", "/run/containers.conf", TRUE);
	if (system("/run/podman run --rm --cgroup-parent=" CGROUP
		   " --rootfs /:O true >/run/out 2>&1") != 0) {
		g_autofree char *said = get("/run/out");

		skip_test("podman cannot run a container here: %s", said);
	}
}

static pid_t begin(const char *options)
{
	pid_t volumed;

	prepare_podman();
	volumed = volumed_start();
	sh("/run/podman volume create --driver shmfuse -o data=$1 $2 v1 >&2",
	   on_passthrough() ? "passthrough" : "mapped", options);
	return volumed;
}

static void end(pid_t volumed)
{
	sh("/run/podman volume rm v1 >&2");
	g_assert_false(is_mounted(RUN_DIR "/v1"));
	/* On hybrid hierarchies podman leaves them behind. Some may be in use yet. */
	sh("find /sys/fs/cgroup -depth -type d -path '*" CGROUP "*' -exec rmdir {} ';' "
	   "2>/dev/null || :");
	/* What is left is podman's own lock. */
	has_names(SHM, "libpod_lock ");
	volumed_stop(volumed, SIGTERM);
}

static void a_container_has_objects_that_the_host_knows(void)
{
	pid_t volumed = begin("");

	put(SHM "/v1%right", "from the host");
	put(SHM "/private", "not for containers");
	sh("/run/run '[ \"$(ls /dev/shm)\" = right ]; cat /dev/shm/right\n"
	   "echo from the container >/dev/shm/left; mkdir /dev/shm/deep' >/run/out");
	has_text("/run/out", "from the host");
	has_text(SHM "/v1%left", "from the container\n");
	g_assert_true(exists(SHM "/v1%deep%"));
	ok(unlink(SHM "/private"));
	end(volumed);
}

static void containers_share_memory_with_the_host(void)
{
	pid_t volumed = begin(""), pid;
	char *map;
	int fd;

	put(SHM "/v1%left", "text");
	fd = (int)ok(open(SHM "/v1%left", O_RDWR));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(map != MAP_FAILED);
	CHILD (pid) {
		sh("/run/run 'exec python3 -c \"\n"
		   "import mmap, time\n"
		   "with open(\\\"/dev/shm/left\\\", \\\"r+b\\\") as file:\n"
		   "    memory = mmap.mmap(file.fileno(), 0)\n"
		   "    memory[0:1] = b\\\"T\\\"\n"
		   "    while memory[1:2] != b\\\"E\\\": time.sleep(0.01)\n"
		   "    memory[2:4] = b\\\"XT\\\"\n\"'");
	}
	wait_until (((volatile char *)map)[0] == 'T')
		;
	((volatile char *)map)[1] = 'E';
	ends_well(pid);
	g_assert_cmpint(memcmp(map, "TEXT", 4), ==, 0);
	munmap(map, 4096);
	close(fd);
	end(volumed);
}

static void two_containers_share_a_volume(void)
{
	pid_t volumed = begin(""), pid;

	CHILD (pid)
		sh("/run/run 'until [ -e /dev/shm/question ]; do sleep 0.05; done\n"
		   "cat /dev/shm/question >/dev/shm/answer'");
	sh("/run/run 'echo well? >/dev/shm/question\n"
	   "until [ -s /dev/shm/answer ]; do sleep 0.05; done; cat /dev/shm/answer' >/run/out");
	ends_well(pid);
	has_text("/run/out", "well?\n");
	end(volumed);
}

/* With a user of its own, who owns what he makes. */
static void users_without_privileges_can_use_a_volume(void)
{
	pid_t volumed = begin("");

	sh("/run/run 'echo text >/dev/shm/left' '' --user 1234 --cap-drop=all");
	g_assert_cmpint(stat_of(SHM "/v1%left").st_uid, ==, 1234);
	end(volumed);
}

static void chosen_names_of_the_host_are_shared(void)
{
	pid_t volumed = begin("-o share=cam_* -o share_ro=lidar -o subdir=team/robot");

	put(SHM "/cam_1", "camera");
	put(SHM "/lidar", "lidar");
	put(SHM "/other", "other");
	sh("/run/run 'cd /dev/shm; [ \"$(echo *)\" = \"cam_1 lidar\" ]\n"
	   "echo new >cam_2; echo text >left; ! echo text 2>/dev/null >lidar'");
	has_text(SHM "/cam_2", "new\n");
	has_text(SHM "/team%robot%left", "text\n");
	has_text(SHM "/lidar", "lidar");
	sh("cd $SHM; rm cam_1 cam_2 lidar other");
	end(volumed);
}

/* Root of the container is a user of the host, and no more. */
static void owners_can_be_mapped(void)
{
	pid_t volumed = begin("-o map_uid=1000:0 -o map_gid=1000:0 -o create_mode=640");

	sh("/run/run 'echo text >/dev/shm/left; [ \"$(stat -c %u /dev/shm/left)\" = 0 ]'");
	g_assert_cmpint(stat_of(SHM "/v1%left").st_uid, ==, 1000);
	g_assert_cmpint(stat_of(SHM "/v1%left").st_gid, ==, 1000);
	g_assert_cmpint(stat_of(SHM "/v1%left").st_mode, ==, S_IFREG | 0640);
	end(volumed);
}

static void a_container_outlives_the_plugin(void)
{
	pid_t volumed = begin(""), pid;

	CHILD (pid)
		sh("/run/run 'echo text >/dev/shm/here\n"
		   "until [ -e /dev/shm/go ]; do sleep 0.05; done; echo text >/dev/shm/left'");
	wait_until (exists(SHM "/v1%here"))
		;
	volumed_stop(volumed, SIGKILL);
	volumed = volumed_start();
	sh("/run/run 'echo text >/dev/shm/go'");
	ends_well(pid);
	has_text(SHM "/v1%left", "text\n");
	end(volumed);
}

/* The second container is asked to follow (rslave), the first is not. Their objects
 * can be seen before shmfuse has answered, and so it may die before. */
static void containers_may_follow_a_new_shmfuse(void)
{
	static const char *const options[] = { "", ":rslave" };
	pid_t volumed = begin(""), server, pids[2];

	for (size_t i = 0; i < 2; i++) {
		CHILD (pids[i]) {
			g_autofree char *script = g_strdup_printf(
				"echo here >/dev/shm/here%zu || :\n"
				"while [ -e /dev/shm/here%zu ]; do sleep 0.05; done\n"
				"%s; until [ -e /dev/shm/go ]; do sleep 0.05; done\n"
				"echo text >/dev/shm/left",
				i, i,
				i == 0 ? "until ls /dev/shm 2>&1 | grep -q connected; do sleep "
					 "0.05; done; exit"
				       : ":");

			sh("/run/run \"$1\" \"$2\"", script, options[i]);
		}
	}
	wait_until (exists(SHM "/v1%here0") && exists(SHM "/v1%here1"))
		;
	server = server_of("v1");
	ok(kill(server, SIGKILL));
	wait_until (server_of("v1") != server && server_of("v1") != 0)
		;
	ends_well(pids[0]);
	ok(unlink(SHM "/v1%here1"));
	put(SHM "/v1%go", "");
	ends_well(pids[1]);
	has_text(SHM "/v1%left", "text\n");
	end(volumed);
}

static void podman_shows_why_a_volume_cannot_be(void)
{
	pid_t volumed = begin("");

	sh("! /run/podman volume create --driver shmfuse -o bogus=1 v2 2>/run/err");
	sh("grep -q \"unknown option 'bogus'\" /run/err");
	sh("! /run/podman volume create --driver shmfuse -o data=fast v2 2>/run/err");
	sh("grep -q 'give auto, passthrough or mapped' /run/err");
	sh("/run/podman volume reload >&2; [ \"$(/run/podman volume ls -q)\" = v1 ]");
	end(volumed);
}

#define NEEDS .needs = "podman"

static const struct mount_test tests[] = {
	{ TEST(a_container_has_objects_that_the_host_knows), NEEDS },
	{ TEST(containers_share_memory_with_the_host), ONLY_PASSTHROUGH, NEEDS },
	{ TEST(two_containers_share_a_volume), NEEDS },
	{ TEST(users_without_privileges_can_use_a_volume), NEEDS },
	{ TEST(chosen_names_of_the_host_are_shared), NEEDS },
	{ TEST(owners_can_be_mapped), NEEDS },
	{ TEST(a_container_outlives_the_plugin), NEEDS },
	{ TEST(containers_may_follow_a_new_shmfuse), NEEDS },
	{ TEST(podman_shows_why_a_volume_cannot_be), ONLY_MAPPED, NEEDS },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "podman", tests, G_N_ELEMENTS(tests));
}
