/* SPDX-License-Identifier: MIT */
/* The plugin's socket and its command line: hostile, careless and wrong. */
#include "client.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- clients ---- */

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
	{ TEST(wrong_requests_get_an_error), NO_MOUNT },
	{ TEST(only_posts_of_a_reasonable_size_are_taken), NO_MOUNT },
	{ TEST(clients_that_go_away_do_not_matter), NO_MOUNT },
	{ TEST(the_socket_is_for_root_alone), NO_MOUNT },
	{ TEST(bad_command_lines_are_refused), NO_MOUNT },
	{ TEST(a_socket_can_be_passed), NO_MOUNT },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "volume-requests", tests, G_N_ELEMENTS(tests));
}
