/* SPDX-License-Identifier: MIT */
#include "listen.h"
#include "plugin.h"
#include "protocol.h"
#include "server.h"

#include "notify/notify.h"
#include "program.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_USAGE = 1, EXIT_SYSTEM = 2 };

static const char usage[] =
	"Usage: shmfuse-volumed [options]\n"
	"\n"
	"Serves volumes of POSIX shared memory objects to podman and docker, by the\n"
	"volume plugin protocol on a UNIX socket. Each volume is a mount of shmfuse.\n"
	"\n"
	"  --socket PATH      where to listen, unless systemd passes a socket\n"
	"                     (default: /run/docker/plugins/shmfuse.sock)\n"
	"  --run-dir PATH     where the volumes are mounted\n"
	"                     (default: /run/shmfuse/volumes)\n"
	"  --state-file PATH  what volumes there are\n"
	"                     (default: /var/lib/shmfuse/volumes.json)\n"
	"  --shmfuse PATH     the program that mounts (default:\n"
	"                     " SHMFUSE_PROGRAM ")\n"
	"  -h, --help         this text\n"
	"  -V, --version      version number\n";

struct arguments {
	const char *socket, *run_dir, *state_file, *shmfuse;
};

/* The signals that ask for the end. */
struct signals {
	struct watch watch;
	bool arrived;
};

static void on_signal(struct watch *watch)
{
	((struct signals *)watch)->arrived = true;
}

static int watch_signals(struct signals *signals, struct loop *loop)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* ignored, which is inherited, it would hide how children end */
	/* Sent to the whole unit, it asks the volumes' daemons for their counters.
	 * They inherit this, so that it ends none before it waits for it. */
	signal(SIGUSR1, SIG_IGN);
	*signals = (struct signals){ { signalfd(-1, &set, SFD_CLOEXEC), on_signal }, false };
	return signals->watch.fd >= 0 ? loop_add(loop, &signals->watch) : -1;
}

/* Each volume takes a few. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static char *on_request(void *arg, const char *path, const char *body, size_t size,
			unsigned *status)
{
	return plugin_answer(arg, path, body, size, status);
}

/* The earlier of two times; -1 is never. */
static int sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static void serve(struct loop *loop, struct server *server, struct plugin *plugin,
		  const struct signals *signals)
{
	notify("READY=1");
	while (!signals->arrived) {
		loop_wait(loop, sooner(server_due(server), plugin_due(plugin)));
		server_run(server);
		plugin_run_due(plugin);
	}
	notify("STOPPING=1");
}

static int run_with(const struct arguments *arguments, struct loop *loop, message_line message)
{
	struct plugin plugin = { 0 };
	struct server server = { .most = MOST_BODY,
				 .answer = on_request,
				 .error = answer_error,
				 .type = PROTOCOL_TYPE,
				 .arg = &plugin };
	struct listener listener;
	struct signals signals;
	int result = -1;

	if (watch_signals(&signals, loop) < 0)
		return fail(message, "cannot watch signals: %s", strerror(errno));
	/* Only one process at a time gets past the socket. */
	if (listener_open(&listener, arguments->socket, message) < 0)
		return -1;
	if (services_open(&plugin.services, loop, arguments->run_dir, arguments->shmfuse,
			  message) == 0 &&
	    plugin_open(&plugin, arguments->state_file, message) == 0 &&
	    server_start(&server, loop, listener.fd, message) == 0) {
		log_event("serving %zu volumes on %s", plugin.volumes.count,
			  listener.ours ? listener.path : "the socket of systemd");
		serve(loop, &server, &plugin, &signals);
		result = 0;
	}
	server_stop(&server);
	plugin_close(&plugin);
	listener_close(&listener);
	return result;
}

static int run(const struct arguments *arguments)
{
	message_line message;
	struct loop loop;
	int result;

	if (geteuid() != 0)
		return log_event("only root can mount volumes for containers: run it as root"),
		       EXIT_SYSTEM;
	raise_descriptor_limit();
	if (loop_init(&loop) < 0)
		return log_event("no epoll: %s", strerror(errno)), EXIT_SYSTEM;
	result = run_with(arguments, &loop, message);
	close(loop.fd);
	if (result == 0)
		return EXIT_OK;
	log_event("%s", message);
	return EXIT_SYSTEM;
}

/* Everything is used after the current directory may be another. */
static bool is_absolute(const char *option, const char *path)
{
	if (path[0] == '/')
		return true;
	log_event("%s %s: give a path that begins with '/'", option, path);
	return false;
}

static bool are_absolute(const struct arguments *arguments)
{
	return is_absolute("--socket", arguments->socket) &&
	       is_absolute("--run-dir", arguments->run_dir) &&
	       is_absolute("--state-file", arguments->state_file) &&
	       is_absolute("--shmfuse", arguments->shmfuse);
}

/* The action that is asked for instead of serving: 'h', 'V', '?'; or 0. */
static int parse(struct arguments *arguments, int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "state-file", required_argument, NULL, 'f' },
		{ "shmfuse", required_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		if (option == 's')
			arguments->socket = optarg;
		else if (option == 'r')
			arguments->run_dir = optarg;
		else if (option == 'f')
			arguments->state_file = optarg;
		else if (option == 'm')
			arguments->shmfuse = optarg;
		else
			return option;
	}
	if (optind == argc)
		return 0;
	log_event("'%s' is one argument too many: see shmfuse-volumed --help", argv[optind]);
	return '?';
}

int main(int argc, char **argv)
{
	struct arguments arguments = {
		.socket = "/run/docker/plugins/shmfuse.sock",
		.run_dir = "/run/shmfuse/volumes",
		.state_file = "/var/lib/shmfuse/volumes.json",
		.shmfuse = SHMFUSE_PROGRAM,
	};

	switch (parse(&arguments, argc, argv)) {
	case 0:
		return are_absolute(&arguments) ? run(&arguments) : EXIT_USAGE;
	case 'h':
		fputs(usage, stdout);
		return EXIT_OK;
	case 'V':
		puts("shmfuse-volumed " SHMFUSE_VERSION);
		return EXIT_OK;
	default:
		return EXIT_USAGE;
	}
}
