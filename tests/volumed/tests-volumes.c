/* SPDX-License-Identifier: MIT */
/* The volume plugin over its socket, with real mounts. */
#include "client.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/wait.h>

#define V1 RUN_DIR "/v1"

static void create(const char *name, const char *more)
{
	does("VolumeDriver.Create", "{'Name':'%s','Opts':{'data':'%s'%s}}", name,
	     on_passthrough() ? "passthrough" : "mapped", more);
}

static void mount_volume(const char *name, const char *id)
{
	does("VolumeDriver.Mount", "{'Name':'%s','ID':'%s'}", name, id);
}

static void unmount_volume(const char *name, const char *id)
{
	does("VolumeDriver.Unmount", "{'Name':'%s','ID':'%s'}", name, id);
}

static void remove_volume(const char *name)
{
	does("VolumeDriver.Remove", "{'Name':'%s'}", name);
}

static bool has_ended(pid_t pid)
{
	return error_of(kill(pid, 0)) == ESRCH;
}

/* The plugin is not always the parent of what it started. */
static void kill_server_of(const char *volume)
{
	pid_t pid = server_of(volume);

	g_assert_cmpint(pid, >, 0);
	ok(kill(pid, SIGKILL));
	wait_until (server_of(volume) != pid && server_of(volume) != 0)
		;
}

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

/* ---- what ends, and begins again ---- */

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

/* ---- hostile and careless clients ---- */

static void wrong_requests_get_an_error(void)
{
	pid_t volumed = volumed_start();
	ANSWER unknown = { 0 }, json = { 0 };

	refuses("letters", "VolumeDriver.Create", "{'Name':'../v1'}");
	refuses("unknown option 'allow_other'", "VolumeDriver.Create",
		"{'Name':'v1','Opts':{'allow_other':''}}");
	refuses("commas", "VolumeDriver.Create", "{'Name':'v1','Opts':{'share':'a,dev'}}");
	refuses("data=fast", "VolumeDriver.Create", "{'Name':'v1','Opts':{'data':'fast'}}");
	refuses("no string", "VolumeDriver.Create", "{'Name':'v1','Opts':{'ro':true}}");
	refuses("not JSON", "VolumeDriver.Mount", "Name=v1");
	refuses("no ID", "VolumeDriver.Mount", "{'Name':'v1'}");
	refuses("no volume", "VolumeDriver.Mount", "{'Name':'v1','ID':'a'}");
	refuses("no call", "VolumeDriver.Destroy", "{}");
	unknown = post("VolumeDriver.Destroy", "{}");
	g_assert_cmpint(unknown.status, ==, 404);
	json = post("VolumeDriver.Get", "{");
	g_assert_cmpint(json.status, ==, 400);
	has_names(SHM, "");
	volumed_stop(volumed, SIGTERM);
}

static void answers_begin_with(const char *request, const char *begin)
{
	g_autofree char *answer = exchange(request, strlen(request));

	if (!g_str_has_prefix(answer, begin))
		g_error("%.60s: %s", request, answer);
}

static void only_posts_of_a_reasonable_size_are_taken(void)
{
	pid_t volumed = volumed_start();
	g_autofree char *fill = g_strnfill(200000, ' ');
	g_autofree char *big = g_strdup_printf("POST /VolumeDriver.Get HTTP/1.1\r\nHost: x\r\n"
					       "Connection: close\r\nContent-Length: 200000\r\n"
					       "\r\n%s",
					       fill);

	answers_begin_with("GET /VolumeDriver.List HTTP/1.1\r\nHost: x\r\n"
			   "Connection: close\r\n\r\n",
			   "HTTP/1.1 405 ");
	answers_begin_with(big, "HTTP/1.1 413 ");
	answers_begin_with("POST /VolumeDriver.List HTTP/1.1\r\nHost: x\r\n"
			   "Connection: close\r\nContent-Length: 0\r\n\r\n",
			   "HTTP/1.1 200 ");
	answers_begin_with("\001\002\r\n\r\n", "");
	does("VolumeDriver.List", "%s", "");
	volumed_stop(volumed, SIGTERM);
}

static int connect_and_send(const char *bytes, size_t size)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	int fd = (int)ok(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	ok(connect(fd, (const struct sockaddr *)&address, sizeof(address)));
	ok(send(fd, bytes, size, MSG_NOSIGNAL));
	return fd;
}

