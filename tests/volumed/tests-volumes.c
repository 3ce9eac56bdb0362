/* SPDX-License-Identifier: MIT */
/* Volumes over the plugin's socket, with real mounts: what they are, who holds them,
 * and which objects go with them. */
#include "client.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

/* ---- volumes ---- */

static void a_volume_is_a_directory_of_objects(void)
{
	pid_t volumed = volumed_start();

	create("v1", "");
	has_names(SHM, "v1% ");
	g_assert_cmpint(stat_of(SHM "/v1%").st_mode, ==, S_IFREG | 01777);
	mount_volume("v1", "a");
	g_assert_true(is_mounted(V1));
	g_assert_cmpint(stat_of(V1).st_mode, ==, S_IFDIR | 01777);
	put(V1 "/left", "text");
	has_text(SHM "/v1%left", "text");
	has_text(MNT "/v1/left", "text");
	put(SHM "/v1%right", "native");
	has_text(V1 "/right", "native");
	has_names(V1, "left right ");
	unmount_volume("v1", "a");
	g_assert_false(is_mounted(V1));
	has_text(SHM "/v1%left", "text");
	remove_volume("v1");
	has_names(SHM, "");
	has_names(RUN_DIR, "");
	volumed_stop(volumed, SIGTERM);
	g_assert_false(exists(SOCKET));
}

/* As they may be where it is started: it must learn all the same how its children end. */
static void ignored_deaths_are_noticed(void)
{
	pid_t volumed;

	signal(SIGCHLD, SIG_IGN);
	volumed = volumed_start();
	signal(SIGCHLD, SIG_DFL);
	create("v1", ",'share':'cam_*'");
	mount_volume("v1", "a");
	unmount_volume("v1", "a");
	remove_volume("v1");
	volumed_stop(volumed, SIGTERM);
}

static void mapped_memory_is_the_objects(void)
{
	pid_t volumed = volumed_start();
	char *map;
	int fd;

	create("v1", "");
	mount_volume("v1", "a");
	put(SHM "/v1%left", "text");
	fd = (int)ok(open(V1 "/left", O_RDWR));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(map != MAP_FAILED);
	memcpy(map, "TEXT", 4);
	has_text(SHM "/v1%left", "TEXT");
	munmap(map, 4096);
	close(fd);
	unmount_volume("v1", "a");
	volumed_stop(volumed, SIGTERM);
}

static void options_go_to_the_mount(void)
{
	pid_t volumed = volumed_start();
	g_autofree char *line = NULL;

	create("v1", ",'ro':'','noexec':'','subdir':'team/cams','mode':'755'");
	has_names(SHM, "team% team%cams% ");
	g_assert_cmpint(stat_of(SHM "/team%cams%").st_mode, ==, S_IFREG | 0755);
	mount_volume("v1", "a");
	put(SHM "/team%cams%left", "text");
	has_text(V1 "/left", "text");
	line = sh_output("grep ' " V1 " ' /proc/self/mountinfo");
	g_assert_nonnull(strstr(line, " ro,nosuid,nodev,noexec,"));
	unmount_volume("v1", "a");
	remove_volume("v1");
	has_names(SHM, "");
	create("v2", ",'name':'team'");
	has_names(SHM, "team% ");
	volumed_stop(volumed, SIGTERM);
}

static void volumes_are_listed_and_shown(void)
{
	pid_t volumed = volumed_start();
	ANSWER list = { 0 }, one = { 0 }, path = { 0 };

	create("v2", "");
	create("v1", "");
	mount_volume("v1", "a");
	list = post("VolumeDriver.List", "%s", "");
	g_assert_nonnull(strstr(list.body, "{\"Name\":\"v1\",\"Mountpoint\":\"" V1 "\""));
	g_assert_nonnull(strstr(list.body, "{\"Name\":\"v2\",\"Mountpoint\":\"\""));
	one = post("VolumeDriver.Get", "{'Name':'v1'}");
	g_assert_nonnull(strstr(one.body, "\"holders\":1"));
	path = post("VolumeDriver.Path", "{'Name':'v1'}");
	g_assert_cmpstr(path.body, ==, "{\"Mountpoint\":\"" V1 "\",\"Err\":\"\"}");
	unmount_volume("v1", "a");
	volumed_stop(volumed, SIGTERM);
}

