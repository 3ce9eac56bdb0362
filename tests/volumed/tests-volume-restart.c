/* SPDX-License-Identifier: MIT */
/* The plugin and the shmfuse of a volume end, and begin again. */
#include "client.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>

static void a_restarted_plugin_knows_its_volumes(void)
{
	pid_t volumed = volumed_start(), server;
	int fd;

	create("v1", "");
	create("v2", ",'ac':''");
	mount_volume("v1", "a");
	server = server_of("v1");
	fd = (int)ok(open(V1 "/left", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	for (const int *sig = (const int[]){ SIGTERM, SIGKILL, 0 }; *sig != 0; sig++) {
		volumed_stop(volumed, *sig);
		ok(pwrite(fd, "text", 4, 0));
		put(V1 "/right", "text");
		volumed = volumed_start();
		g_assert_cmpint(server_of("v1"), ==, server);
		create("v2", ",'ac':''");
	}
	close(fd);
	refuses("1 holders", "VolumeDriver.Remove", "{'Name':'v1'}");
	unmount_volume("v1", "a");
	wait_until (has_ended(server))
		;
	g_assert_false(is_mounted(V1));
	remove_volume("v1");
	volumed_stop(volumed, SIGTERM);
}

static void a_shmfuse_that_died_is_started_again(void)
{
	pid_t volumed = volumed_start();

	create("v1", "");
	mount_volume("v1", "a");
	put(V1 "/left", "text");
	kill_server_of("v1");
	has_text(V1 "/left", "text");
	unmount_volume("v1", "a");
	g_assert_false(is_mounted(V1));
	volumed_stop(volumed, SIGTERM);
}

static void a_shmfuse_that_died_without_the_plugin_is_started_by_the_next(void)
{
	pid_t volumed = volumed_start(), server;

	create("v1", "");
	mount_volume("v1", "a");
	put(V1 "/left", "text");
	server = server_of("v1");
	volumed_stop(volumed, SIGKILL);
	ok(kill(server, SIGKILL));
	wait_until (error_of(open(V1 "/left", O_RDONLY)) == ENOTCONN)
		;
	volumed = volumed_start();
	wait_until (server_of("v1") != server && server_of("v1") != 0)
		;
	has_text(V1 "/left", "text");
	unmount_volume("v1", "a");
	g_assert_false(is_mounted(V1));
	volumed_stop(volumed, SIGTERM);
}

/* As after a crash, when its id has become another's. */
static void another_process_of_the_same_id_is_not_taken_over(void)
{
	pid_t volumed = volumed_start(), server;

	create("v1", "");
	mount_volume("v1", "a");
	server = server_of("v1");
	volumed_stop(volumed, SIGKILL);
	sh("sed -i 's/\"born\": 1*/&1/' " STATE_FILE);
	volumed = volumed_start();
	wait_until (server_of("v1") != server && server_of("v1") != 0)
		;
	put(V1 "/left", "text");
	unmount_volume("v1", "a");
	wait_until (has_ended(server))
		;
	volumed_stop(volumed, SIGTERM);
}

static void what_shmfuse_says_without_the_plugin_is_logged_by_the_next(void)
{
	pid_t volumed = volumed_start();
	g_autofree char *log = NULL;

	create("v1", "");
	mount_volume("v1", "a");
	volumed_stop(volumed, SIGKILL);
	put(SHM "/v1%left", "text");
	put(SHM "/v1%left%", "");
	has_text(V1 "/left", "text");
	volumed = volumed_start();
	does("VolumeDriver.List", "%s", "");
	unmount_volume("v1", "a");
	log = volumed_log();
	g_assert_nonnull(strstr(log, "volume v1: shmfuse: marker /v1%left% makes no directory"));
	volumed_stop(volumed, SIGTERM);
}

static bool is_logged(const char *word)
{
	g_autofree char *log = volumed_log();

	return strstr(log, word) != NULL;
}

/* As systemctl kill sends it: to the plugin too. */
static void sigusr1_brings_the_counters_of_each_volume(void)
{
	pid_t volumed = volumed_start();

	create("v1", "");
	mount_volume("v1", "a");
	ok(kill(volumed, SIGUSR1));
	ok(kill(server_of("v1"), SIGUSR1));
	wait_until (is_logged("volume v1: shmfuse: counters: requests="))
		;
	unmount_volume("v1", "a");
	volumed_stop(volumed, SIGTERM);
}

/* The first death is answered at once, the second after a second. */
static void a_shmfuse_that_keeps_dying_is_started_ever_later(void)
{
	pid_t volumed = volumed_start();
	gint64 begin;

	create("v1", "");
	mount_volume("v1", "a");
	begin = g_get_monotonic_time();
	kill_server_of("v1");
	kill_server_of("v1");
	g_assert_cmpint(g_get_monotonic_time() - begin, >=, G_USEC_PER_SEC);
	kill_server_of("v1");
	g_assert_cmpint(g_get_monotonic_time() - begin, >=, 3 * G_USEC_PER_SEC);
	/* Somebody who asks for it does not wait. */
	ok(kill(server_of("v1"), SIGKILL));
	wait_until (error_of(open(V1, O_RDONLY | O_DIRECTORY)) == ENOTCONN)
		;
	mount_volume("v1", "b");
	has_names(V1, "");
	volumed_stop(volumed, SIGTERM);
}

/* As a container that bound the volume with rslave. */
static void a_slave_of_the_mount_follows_a_new_shmfuse(void)
{
	pid_t volumed, pid;

	ok(mount(NULL, "/run", NULL, MS_SHARED, NULL));
	volumed = volumed_start();
	create("v1", "");
	mount_volume("v1", "a");
	put(V1 "/left", "text");
	ok(mkdir("/run/slave", 0755));
	ok(mkdir("/run/private", 0755));
	CHILD (pid) {
		ok(unshare(CLONE_NEWNS));
		ok(mount(V1, "/run/slave", NULL, MS_BIND, NULL));
		ok(mount(NULL, "/run/slave", NULL, MS_SLAVE, NULL));
		ok(mount(V1, "/run/private", NULL, MS_BIND, NULL));
		ok(mount(NULL, "/run/private", NULL, MS_PRIVATE, NULL));
		kill_server_of("v1");
		has_text("/run/slave/left", "text");
		wait_until (error_of(open("/run/private/left", O_RDONLY)) == ENOTCONN)
			;
		kill_server_of("v1");
		has_text("/run/slave/left", "text");
	}
	ends_well(pid);
	unmount_volume("v1", "a");
	g_assert_false(is_mounted(V1));
	volumed_stop(volumed, SIGTERM);
}

static void what_shmfuse_says_is_in_the_log_and_in_the_answer(void)
{
	pid_t volumed = volumed_start();
	g_autofree char *log = NULL;

	create("v1", "");
	ok(mount("/dev/null", "/dev/fuse", NULL, MS_BIND, NULL));
	refuses("volume v1: shmfuse: ", "VolumeDriver.Mount", "{'Name':'v1','ID':'a'}");
	log = volumed_log();
	g_assert_nonnull(strstr(log, "volume v1: shmfuse: "));
	ok(umount("/dev/fuse"));
	g_assert_false(is_mounted(V1));
	mount_volume("v1", "a");
	volumed_stop(volumed, SIGTERM);
}

static void a_damaged_state_is_kept_aside(void)
{
	g_autofree char *log = NULL;
	pid_t volumed;

	ok(mkdir("/run/lib", 0755));
	put(STATE_FILE, "{\"version\": 1,");
	volumed = volumed_start();
	log = volumed_log();
	g_assert_nonnull(strstr(log, "volumes.json is damaged: line 1"));
	sh("grep -q version " STATE_FILE ".damaged-*");
	volumed_stop(volumed, SIGTERM);
}

static void without_room_for_the_state_nothing_changes(void)
{
	pid_t volumed = volumed_start();

	create("v1", "");
	ok(mkdir(STATE_FILE ".new", 0700));
	refuses("cannot write", "VolumeDriver.Create", "{'Name':'v2'}");
	refuses("cannot write", "VolumeDriver.Mount", "{'Name':'v1','ID':'a'}");
	refuses("cannot write", "VolumeDriver.Remove", "{'Name':'v1'}");
	g_assert_false(is_mounted(V1));
	ok(rmdir(STATE_FILE ".new"));
	refuses("no volume", "VolumeDriver.Get", "{'Name':'v2'}");
	has_names(SHM, "v1% ");
	mount_volume("v1", "a");
	volumed_stop(volumed, SIGTERM);
}

static const struct mount_test tests[] = {
	{ TEST(a_restarted_plugin_knows_its_volumes) },
	{ TEST(a_shmfuse_that_died_is_started_again) },
	{ TEST(a_shmfuse_that_died_without_the_plugin_is_started_by_the_next) },
	{ TEST(another_process_of_the_same_id_is_not_taken_over), ONLY_MAPPED },
	{ TEST(what_shmfuse_says_without_the_plugin_is_logged_by_the_next), ONLY_MAPPED },
	{ TEST(sigusr1_brings_the_counters_of_each_volume), ONLY_MAPPED },
	{ TEST(a_shmfuse_that_keeps_dying_is_started_ever_later), ONLY_MAPPED },
	{ TEST(a_slave_of_the_mount_follows_a_new_shmfuse) },
	{ TEST(what_shmfuse_says_is_in_the_log_and_in_the_answer), ONLY_MAPPED },
	{ TEST(a_damaged_state_is_kept_aside), NO_MOUNT },
	{ TEST(without_room_for_the_state_nothing_changes), ONLY_MAPPED },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "volume-restart", tests, G_N_ELEMENTS(tests));
}
