/* SPDX-License-Identifier: MIT */
/*
 * A view while native programs make, rename, link and unlink everything, at full
 * speed, and users of the view do the same with random names: what was not given
 * is never shown, read or changed.
 *
 * Secrets have "secret" in their names, which the others never use, and their
 * content begins with it. Native programs move them about among their names.
 */
#include "mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { ROUNDS = 4000, SECRETS = 6 };

static const char *const secret_names[] = {
	"secret",	  "teamsecret",	  "teams%secret", "lab%secret",	   "sem.secret",
	"sem.lab%secret", "xteam%secret", "camsecret",	  "sem.camsecret",
};
static const char *const given_names[] = {
	"team%a", "team%b", "team%d%a", "sem.team%a", "cam_a", "cam_b", "sem.cam_a",
};
/* In the view: what may be there, and what must not be. */
static const char *const used_names[] = {
	"a",   "b",	"d/a", "sem.a", "cam_a",      "cam_b", "sem.cam_a", "d",    "team%a",
	"lab", "lab%a", "%a",  "d%a",	"sem.team%a", "lab%",  "d%",	    "team", "team%",
};
static const char *const wanted_names[] = {
	"secret",     "../secret",  "%secret",	      "teamsecret", "teams%secret",
	"lab%secret", "sem.secret", "sem.lab%secret", "camsecret",  "../team/secret",
};

#define ANY(list) list[g_random_int_range(0, G_N_ELEMENTS(list))]

static void path_in(char *path, const char *directory, const char *name)
{
	g_snprintf(path, PATH_MAX, "%s/%s", directory, name);
}

/* One step of a storm, whatever comes of it. */
static void disturb(const char *from, const char *to)
{
	switch (g_random_int_range(0, 4)) {
	case 0:
		error_of(rename(from, to));
		break;
	case 1:
		error_of(link(from, to));
		break;
	case 2:
		error_of(renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE));
		break;
	default:
		error_of(unlink(from));
	}
}

static void make(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);

	if (fd < 0)
		return;
	error_of(write(fd, text, 1));
	close(fd);
}

static void storm_natively(const char *const *names, int count, const char *text)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (int i = 0; i < ROUNDS * 4; i++) {
		path_in(from, SHM, names[g_random_int_range(0, count)]);
		path_in(to, SHM, names[g_random_int_range(0, count)]);
		if (g_random_int_range(0, 3) == 0)
			make(to, text);
		else
			disturb(from, to);
	}
}

static void check_object(const char *path)
{
	int fd = open(path, O_RDWR);
	char text[2] = "";

	if (fd < 0)
		return;
	error_of(read(fd, text, 1));
	close(fd);
	if (text[0] == 's')
		g_error("%s is a secret", path);
}

static void check_names(const char *directory)
{
	DIR *stream = opendir(directory);
	const struct dirent *entry;
	char path[PATH_MAX];

	while (stream != NULL && (entry = readdir(stream)) != NULL) {
		if (strstr(entry->d_name, "secret") != NULL)
			g_error("%s shows %s", directory, entry->d_name);
		path_in(path, directory, entry->d_name);
		check_object(path);
	}
	if (stream != NULL)
		closedir(stream);
}

static void storm_in_view(void)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (int i = 0; i < ROUNDS; i++) {
		path_in(from, VIEW, ANY(wanted_names));
		fails(ENOENT, access(from, F_OK));
		path_in(from, VIEW, ANY(used_names));
		path_in(to, VIEW, ANY(used_names));
		check_object(from);
		switch (g_random_int_range(0, 4)) {
		case 0:
			disturb(from, to);
			break;
		case 1:
			make(VIEW "/new", "given");
			disturb(VIEW "/new", VIEW "/cam_a");
			break;
		default:
			check_names(VIEW);
		}
	}
}

static void nothing_else_is_reached_in_a_storm(void)
{
	pid_t secrets, given, users[2], daemon;

	umask(0);
	ok(mkdir(MNT "/team", 0777));
	ok(mkdir(MNT "/team/d", 0777));
	ok(mkdir(MNT "/lab", 0777));
	daemon = view_start("subdir=team,share=cam_*:sem.cam_*");
	CHILD (secrets)
		storm_natively(secret_names, G_N_ELEMENTS(secret_names), "secret");
	CHILD (given)
		storm_natively(given_names, G_N_ELEMENTS(given_names), "given");
	for (size_t i = 0; i < G_N_ELEMENTS(users); i++)
		CHILD (users[i])
			storm_in_view();
	ends_well(secrets);
	ends_well(given);
	for (size_t i = 0; i < G_N_ELEMENTS(users); i++)
		ends_well(users[i]);
	view_end(daemon);
}

/* Users of the view alone: all that is outside stays exactly as it is. */
static void nothing_else_is_changed_in_a_storm(void)
{
	struct stat before[SECRETS];
	pid_t user, daemon;

	ok(mkdir(MNT "/team", 0777));
	ok(mkdir(MNT "/team/d", 0777));
	ok(mkdir(MNT "/lab", 0777));
	for (int i = 0; i < SECRETS; i++) {
		g_autofree char *path = g_strconcat(SHM "/", secret_names[i], NULL);

		put(path, "secret");
		before[i] = stat_of(path);
	}
	daemon = view_start("subdir=team,share=cam_*:sem.cam_*");
	CHILD (user)
		storm_in_view();
	ends_well(user);
	for (int i = 0; i < SECRETS; i++) {
		g_autofree char *path = g_strconcat(SHM "/", secret_names[i], NULL);
		struct stat after = stat_of(path);

		has_text(path, "secret");
		g_assert_cmpmem(&before[i].st_ctim, sizeof(before[i].st_ctim), &after.st_ctim,
				sizeof(after.st_ctim));
	}
	view_end(daemon);
}

/* clang-format off */
static const struct mount_test tests[] = {
	{ TEST(nothing_else_is_reached_in_a_storm), .says = "*" },
	{ TEST(nothing_else_is_changed_in_a_storm) },
};
/* clang-format on */

int main(int argc, char **argv)
{
	return run_mount_tests(argc, argv, "view-storm", tests, G_N_ELEMENTS(tests));
}