static void a_volume_is_created_once(void)
{
	pid_t volumed = volumed_start();

	create("v1", ",'ac':''");
	create("v1", ",'ac':''");
	refuses("other options", "VolumeDriver.Create", "{'Name':'v1','Opts':{'noac':''}}");
	refuses("exists", "VolumeDriver.Create", "{'Name':'v1'}");
	volumed_stop(volumed, SIGTERM);
}

static void holders_count_by_id(void)
{
	pid_t volumed = volumed_start();

	create("v1", "");
	mount_volume("v1", "a");
	mount_volume("v1", "b");
	mount_volume("v1", "b");
	refuses("2 holders", "VolumeDriver.Remove", "{'Name':'v1'}");
	unmount_volume("v1", "a");
	unmount_volume("v1", "a");
	g_assert_true(is_mounted(V1));
	unmount_volume("v1", "b");
	g_assert_false(is_mounted(V1));
	unmount_volume("v1", "b");
	remove_volume("v1");
	refuses("no volume v1", "VolumeDriver.Unmount", "{'Name':'v1','ID':'b'}");
	volumed_stop(volumed, SIGTERM);
}

/* It has neither the plugin's terminal nor its service manager. */
static void shmfuse_is_on_its_own_and_ends_with_its_volume(void)
{
	char environ_path[64];
	pid_t volumed = volumed_start(), server;

	create("v1", "");
	mount_volume("v1", "a");
	server = server_of("v1");
	g_assert_cmpint(getsid(server), ==, server);
	g_snprintf(environ_path, sizeof(environ_path), "/proc/%d/environ", (int)server);
	sh("! grep -q NOTIFY_SOCKET $1", environ_path);
	unmount_volume("v1", "a");
	wait_until (has_ended(server))
		;
	g_assert_cmpint(server_of("v1"), ==, 0);
	volumed_stop(volumed, SIGTERM);
}

