/* SPDX-License-Identifier: MIT */
#include "native.h"

#include "fuzz.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

typedef char native_name[NAME_MAX + 1];

/* The percent sign stands for the separator. */
static const char *const objects[] = {
	"left", "team%", "team%left", "team%cam%",  "team%cam%left", "sem.lock", "sem.team%lock",
	"pub1", "ro1",	 "secret",    "sem.secret", "other%",	     "other%x",
};
#define OBJECTS (sizeof(objects) / sizeof(*objects))

/* The one shm file system that this process has, and what the run before the
 * mount has put there. */
static struct {
	int space;
	native_name root; /* the mount's, as a prefix */
	native_name names[OBJECTS];
	struct stat status[OBJECTS];
	bool outside[OBJECTS]; /* the mount may not touch it */
	bool disturbed;	       /* by native deeds: sums are not the mount's alone */
} native = { .space = -1 };

bool native_enter(void)
{
	if (native.space >= 0)
		return true;
	if (geteuid() != 0) {
		fputs("needs root, for a tmpfs of its own\n", stderr);
		return false;
	}
	/* Small, so that it is full at times, and no run takes long. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("shm", pshm_space_path(), "tmpfs", 0, "mode=1777,size=2m,nr_inodes=200") < 0) {
		fputs("may not mount, not even in a mount namespace of its own\n", stderr);
		return false;
	}
	REQUIRE(setgroups(0, NULL) == 0);
	native.space = pshm_space_open();
	REQUIRE(native.space >= 0);
	return true;
}

/* ---- all that is there ---- */

static void each_name(const char *path, void (*use)(const char *name, void *arg), void *arg)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;

	REQUIRE(directory != NULL);
	while ((entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			use(entry->d_name, arg);
	closedir(directory);
}

static void count(const char *name, void *arg)
{
	unsigned *counted = arg;

	(void)name;
	++*counted;
}

unsigned native_descriptors(void)
{
	unsigned counted = 0;

	each_name("/proc/self/fd", count, &counted);
	return counted - 1; /* its own */
}

static void remove_name(const char *name, void *arg)
{
	(void)arg;
	if (unlinkat(native.space, name, 0) < 0)
		REQUIRE(unlinkat(native.space, name, AT_REMOVEDIR) == 0);
}

/* ---- before ---- */

static void make(const char *name, off_t size)
{
	const int fd = openat(native.space, name,
			      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);

	if (fd < 0)
		return;
	if (ftruncate(fd, size) == 0 && size > 0 && pwrite(fd, "x", 1, 0) < 0)
		REQUIRE(errno == ENOSPC);
	close(fd);
}

static bool is_below_root(const char *name)
{
	const size_t len = strlen(native.root);

	return strncmp(name, native.root, len) == 0 ||
	       (strncmp(name, "sem.", 4) == 0 && strncmp(name + 4, native.root, len) == 0);
}

static void set_root(const struct options *options)
{
	native.root[0] = '\0';
	if (options->subdir == NULL)
		return;
	strcpy(native.root, options->subdir);
	for (char *c = native.root; *c != '\0'; c++)
		if (*c == '/')
			*c = options->separator;
	native.root[strlen(native.root)] = options->separator;
	native.root[strlen(options->subdir) + 1] = '\0';
}

static void make_object(size_t i, const struct options *options)
{
	char *name = native.names[i];

	strcpy(name, objects[i]);
	for (char *c = name; *c != '\0'; c++)
		if (*c == '%')
			*c = options->separator;
	make(name, name[strlen(name) - 1] == options->separator ? 0 : 100);
	REQUIRE(fstatat(native.space, name, &native.status[i], AT_SYMLINK_NOFOLLOW) == 0);
	native.outside[i] =
		!is_below_root(name) && shares_find(&options->shares, name) != SHARED_RW;
}

void native_begin(const struct options *options)
{
	each_name(pshm_space_path(), remove_name, NULL);
	native.disturbed = false;
	set_root(options);
	for (size_t i = 0; i < OBJECTS; i++)
		make_object(i, options);
}

/* ---- meanwhile ---- */

static bool is_outside(const char *name)
{
	for (size_t i = 0; i < OBJECTS; i++)
		if (native.outside[i] && strcmp(native.names[i], name) == 0)
			return true;
	return false;
}

static void change_status(const char *name, uint64_t number)
{
	const int fd = openat(native.space, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (number & 1))
		REQUIRE(fchownat(fd, "", (uid_t)(number & 2 ? 1000 : 0), 1001, AT_EMPTY_PATH) == 0);
	else if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		REQUIRE(fchmodat(native.space, name, (mode_t)number & 07777, 0) == 0);
	close(fd);
}

static void set_size(const char *name, uint64_t number)
{
	const int fd = openat(native.space, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	if (ftruncate(fd, (off_t)(number & INT64_MAX)) < 0)
		REQUIRE(errno == EINVAL); /* no regular file */
	close(fd);
}

/* What fails has not happened. */
static int deed_of(uint8_t deed, const char *name, const char *other, uint64_t number)
{
	const int space = native.space;

	switch (deed % 9) {
	case 0:
		make(name, (off_t)(number & 0x3fff));
		return 0;
	case 1:
		return unlinkat(space, name, 0);
	case 2:
		return renameat(space, name, space, other);
	case 3:
		set_size(name, number);
		return 0;
	case 4:
		return symlinkat(other, space, name);
	case 5:
		return mkfifoat(space, name, 0666);
	case 6:
		return number & 1 ? mkdirat(space, name, 0777)
				  : unlinkat(space, name, AT_REMOVEDIR);
	case 7:
		return linkat(space, name, space, other, 0);
	default:
		change_status(name, number);
		return 0;
	}
}

void native_do(uint8_t deed, const char *name, const char *other, uint64_t number)
{
	if ((native.root[0] != '\0' && (is_outside(name) || is_outside(other))) ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	native.disturbed = true;
	(void)deed_of(deed, name, other, number);
}

bool native_has_interfered(void)
{
	return native.disturbed;
}

/* ---- in the end ---- */

struct sum {
	uint64_t names, size;
	ino_t seen[256];
	size_t seen_count;
};

static bool is_seen(struct sum *sum, ino_t ino)
{
	for (size_t i = 0; i < sum->seen_count; i++)
		if (sum->seen[i] == ino)
			return true;
	REQUIRE(sum->seen_count < sizeof(sum->seen) / sizeof(*sum->seen));
	sum->seen[sum->seen_count++] = ino;
	return false;
}

static void add(const char *name, void *arg)
{
	char with_slash[NAME_MAX + 2] = "/";
	struct sum *sum = arg;
	struct stat st;

	strcat(with_slash, name);
	REQUIRE(pshm_name_check(with_slash) == 0);
	REQUIRE(fstatat(native.space, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	REQUIRE(S_ISREG(st.st_mode) || native.disturbed);
	if (!is_below_root(name))
		return;
	sum->names += strcmp(name, native.root) != 0;
	if (!is_seen(sum, st.st_ino))
		sum->size += (uint64_t)st.st_size;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mode == b->st_mode &&
	       a->st_uid == b->st_uid && a->st_gid == b->st_gid && a->st_nlink == b->st_nlink &&
	       memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) == 0 &&
	       memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim)) == 0;
}

/* A view touches nothing outside of what it was given. */
static void check_outside(void)
{
	struct stat st;

	for (size_t i = 0; native.root[0] != '\0' && i < OBJECTS; i++) {
		if (!native.outside[i])
			continue;
		REQUIRE(fstatat(native.space, native.names[i], &st, AT_SYMLINK_NOFOLLOW) == 0);
		REQUIRE(is_same(&st, &native.status[i]));
	}
}

/* What nobody but the mount has changed keeps to its quota. */
void native_check_quota(const struct options *options)
{
	struct sum sum = { .names = 0 };

	if (native.disturbed || (options->size == 0 && options->nr_inodes == 0))
		return;
	each_name(pshm_space_path(), add, &sum);
	REQUIRE(options->size == 0 || sum.size <= options->size);
	REQUIRE(options->nr_inodes == 0 || sum.names + 1 <= options->nr_inodes);
}

void native_end(const struct options *options)
{
	struct sum sum = { .names = 0 };

	each_name(pshm_space_path(), add, &sum);
	check_outside();
	REQUIRE(!options->ephemeral || sum.names == 0 || native.disturbed);
}
