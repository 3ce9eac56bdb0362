/* SPDX-License-Identifier: MIT */
/*
 * Native programs that replace, exchange, shrink and remove everything at full
 * speed, while users of the mount use it. No call concerns another object than
 * the one that it was about, and nobody gets at what is not his.
 *
 * Each object tells what it is: its content begins with its inode number and its
 * kind. What only its owner may write, or even read, is of OWNER; root moves it
 * about among the names. The same storm runs natively too: what is said here
 * holds of the native file system.
 */
#include "storm.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>

#define PARK   SHM "/park" /* no object, and so not in the mount */
#define CANARY PLAIN "/canary"

enum { OWNER = 3001, USER = 3002, OTHER = 3003 };
enum { LABEL_SIZE = 64, MARK_AT = 100, GUARDED = 4 };

/* Of two the mode is 0600, of two 0644. */
static int guarded[GUARDED];
static struct stat canary;
static const char *side; /* MNT or SHM */

static const char *const native_names[] = { "a", "b", "c", "d", "d%", "d%a", "d%b", "sem.a" };
static const char *const used_names[] = { "a", "b", "c", "d", "d/a", "d/b", "d%a", "sem.a" };

static void path_of(char path[PATH_MAX], const char *directory, const char *name)
{
	g_snprintf(path, PATH_MAX, "%s/%s", directory, name);
}

static void parked_path(char path[PATH_MAX], int number)
{
	g_snprintf(path, PATH_MAX, PARK "/guarded%d", number);
}

static void label(int fd, const char *kind)
{
	char text[LABEL_SIZE] = "";

	g_snprintf(text, sizeof(text), "ino %lu %s", (unsigned long)fstat_of(fd).st_ino, kind);
	ok(pwrite(fd, text, sizeof(text), 0));
}

/* ---- native programs ---- */

static void remove_any(const char *path)
{
	if (error_of(unlink(path)) == EISDIR)
		error_of(rmdir(path));
}

static void become_name(const char *made, const char *name)
{
	/* A directory takes no file's name, and no file that of one. */
	if (error_of(rename(made, name)) != 0) {
		remove_any(name);
		error_of(rename(made, name));
	}
	/* What has the name already as another link of it keeps both. */
	remove_any(made);
}

static void make_file(const char *made)
{
	const uid_t uid = one_in(2) ? USER : OTHER;
	int fd = ok(open(made, O_RDWR | O_CREAT | O_EXCL, 0666));

	label(fd, "free");
	ok(fchown(fd, uid, uid));
	close(fd);
}

static void replace_natively(const char *name)
{
	char made[PATH_MAX], source[PATH_MAX];

	g_snprintf(made, sizeof(made), PARK "/%d", getpid());
	parked_path(source, g_random_int_range(0, GUARDED));
	switch (g_random_int_range(0, 8)) {
	case 0:
		ok(symlink(one_in(2) ? CANARY : PARK "/guarded0", made));
		break;
	case 1:
		ok(symlink(ANY(native_names), made));
		break;
	case 2:
		ok(mkfifo(made, 0666));
		break;
	case 3:
		ok(mknod(made, S_IFSOCK | 0666, 0));
		break;
	case 4:
		ok(mkdir(made, 0777));
		break;
	case 5:
	case 6:
		ok(link(source, made));
		break;
	default:
		make_file(made);
	}
	become_name(made, name);
}

static void change_natively(const char *name)
{
	int fd = open(name, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return;
	st = fstat_of(fd);
	if (S_ISREG(st.st_mode) && st.st_uid != OWNER) {
		ok(ftruncate(fd, g_random_int_range(0, 3) * 4096));
		if (st.st_size == 0)
			label(fd, "free");
		ok(fchmod(fd, one_in(2) ? 0666 : 0600));
		ok(fchown(fd, one_in(2) ? USER : OTHER, (gid_t)-1));
	}
	close(fd);
}

static void disturb(void)
{
	char from[PATH_MAX], to[PATH_MAX];

	path_of(from, SHM, ANY(native_names));
	path_of(to, SHM, ANY(native_names));
	switch (g_random_int_range(0, 8)) {
	case 0:
		error_of(unlink(from));
		break;
	case 1:
		error_of(renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE));
		break;
	case 2:
		error_of(rename(from, to));
		break;
	case 3:
		error_of(link(from, to));
		break;
	case 4:
		close(open(SHM "/d%", O_WRONLY | O_CREAT | O_EXCL, 0777));
		break;
	case 5:
		change_natively(from);
		break;
	default:
		replace_natively(from);
	}
}

