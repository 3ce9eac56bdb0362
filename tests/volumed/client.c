/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define NOTIFY_SOCKET "/run/notify"

/* ---- the daemon ---- */

static int open_notify_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = NOTIFY_SOCKET };
	int fd = (int)ok(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	unlink(NOTIFY_SOCKET);
	ok(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

static void wait_until_ready(int notify)
{
	char word[64] = "";
	ssize_t size = -1;

	wait_until ((size = recv(notify, word, sizeof(word) - 1, MSG_DONTWAIT)) > 0)
		;
	word[size] = '\0';
	g_assert_cmpstr(word, ==, "READY=1");
}

pid_t volumed_start(void)
{
	int notify = open_notify_socket();
	pid_t pid = (pid_t)ok(fork());

	if (pid == 0) {
		int fd = (int)ok(open(LOG, O_WRONLY | O_CREAT | O_APPEND, 0600));

		ok(dup2(fd, STDOUT_FILENO));
		ok(dup2(fd, STDERR_FILENO));
		g_setenv("NOTIFY_SOCKET", NOTIFY_SOCKET, TRUE);
		execl(g_getenv("VOLUMED"), "shmfuse-volumed", "--socket", SOCKET, "--run-dir",
		      RUN_DIR, "--state-file", STATE_FILE, "--shmfuse", shmfuse_path(),
		      (char *)NULL);
		_exit(127);
	}
	wait_until_ready(notify);
	close(notify);
	return pid;
}

void volumed_stop(pid_t volumed, int sig)
{
	int status;

	ok(kill(volumed, sig));
	ok(waitpid(volumed, &status, 0));
	if (sig == SIGTERM && status != 0) {
		g_autofree char *log = volumed_log();

		g_error("shmfuse-volumed ended with wait status 0x%x and said: %s", status, log);
	}
}

char *volumed_log(void)
{
	return get(LOG);
}

int run_volumed(const char *format, ...)
{
	g_autofree char *arguments = NULL, *script = NULL;
	va_list args;
	int status;

	va_start(args, format);
	arguments = g_strdup_vprintf(format, args);
	va_end(args);
	script = g_strdup_printf("exec \"$VOLUMED\" %s >" RUN_OUT " 2>" RUN_ERR, arguments);
	status = system(script);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ---- HTTP ---- */

static int connect_to_daemon(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	int fd = (int)ok(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	ok(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

char *exchange(const char *bytes, size_t size)
{
	g_autoptr(GString) answer = g_string_new(NULL);
	int fd = connect_to_daemon();
	char part[4096];
	ssize_t count;

	/* It may close before it has read all. */
	while (size > 0 && (count = send(fd, bytes, size, MSG_NOSIGNAL)) > 0) {
		bytes += count;
		size -= (size_t)count;
	}
	while ((count = recv(fd, part, sizeof(part), 0)) > 0)
		g_string_append_len(answer, part, count);
	close(fd);
	return g_strdup(answer->str);
}

static struct answer post_body(const char *call, const char *body)
{
	g_autofree char *request =
		g_strdup_printf("POST /%s HTTP/1.1\r\nHost: plugin\r\nConnection: close\r\n"
				"Content-Type: application/vnd.docker.plugins.v1.1+json\r\n"
				"Content-Length: %zu\r\n\r\n%s",
				call, strlen(body), body);
	g_autofree char *text = exchange(request, strlen(request));
	const char *end = strstr(text, "\r\n\r\n");

	if (!end || !g_str_has_prefix(text, "HTTP/1.1 "))
		g_error("%s %s: no answer: %s", call, body, text);
	return (struct answer){ atoi(text + strlen("HTTP/1.1 ")), g_strdup(end + 4) };
}

void answer_clear(struct answer *answer)
{
	g_free(answer->body);
}

__attribute__((format(printf, 1, 0))) static char *json_of(const char *format, va_list args)
{
	return g_strdelimit(g_strdup_vprintf(format, args), "'", '"');
}

struct answer post(const char *call, const char *format, ...)
{
	g_autofree char *body = NULL;
	va_list args;

	va_start(args, format);
	body = json_of(format, args);
	va_end(args);
	return post_body(call, body);
}

void expect_done(const char *call, const char *file, int line, const char *format, ...)
{
	g_autofree char *body = NULL;
	ANSWER answer;
	va_list args;

	va_start(args, format);
	body = json_of(format, args);
	va_end(args);
	answer = post_body(call, body);
	if (answer.status != 200 || !strstr(answer.body, "\"Err\":\"\""))
		g_error("%s:%d: %s %s: %d %s", file, line, call, body, answer.status, answer.body);
}

void expect_refused(const char *word, const char *call, const char *file, int line,
		    const char *format, ...)
{
	g_autofree char *body = NULL;
	ANSWER answer;
	va_list args;

	va_start(args, format);
	body = json_of(format, args);
	va_end(args);
	answer = post_body(call, body);
	if (answer.status < 400 || !g_str_has_prefix(answer.body, "{\"Err\":\"") ||
	    !strstr(answer.body, word))
		g_error("%s:%d: %s %s: %d %s", file, line, call, body, answer.status, answer.body);
}

pid_t server_of(const char *volume)
{
	json_t *state = json_load_file(STATE_FILE, 0, NULL);
	json_int_t pid;

	g_assert_nonnull(state);
	pid = json_integer_value(
		json_object_get(json_object_get(json_object_get(state, "volumes"), volume), "pid"));
	json_decref(state);
	return (pid_t)pid;
}

/* ---- the calls that tests make ---- */

void create(const char *name, const char *more)
{
	does("VolumeDriver.Create", "{'Name':'%s','Opts':{'data':'%s'%s}}", name,
	     on_passthrough() ? "passthrough" : "mapped", more);
}

void mount_volume(const char *name, const char *id)
{
	does("VolumeDriver.Mount", "{'Name':'%s','ID':'%s'}", name, id);
}

void unmount_volume(const char *name, const char *id)
{
	does("VolumeDriver.Unmount", "{'Name':'%s','ID':'%s'}", name, id);
}

void remove_volume(const char *name)
{
	does("VolumeDriver.Remove", "{'Name':'%s'}", name);
}

bool has_ended(pid_t pid)
{
	return error_of(kill(pid, 0)) == ESRCH;
}

/* The plugin is not always the parent of what it started. */
void kill_server_of(const char *volume)
{
	pid_t pid = server_of(volume);

	g_assert_cmpint(pid, >, 0);
	ok(kill(pid, SIGKILL));
	wait_until (server_of(volume) != pid && server_of(volume) != 0)
		;
}
