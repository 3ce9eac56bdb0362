/* SPDX-License-Identifier: MIT */
#include "fault-calls.h"

#include "expect.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

static long with_a(int oflag, long (*use)(int fd))
{
	const int fd = open("a", oflag);

	return fd == -1 ? -1 : done(fd, use(fd));
}

static long stats(void)
{
	struct stat st;

	return stat("d/x", &st);
}

static long stats_a_directory(void)
{
	struct stat st;

	return stat("d", &st) == -1 ? -1 : (long)st.st_nlink;
}

static long asks_for_space(void)
{
	struct statvfs status;

	return statvfs(".", &status);
}

static long read_it(int fd)
{
	char buf[100];

	return read(fd, buf, sizeof(buf));
}

static long reads(void)
{
	return with_a(O_RDONLY, read_it);
}

static long write_it(int fd)
{
	return pwrite(fd, "more", 4, 100);
}

static long writes(void)
{
	return with_a(O_RDWR, write_it);
}

static long allocate_it(int fd)
{
	return fallocate(fd, 0, 0, 10000);
}

static long allocates(void)
{
	return with_a(O_RDWR, allocate_it);
}

static long copy_it(int fd)
{
	return copy_file_range(fd, &(off_t){ 0 }, fd, &(off_t){ 100 }, 4, 0);
}

static long copies(void)
{
	return with_a(O_RDWR, copy_it);
}

static long nothing(int fd)
{
	(void)fd;
	return 0;
}

static long truncates_at_open(void)
{
	return with_a(O_RDWR | O_TRUNC, nothing);
}

static long truncates(void)
{
	return truncate("a", 3);
}

static long grow_it(int fd)
{
	return ftruncate(fd, 5000);
}

static long grows(void)
{
	return with_a(O_RDWR, grow_it);
}

static long creates(void)
{
	const int fd = open("d/new", O_RDWR | O_CREAT, 0600);

	return fd == -1 ? -1 : done(fd, 0);
}

static long makes_a_node(void)
{
	return mknod("new", S_IFREG | 0600, 0);
}

static long makes_a_directory(void)
{
	return mkdir("d/new", 0700);
}

static long makes_an_unnamed_object(void)
{
	const int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	return fd == -1 ? -1 : done(fd, write(fd, "text", 4));
}

static long names_an_unnamed_object(void)
{
	const int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", fd);

	if (fd == -1)
		return -1;
	return done(fd, linkat(AT_FDCWD, self, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
}

static long links(void)
{
	return link("a", "d/new");
}

static long unlinks(void)
{
	return unlink("d/x");
}

static long unlinks_what_is_open(void)
{
	const int fd = open("a", O_RDWR);

	return fd == -1 ? -1 : done(fd, unlink("a"));
}

static long removes_a_directory(void)
{
	return rmdir("e");
}

static long fails_to_remove_a_directory(void)
{
	return rmdir("d");
}

static long renames(void)
{
	return rename("a", "d/new");
}

static long renames_over_another(void)
{
	return rename("a", "b");
}

static long renames_a_directory(void)
{
	return rename("d", "new");
}

static long renames_over_a_directory(void)
{
	return rename("d", "e");
}

static long exchanges(void)
{
	return renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE);
}

static long exchanges_directories(void)
{
	return renameat2(AT_FDCWD, "d", AT_FDCWD, "b", RENAME_EXCHANGE);
}

long list(const char *path)
{
	DIR *dir = opendir(path);
	long count = 0;
	int error;

	if (dir == NULL)
		return -1;
	for (errno = 0; readdir(dir) != NULL;)
		count++;
	error = errno;
	closedir(dir);
	errno = error;
	return error == 0 ? count : -1;
}

static long lists_the_top(void)
{
	return list(".");
}

static long lists_a_directory(void)
{
	return list("d");
}

static long changes_the_mode(void)
{
	return chmod("a", 0600);
}

static long changes_the_group(void)
{
	return chown("d/x", (uid_t)-1, geteuid() == 0 ? 12 : getegid());
}

static long changes_times(void)
{
	return utimensat(AT_FDCWD, "a", NULL, 0);
}

/* Reading for user 1000, for the group and for others. */
static const unsigned char acl[] = {
	2,  0, 0, 0,					 /* the version */
	1,  0, 6, 0, 0xff,	 0xff,	     0xff, 0xff, /* user:: */
	2,  0, 4, 0, 1000 % 256, 1000 / 256, 0,	   0,	 /* user:1000: */
	4,  0, 4, 0, 0xff,	 0xff,	     0xff, 0xff, /* group:: */
	16, 0, 4, 0, 0xff,	 0xff,	     0xff, 0xff, /* mask:: */
	32, 0, 4, 0, 0xff,	 0xff,	     0xff, 0xff, /* other:: */
};

long give_acl(const char *path)
{
	return setxattr(path, ACL, acl, sizeof(acl), 0);
}

static long sets_an_acl(void)
{
	return give_acl("a");
}

static long gets_an_acl(void)
{
	char buf[100];

	return getxattr("d/x", ACL, buf, sizeof(buf));
}

static long lists_attributes(void)
{
	char buf[100];

	return listxattr("a", buf, sizeof(buf));
}

static long lock_it(int fd)
{
	struct flock lock = { .l_type = F_WRLCK };

	if (flock(fd, LOCK_EX | LOCK_NB) == -1 || fcntl(fd, F_SETLK, &lock) == -1)
		return -1;
	return fcntl(fd, F_GETLK, &lock);
}

static long locks(void)
{
	return with_a(O_RDWR, lock_it);
}

/* The lock is another's, of which an alarm makes an end. */
static long wait_for_it(int fd)
{
	const int other = open("a", O_RDWR);
	long result;

	if (other == -1)
		return -1;
	if (flock(other, LOCK_EX | LOCK_NB) == -1)
		return done(other, -1);
	ualarm(20000, 20000);
	result = flock(fd, LOCK_EX);
	ualarm(0, 0);
	return done(other, result);
}

static long waits_for_a_lock(void)
{
	return with_a(O_RDWR, wait_for_it);
}

const struct call fault_calls[] = {
	CALL(stats),
	CALL(stats_a_directory),
	CALL(asks_for_space),
	CALL(reads),
	CALL(writes),
	CALL(allocates),
	CALL(copies),
	CALL(truncates_at_open),
	CALL(truncates),
	CALL(grows),
	CALL(creates),
	CALL(makes_a_node),
	CALL(makes_a_directory),
	CALL(makes_an_unnamed_object),
	CALL(names_an_unnamed_object),
	CALL(links),
	CALL(unlinks),
	CALL(unlinks_what_is_open),
	CALL(removes_a_directory),
	CALL(fails_to_remove_a_directory),
	CALL(renames),
	CALL(renames_over_another),
	CALL(renames_a_directory),
	CALL(renames_over_a_directory),
	CALL(exchanges),
	CALL(exchanges_directories),
	CALL(lists_the_top),
	CALL(lists_a_directory),
	CALL(changes_the_mode),
	CALL(changes_the_group),
	CALL(changes_times),
	CALL(sets_an_acl),
	CALL(gets_an_acl),
	CALL(lists_attributes),
	CALL(locks),
	CALL(waits_for_a_lock),
};
const size_t n_fault_calls = G_N_ELEMENTS(fault_calls);