/* ---- users of the mount ---- */

/* What is no object is not in the mount. Natively it may be a link to itself, or a
 * socket. */
static long seen(long result)
{
	if (result == -1 && (errno == ELOOP || errno == ENXIO) && g_str_equal(side, SHM))
		errno = ENOENT;
	return result;
}

#define gives_here(call, ...) gives(seen(call), __VA_ARGS__)

/* Whatever was opened is one object, and one that he may open so. */
static void check_object(int fd, int oflag)
{
	const struct stat st = fstat_of(fd);
	const bool root = geteuid() == 0, writes = (oflag & O_ACCMODE) != O_RDONLY;
	char text[LABEL_SIZE + 1] = "", kind[8] = "";
	unsigned long ino;

	if (!S_ISREG(st.st_mode))
		return;
	if (!root && geteuid() != OWNER && st.st_uid == OWNER)
		g_assert_true(!writes && (st.st_mode & 0777) == 0644);
	if ((oflag & O_ACCMODE) != O_WRONLY)
		ok(pread(fd, text, LABEL_SIZE, 0));
	if (sscanf(text, "ino %lu %7s", &ino, kind) == 2) {
		g_assert_cmpuint(ino, ==, st.st_ino);
		g_assert_true(root || !g_str_equal(kind, "secret"));
	} else {
		g_assert_false(g_str_has_prefix(text, "canary"));
	}
	if (writes && !root)
		ok(pwrite(fd, "mark", 4, MARK_AT));
	g_assert_cmpuint(fstat_of(fd).st_ino, ==, st.st_ino);
}

static void open_somehow(const char *path)
{
	static const int oflags[] = {
		O_RDONLY, O_RDONLY,	    O_RDWR,	      O_RDWR,
		O_WRONLY, O_RDWR | O_TRUNC, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL,
	};
	const int oflag = ANY(oflags);
	int fd = (int)gives_here(open(path, oflag | O_NONBLOCK | O_NOFOLLOW, 0666), ENOENT, EACCES,
				 EEXIST, EISDIR, ENOTDIR, EINVAL);

	if (fd < 0)
		return;
	check_object(fd, oflag);
	if (oflag & O_EXCL)
		label(fd, "free");
	if (one_in(4))
		gives_here(flock(fd, LOCK_EX | LOCK_NB), EAGAIN);
	if (one_in(4))
		gives_here(fcntl(fd, F_SETLK, &(struct flock){ .l_type = F_RDLCK }), EAGAIN, EBADF);
	close(fd);
}

static void list(const char *path)
{
	DIR *stream = opendir(path);
	const struct dirent *entry;

	if (stream == NULL)
		gives_here(-1, ENOENT, ENOTDIR, EACCES);
	while (stream != NULL && (entry = readdir(stream)) != NULL)
		if (g_str_equal(side, MNT))
			g_assert_cmpstr(entry->d_name, !=, "park");
	if (stream != NULL)
		closedir(stream);
}

