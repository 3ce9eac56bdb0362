/* SPDX-License-Identifier: MIT */
/* Publishers and subscribers, each in a container of its own. */
#include "container.h"

#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

/* Fast DDS tells by the network's addresses whether two are on one host: one
 * network for all, in which there is nothing but itself. */
static void enter_lonely_network(void)
{
	struct ifreq loopback = { .ifr_name = "lo" };
	int fd;

	ok(unshare(CLONE_NEWNET));
	fd = ok(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	loopback.ifr_flags = IFF_UP | IFF_RUNNING;
	ok(ioctl(fd, SIOCSIFFLAGS, &loopback));
	close(fd);
}

static void begin_fast_dds(const char *share)
{
	containers_begin(share);
	enter_lonely_network();
	containers_get("--network=host");
}

static void fast_dds_between_containers(void)
{
	g_autofree char *program = client_program("fastdds", "libfastrtps-dev");

	begin_fast_dds(NULL);
	pair_meets(CONTAINER, CONTAINER, 0, NULL, program);
	pair_meets(CONTAINER, CONTAINER, 1000, NULL, program);
	g_assert_cmpuint(objects_made(PREFIX "fastrtps_*"), >=, 8);
	containers_end();
}

static void fast_dds_with_the_machine(void)
{
	g_autofree char *program = client_program("fastdds", "libfastrtps-dev");

	begin_fast_dds("fastrtps_*:sem.fastrtps_*");
	pair_meets(CONTAINER, NATIVE, 0, NULL, program);
	pair_meets(NATIVE, CONTAINER, 1000, NULL, program);
	g_assert_cmpuint(objects_made("fastrtps_*"), >=, 8);
	g_assert_cmpuint(objects_made(PREFIX "*"), ==, 0);
	containers_end();
}

/* Where no mount hides them. */
static void move_clients(void)
{
	sh("mkdir /run/built /run/source\n"
	   "cp \"$CLIENTS_BUILT/iceoryx\" /run/built\n"
	   "cp \"$CLIENTS_SOURCE/roudi.toml\" /run/source");
	g_setenv("CLIENTS_BUILT", "/run/built", TRUE);
	g_setenv("CLIENTS_SOURCE", "/run/source", TRUE);
}

/* The processes of iceoryx meet by sockets and locks in /tmp. Gives the program. */
static char *begin_iceoryx(const char *share)
{
	g_free(client_program("iceoryx", "libiceoryx-posh-dev"));
	containers_begin(share);
	needs_program("iox-roudi", "iceoryx");
	move_clients();
	ok(mount(PLAIN, "/tmp", NULL, MS_BIND, NULL));
	containers_get("-v " PLAIN ":/tmp");
	return client_program("iceoryx", "libiceoryx-posh-dev");
}

static pid_t start_roudi(enum place place, uid_t user)
{
	g_autofree char *config = client_script("roudi.toml");
	pid_t roudi = start(place, user, "iox-roudi", "-c", config);

	wait_until (exists(PLAIN "/roudi"))
		;
	return roudi;
}

static void stop_roudi(pid_t roudi)
{
	ok(kill(roudi, SIGTERM));
	ends_well(roudi);
}

static void iceoryx_between_containers(void)
{
	static const uid_t users[] = { 0, 1000 };
	g_autofree char *program = begin_iceoryx(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
		pid_t roudi = start_roudi(CONTAINER, users[i]);

		pair_meets(CONTAINER, CONTAINER, users[i], NULL, program);
		g_assert_true(exists(SHM "/" PREFIX "iceoryx_mgmt"));
		stop_roudi(roudi);
	}
	containers_end();
}

/* The segment is named after the user. */
static void iceoryx_with_the_machine(void)
{
	g_autofree char *program = begin_iceoryx("iceoryx_mgmt:root");
	pid_t roudi = start_roudi(NATIVE, 0);

	pair_meets(CONTAINER, NATIVE, 0, NULL, program);
	pair_meets(NATIVE, CONTAINER, 0, NULL, program);
	has_names(VIEW, "iceoryx_mgmt root ");
	stop_roudi(roudi);
	containers_end();
}

static const struct mount_test tests[] = {
	{ TEST(fast_dds_between_containers), ONLY_PASSTHROUGH },
	{ TEST(fast_dds_with_the_machine), ONLY_PASSTHROUGH },
	{ TEST(iceoryx_between_containers), ONLY_PASSTHROUGH },
	{ TEST(iceoryx_with_the_machine), ONLY_PASSTHROUGH },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "middleware", tests, G_N_ELEMENTS(tests));
}