static void who_still_has_a_mount_keeps_it(void)
{
	pid_t volumed = volumed_start(), server;
	int fd;

	create("v1", "");
	mount_volume("v1", "a");
	server = server_of("v1");
	fd = (int)ok(open(V1, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	unmount_volume("v1", "a");
	g_assert_false(is_mounted(V1));
	put(SHM "/v1%left", "text");
	ok(faccessat(fd, "left", R_OK, 0));
	mount_volume("v1", "b");
	has_text(V1 "/left", "text");
	close(fd);
	wait_until (has_ended(server))
		;
	unmount_volume("v1", "b");
	volumed_stop(volumed, SIGTERM);
}

static void ephemeral_objects_go_with_the_last_holder(void)
{
	pid_t volumed = volumed_start();

	create("v1", ",'ephemeral':''");
	mount_volume("v1", "a");
	mount_volume("v1", "b");
	put(V1 "/left", "text");
	unmount_volume("v1", "a");
	/* Not with a shmfuse that died, since somebody may follow the new one. */
	kill_server_of("v1");
	has_text(V1 "/left", "text");
	unmount_volume("v1", "b");
	has_names(SHM, "v1% ");
	volumed_stop(volumed, SIGTERM);
}

/* A read-only name is not to become writable by the other option. */
static void share_ro_counts_before_share(void)
{
	pid_t volumed = volumed_start();

	put(SHM "/lidar", "text");
	put(SHM "/cam", "text");
	create("v1", ",'share':'*','share_ro':'lidar'");
	mount_volume("v1", "a");
	fails(EROFS, open(V1 "/lidar", O_RDWR));
	ok(close((int)ok(open(V1 "/cam", O_RDWR))));
	unmount_volume("v1", "a");
	volumed_stop(volumed, SIGTERM);
}

/* ---- whose objects go ---- */

static void what_was_there_before_the_volume_stays(void)
{
	pid_t volumed = volumed_start();

	ok(mkdir(MNT "/old", 0700));
	put(SHM "/new%left", "text");
	put(SHM "/sem.semaphores%go", "text");
	create("old", "");
	create("new", "");
	create("semaphores", "");
	create("below", ",'subdir':'old/below'");
	put(MNT "/old/below/left", "text");
	g_assert_cmpint(stat_of(SHM "/old%").st_mode, ==, S_IFREG | 0700);
	remove_volume("below");
	remove_volume("old");
	remove_volume("new");
	remove_volume("semaphores");
	has_names(SHM, "new% new%left old% sem.semaphores%go semaphores% ");
	volumed_stop(volumed, SIGTERM);
}

static void what_is_made_in_a_volume_goes_with_it(void)
{
	pid_t volumed = volumed_start();

	create("v1", ",'subdir':'a/b'");
	put(SHM "/a%b%left", "text");
	put(SHM "/sem.a%b%go", "text");
	put(SHM "/sem.a%bc", "text");
	put(SHM "/a%bc", "text");
	put(SHM "/b%left", "text");
	mount_volume("v1", "a");
	ok(mkdir(V1 "/deep", 0755));
	put(V1 "/deep/sem.go", "text");
	unmount_volume("v1", "a");
	remove_volume("v1");
	has_names(SHM, "a% a%bc b%left sem.a%bc ");
	volumed_stop(volumed, SIGTERM);
}

static void the_last_volume_of_a_directory_takes_its_objects_along(void)
{
	pid_t volumed = volumed_start();

	create("v1", ",'name':'team'");
	create("v2", ",'name':'team','ro':''");
	put(SHM "/team%left", "text");
	remove_volume("v1");
	has_text(SHM "/team%left", "text");
	remove_volume("v2");
	has_names(SHM, "");
	volumed_stop(volumed, SIGTERM);
}

static void an_object_of_the_name_is_in_the_way(void)
{
	pid_t volumed = volumed_start();

	put(SHM "/v1", "text");
	refuses("is an object already", "VolumeDriver.Create", "{'Name':'v1'}");
	has_names(SHM, "v1 ");
	refuses("no volume", "VolumeDriver.Get", "{'Name':'v1'}");
	volumed_stop(volumed, SIGTERM);
}

static const struct mount_test tests[] = {
	{ TEST(a_volume_is_a_directory_of_objects) },
	{ TEST(ignored_deaths_are_noticed), ONLY_MAPPED },
	{ TEST(mapped_memory_is_the_objects), ONLY_PASSTHROUGH },
	{ TEST(options_go_to_the_mount) },
	{ TEST(volumes_are_listed_and_shown), ONLY_MAPPED },
	{ TEST(a_volume_is_created_once), ONLY_MAPPED },
	{ TEST(holders_count_by_id), ONLY_MAPPED },
	{ TEST(shmfuse_is_on_its_own_and_ends_with_its_volume) },
	{ TEST(who_still_has_a_mount_keeps_it) },
	{ TEST(ephemeral_objects_go_with_the_last_holder), ONLY_MAPPED },
	{ TEST(share_ro_counts_before_share), ONLY_MAPPED },
	{ TEST(what_was_there_before_the_volume_stays), ONLY_MAPPED },
	{ TEST(what_is_made_in_a_volume_goes_with_it), ONLY_MAPPED },
	{ TEST(the_last_volume_of_a_directory_takes_its_objects_along), ONLY_MAPPED },
	{ TEST(an_object_of_the_name_is_in_the_way), ONLY_MAPPED },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "volumes", tests, G_N_ELEMENTS(tests));
}
