/* SPDX-License-Identifier: MIT */
/*
 * shm_open(3) and sem_open(3) of programs that have the mount as their
 * /dev/shm, as in a container, with native programs as their peers.
 */
#include "mount.h"

#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>

enum { PINGS = 1000 };

/* From here on, this process has the mount as its /dev/shm. */
static void enter_container(void)
{
	ok(unshare(CLONE_NEWNS));
	ok(mount(MNT, SHM, NULL, MS_BIND, NULL));
}

static void become(uid_t user)
{
	if (user == 0)
		return;
	ok(setresgid(user, user, user));
	ok(setresuid(user, user, user));
}

static sem_t *open_semaphore(const char *name, int oflag)
{
	sem_t *sem = sem_open(name, oflag, 0600, 0);

	if (sem == SEM_FAILED)
		g_error("sem_open of %s: %s", name, g_strerror(errno));
	return sem;
}

static void play(const char *mine, const char *theirs)
{
	sem_t *post = open_semaphore(mine, 0), *wait = open_semaphore(theirs, 0);

	for (int i = 0; i < PINGS; i++) {
		ok(sem_post(post));
		ok(sem_wait(wait));
	}
}

/* Two semaphores, made by one side, carry signals both ways. */
static void signals_cross(bool made_in_container, uid_t user)
{
	pid_t maker, contained, native;

	CHILD (maker) {
		if (made_in_container)
			enter_container();
		become(user);
		open_semaphore("/to-native", O_CREAT | O_EXCL);
		open_semaphore("/to-container", O_CREAT | O_EXCL);
		g_assert_true(sem_open("/to-native", O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED);
		g_assert_cmpint(errno, ==, EEXIST);
	}
	ends_well(maker);
	has_names(SHM, "sem.to-container sem.to-native ");
	g_assert_cmpint(stat_of(SHM "/sem.to-native").st_uid, ==, user);
	g_assert_cmpint(stat_of(SHM "/sem.to-native").st_nlink, ==, 1);
	CHILD (contained) {
		enter_container();
		become(user);
		play("/to-native", "/to-container");
		ok(sem_unlink(made_in_container ? "/to-container" : "/to-native"));
	}
	CHILD (native) {
		become(user);
		play("/to-container", "/to-native");
	}
	ends_well(contained);
	ends_well(native);
	ok(sem_unlink(made_in_container ? "/to-native" : "/to-container"));
	has_names(SHM, "");
}

static void named_semaphores_made_natively_cross(void)
{
	signals_cross(false, 0);
}

static void named_semaphores_made_on_the_mount_cross(void)
{
	signals_cross(true, 0);
}

static void named_semaphores_of_an_ordinary_user_cross(void)
{
	signals_cross(false, 1000);
	signals_cross(true, 1000);
}

/* Only its maker may say O_CREAT, where fs.protected_regular is not 0. */
static char *map_text(const char *name, int creat)
{
	int fd = ok(shm_open(name, O_RDWR | creat, 0600));
	char *map;

	ok(ftruncate(fd, 4096));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g_assert_true(map != MAP_FAILED);
	return map;
}

static void shm_open_crosses(void)
{
	static const uid_t users[] = { 0, 1000 };

	for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
		pid_t contained;

		CHILD (contained) {
			enter_container();
			become(users[i]);
			strcpy(map_text("/a", O_CREAT), "from inside");
			g_assert_cmpstr(map_text("/a", 0), ==, "from inside");
		}
		ends_well(contained);
		g_assert_cmpstr(map_text("/a", 0), ==, "from inside");
		strcpy(map_text("/a", 0), "from outside");
		CHILD (contained) {
			enter_container();
			become(users[i]);
			g_assert_cmpstr(map_text("/a", 0), ==, "from outside");
			ok(shm_unlink("/a"));
			fails(ENOENT, shm_open("/a", O_RDWR, 0));
		}
		ends_well(contained);
		fails(ENOENT, shm_open("/a", O_RDWR, 0));
	}
}

static void without_shared_mappings_semaphores_are_refused(void)
{
	pid_t contained;

	CHILD (contained) {
		enter_container();
		g_assert_true(sem_open("/a", O_CREAT, 0600, 0) == SEM_FAILED);
		g_assert_cmpint(errno, ==, ENODEV);
	}
	ends_well(contained);
}

static void a_directory_is_a_containers_namespace(void)
{
	pid_t contained;

	ok(mkdir(MNT "/team", 0755));
	CHILD (contained) {
		ok(unshare(CLONE_NEWNS));
		ok(mount(MNT "/team", SHM, NULL, MS_BIND, NULL));
		ok(sem_post(open_semaphore("/lock", O_CREAT)));
		strcpy(map_text("/left", O_CREAT), "from the team");
	}
	ends_well(contained);
	ok(sem_trywait(open_semaphore("/team%lock", 0)));
	g_assert_cmpstr(map_text("/team%left", 0), ==, "from the team");
}

static const struct mount_test tests[] = {
	{ TEST(named_semaphores_made_natively_cross), ONLY_PASSTHROUGH },
	{ TEST(named_semaphores_made_on_the_mount_cross), ONLY_PASSTHROUGH },
	{ TEST(named_semaphores_of_an_ordinary_user_cross), ONLY_PASSTHROUGH },
	{ TEST(shm_open_crosses), ONLY_PASSTHROUGH },
	{ TEST(without_shared_mappings_semaphores_are_refused), ONLY_MAPPED },
	{ TEST(a_directory_is_a_containers_namespace), ONLY_PASSTHROUGH },
};

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "semaphore", tests, G_N_ELEMENTS(tests));
}
