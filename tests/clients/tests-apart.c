/* SPDX-License-Identifier: MIT */
/* Two containers with different views of one shm file system. */
#include "container.h"

static void storm_of(uid_t user)
{
	g_autofree char *script = client_script("storm.py");
	pid_t one, other;

	containers_see(VIEW);
	one = start(CONTAINER, user, "python3", script, "one", "other", "lab");
	containers_see(MNT "/lab");
	other = start(CONTAINER, user, "python3", script, "other", "one", "team");
	ends_well(one);
	ends_well(other);
	g_assert_cmpuint(objects_made(PREFIX "one*"), >=, 100);
	has_names(MNT "/lab", "");
}

static void neither_container_sees_the_others_objects(void)
{
	containers_begin(NULL);
	needs_program("python3", "python3");
	ok(mkdir(MNT "/lab", 0700));
	ok(chmod(MNT "/lab", 01777));
	storm_of(0);
	storm_of(1000);
	containers_end();
}

static const struct mount_test tests[] = {
	{ TEST(neither_container_sees_the_others_objects), ONLY_PASSTHROUGH },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "apart", tests, G_N_ELEMENTS(tests));
}