static void change_somehow(const char *path, const char *to)
{
	switch (g_random_int_range(0, 9)) {
	case 0:
		gives_here(truncate(path, 4096), ENOENT, EACCES, EISDIR, ENOTDIR, EINVAL);
		break;
	case 1:
		gives_here(chmod(path, 0666), ENOENT, EPERM, ENOTDIR, EACCES);
		break;
	case 2:
		gives_here(lchown(path, OWNER, OWNER), ENOENT, EPERM, ENOTDIR, EACCES);
		break;
	case 3:
		gives_here(link(path, to), ENOENT, EPERM, EEXIST, ENOTDIR, EACCES, EINVAL);
		break;
	case 4:
		gives_here(rename(path, to), ENOENT, EPERM, EISDIR, ENOTDIR, ENOTEMPTY, EACCES,
			   EINVAL, EEXIST);
		break;
	case 5:
		gives_here(renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_EXCHANGE), ENOENT, EPERM,
			   ENOTDIR, EACCES, EINVAL, ENOTEMPTY, EEXIST);
		break;
	case 6:
		gives_here(unlink(path), ENOENT, EPERM, EISDIR, ENOTDIR, EACCES);
		break;
	case 7:
		gives_here(lsetxattr(path, "security.test", "1", 1, 0), ENOENT, EPERM, ENOTDIR,
			   EACCES);
		break;
	default:
		gives_here(one_in(2) ? mkdir(path, 0777) : rmdir(path), ENOENT, EPERM, EEXIST,
			   ENOTDIR, ENOTEMPTY, EACCES, EINVAL);
	}
}

static void use(void)
{
	char path[PATH_MAX], to[PATH_MAX];
	struct stat st;

	path_of(path, side, ANY(used_names));
	path_of(to, side, ANY(used_names));
	switch (g_random_int_range(0, 6)) {
	case 0:
		gives_here(lstat(path, &st), ENOENT, ENOTDIR, EACCES);
		break;
	case 1:
		list(one_in(2) ? path : side);
		break;
	case 2:
		change_somehow(path, to);
		break;
	default:
		open_somehow(path);
	}
}

/* ---- all of it ---- */

static void make_guarded(void)
{
	umask(0);
	ok(mkdir(PARK, 0711));
	for (int i = 0; i < GUARDED; i++) {
		char path[PATH_MAX];

		parked_path(path, i);
		guarded[i] = ok(open(path, O_RDWR | O_CREAT | O_EXCL, 0600));
		label(guarded[i], i % 2 == 0 ? "secret" : "shown");
		ok(fchown(guarded[i], OWNER, OWNER));
		ok(fchmod(guarded[i], i % 2 == 0 ? 0600 : 0644));
	}
	put(CANARY, "canary");
	ok(chmod(CANARY, 0600));
	canary = stat_of(CANARY);
}

/* Root has moved them about; nothing else has happened to them. */
static void check_guarded(void)
{
	const struct stat now = stat_of(CANARY);

	for (int i = 0; i < GUARDED; i++) {
		const struct stat st = fstat_of(guarded[i]);

		g_assert_cmpint(st.st_size, ==, LABEL_SIZE);
		g_assert_cmpuint(st.st_uid, ==, OWNER);
		g_assert_cmpuint(st.st_mode & 07777, ==, i % 2 == 0 ? 0600 : 0644);
		g_assert_cmpint(fgetxattr(guarded[i], "security.test", NULL, 0), ==, -1);
	}
	g_assert_cmpmem(&now.st_ctim, sizeof(now.st_ctim), &canary.st_ctim, sizeof(now.st_ctim));
	g_assert_cmpmem(&now.st_atim, sizeof(now.st_atim), &canary.st_atim, sizeof(now.st_atim));
}

static void storm_in(const char *directory)
{
	struct storm storm = { 0 };

	side = directory;
	for (int i = 0; i < 2; i++) {
		storm_add(&storm, 0, disturb);
		storm_add(&storm, USER, use);
		storm_add(&storm, OTHER, use);
	}
	storm_ends_well(&storm);
	check_guarded();
}

static void nobody_gets_at_what_is_not_his_in_a_storm(void)
{
	const pid_t daemon = daemon_of_test();
	const int before = process_has(daemon, "fd");

	make_guarded();
	storm_in(MNT);
	descriptors_come_back(daemon, before);
}

static void the_same_holds_natively(void)
{
	make_guarded();
	storm_in(SHM);
}

/* clang-format off */
static const struct mount_test tests[] = {
	{ TEST(nobody_gets_at_what_is_not_his_in_a_storm), .says = "*" },
	{ TEST(the_same_holds_natively), NO_MOUNT },
};
/* clang-format on */

int main(int argc, char **argv)
{
	return run_transport_tests(argc, argv, "neighbours", tests, G_N_ELEMENTS(tests));
}