/* As podman does after Create: the answers find nobody. Others never finish. */
static void clients_that_go_away_do_not_matter(void)
{
	static const char create_v1[] = "POST /VolumeDriver.Create HTTP/1.1\r\nHost: x\r\n"
					"Content-Length: 13\r\n\r\n{\"Name\":\"v1\"}";
	static const char list[] = "POST /VolumeDriver.List HTTP/1.1\r\nHost: x\r\n"
				   "Content-Length: 0\r\n\r\n";
	g_autoptr(GString) many = g_string_new(create_v1);
	pid_t volumed = volumed_start();
	int fd;

	for (size_t size = 1; size < sizeof(create_v1) - 1; size++)
		close(connect_and_send(create_v1, size));
	has_names(SHM, "");
	for (int i = 0; i < 500; i++)
		g_string_append(many, list);
	fd = connect_and_send(many->str, many->len);
	wait_until (exists(SHM "/v1%"))
		;
	close(fd);
	does("VolumeDriver.Get", "{'Name':'v1'}");
	volumed_stop(volumed, SIGTERM);
}

static void the_socket_is_for_root_alone(void)
{
	pid_t volumed = volumed_start();

	g_assert_cmpint(stat_of(SOCKET).st_mode, ==, S_IFSOCK | 0600);
	g_assert_cmpint(stat_of(RUN_DIR).st_mode, ==, S_IFDIR | 0700);
	g_assert_cmpint(run_volumed("--socket " SOCKET), ==, 2);
	sh("grep -q 'another process serves' " RUN_ERR);
	volumed_stop(volumed, SIGTERM);
}

/* ---- start ---- */

static void bad_command_lines_are_refused(void)
{
	g_assert_cmpint(run_volumed("--bogus"), ==, 1);
	g_assert_cmpint(run_volumed("more"), ==, 1);
	g_assert_cmpint(run_volumed("--socket run/x.sock"), ==, 1);
	sh("grep -q 'begins with' " RUN_ERR);
	g_assert_cmpint(run_volumed("--socket /run/x.sock --run-dir /run/v --state-file /run/s "
				    "--shmfuse /run/none"),
			==, 2);
	sh("grep -q 'cannot run /run/none' " RUN_ERR);
	g_assert_cmpint(run_volumed("--help"), ==, 0);
	sh("grep -q -e --state-file " RUN_OUT "; ! grep -q '.\\{81\\}' " RUN_OUT);
	g_assert_cmpint(run_volumed("--version"), ==, 0);
	sh("grep -qE '^shmfuse-volumed [0-9]+\\.[0-9]+' " RUN_OUT);
}

/* What systemd does: the socket is descriptor 3. */
static void a_socket_can_be_passed(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	pid_t pid;
	int fd;

	ok(mkdir("/run/plugins", 0755));
	fd = (int)ok(socket(AF_UNIX, SOCK_STREAM, 0));
	ok(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	ok(listen(fd, 5));
	pid = (pid_t)ok(fork());
	if (pid == 0) {
		g_autofree char *self = g_strdup_printf("%d", (int)getpid());

		if (fd != 3)
			ok(dup2(fd, 3));
		ok(fcntl(3, F_SETFD, 0));
		g_setenv("LISTEN_PID", self, TRUE);
		g_setenv("LISTEN_FDS", "1", TRUE);
		execl(g_getenv("VOLUMED"), "shmfuse-volumed", "--socket", "/run/other.sock",
		      "--run-dir", RUN_DIR, "--state-file", STATE_FILE, "--shmfuse", shmfuse_path(),
		      (char *)NULL);
		_exit(127);
	}
	close(fd);
	does("VolumeDriver.List", "%s", "");
	volumed_stop(pid, SIGTERM);
	g_assert_true(exists(SOCKET));
	g_assert_false(exists("/run/other.sock"));
}

static const struct mount_test tests[] = {
	{ TEST(a_volume_is_a_directory_of_objects) },
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
	{ TEST(a_restarted_plugin_knows_its_volumes) },
	{ TEST(a_shmfuse_that_died_is_started_again) },
	{ TEST(a_shmfuse_that_died_without_the_plugin_is_started_by_the_next) },
	{ TEST(another_process_of_the_same_id_is_not_taken_over), ONLY_MAPPED },
	{ TEST(what_shmfuse_says_without_the_plugin_is_logged_by_the_next), ONLY_MAPPED },
	{ TEST(a_shmfuse_that_keeps_dying_is_started_ever_later), ONLY_MAPPED },
	{ TEST(a_slave_of_the_mount_follows_a_new_shmfuse) },
	{ TEST(what_shmfuse_says_is_in_the_log_and_in_the_answer), ONLY_MAPPED },
	{ TEST(a_damaged_state_is_kept_aside), NO_MOUNT },
	{ TEST(without_room_for_the_state_nothing_changes), ONLY_MAPPED },
	{ TEST(wrong_requests_get_an_error), NO_MOUNT },
	{ TEST(only_posts_of_a_reasonable_size_are_taken), NO_MOUNT },
	{ TEST(clients_that_go_away_do_not_matter), NO_MOUNT },
	{ TEST(the_socket_is_for_root_alone), NO_MOUNT },
	{ TEST(bad_command_lines_are_refused), NO_MOUNT },
	{ TEST(a_socket_can_be_passed), NO_MOUNT },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "volumes", tests, G_N_ELEMENTS(tests));
}
