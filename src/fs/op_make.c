/* SPDX-License-Identifier: MIT */
#include "op_make.h"

#include "audit.h"
#include "caller.h"
#include "data.h"
#include "entry.h"
#include "kept.h"
#include "op_file.h"
#include "replay.h"
#include "rights.h"
#include "tree.h"

#include "posix_shm.h"
#include "shm/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>

/* What a new object shall be: the caller's, but for the group in a directory
 * with the set-group-ID bit. */
struct birth {
	const struct caller *caller;
	mode_t mode;
	gid_t gid;
	bool exact; /* the mode, whatever a default ACL says */
};

/* A default ACL takes the place of the umask (man 5 acl). The shm directory's is
 * for all objects. */
static mode_t masked(struct fs *fs, mode_t mode, mode_t umask)
{
	const mode_t wanted = mode & 07777, rest = wanted & ~umask;

	if (rest == wanted)
		return wanted;
	return fgetxattr(fs->space, "system.posix_acl_default", NULL, 0) > 0 ? wanted : rest;
}

/* prefix is that of the directory to be born in. */
static int plan_birth(struct fs *fs, const char *prefix, mode_t mode, bool directory,
		      const struct caller *caller, struct birth *birth)
{
	const struct owners *owners = &fs->options->owners;
	struct stat st;
	int error = tree_stat_directory(fs, prefix, &st);

	/* With content a marker is none. */
	if (error == 0 && prefix[0] != '\0' && st.st_size > 0)
		error = -ENOENT;
	if (error < 0)
		return error;
	*birth = (struct birth){ .caller = caller,
				 .gid = caller->gid,
				 .exact = owners->create_mode >= 0 };
	birth->mode = birth->exact ? owners_mode(owners, mode, directory)
				   : masked(fs, mode, caller->umask);
	if (st.st_mode & S_ISGID) {
		birth->gid = owners->groups.is_one ? caller->gid : st.st_gid;
		birth->mode |= directory ? S_ISGID : 0;
	}
	if (!directory)
		birth->mode = caller_mode(owners, caller, birth->mode, birth->gid);
	return 0;
}

/* Describes what was born. The rules for the tree's directory count; those for
 * the shm directory may have given another group or mode, or taken the
 * set-group-ID bit away. */
static int settle_birth(int fd, const struct birth *birth, bool directory, struct found *found)
{
	int error = tree_describe(fd, directory, found);
	const bool other_group = error == 0 && found->st.st_gid != birth->gid;
	const bool other_mode = (birth->mode & S_ISGID) ||
				(birth->exact && (found->st.st_mode & 07777) != birth->mode);

	if (error < 0)
		return error;
	/* The daemon's user namespace may lack the id. */
	if (birth->caller->limited && found->st.st_uid != birth->caller->uid)
		return -EOVERFLOW;
	if (!other_group && !other_mode)
		return 0;
	if (other_group && pshm_fchown(fd, (uid_t)-1, birth->gid) < 0)
		return -errno;
	if (other_mode && pshm_fchmod(fd, birth->mode) < 0)
		return -errno;
	return tree_describe(fd, directory, found);
}

/* Takes what an earlier attempt has made, which is known by its number; *fd stays as it
 * is where it has to be made anew. -EEXIST: it is another's. */
static int take_own(struct fs *fs, const char *prefix, const char *name, int oflag, int *fd)
{
	struct found found;
	int own;

	if (tree_find(fs, prefix, name, &found) < 0 || found.st.st_ino != replay_noted())
		return -EEXIST;
	own = tree_open_found(fs, &found, oflag);
	/* An ordinary user's daemon needs more for that than to make it. */
	if (own == -EACCES)
		return pshm_space_unlink(fs->space, found.name) < 0 ? -errno : 0;
	*fd = own;
	return own < 0 ? -EEXIST : 0;
}

/* As pshm_space_create(), but that the object's number is noted before it has the
 * name. */
static int create_noted(struct fs *fs, const char *name, int oflag, mode_t mode)
{
	/* Who makes an unnamed one must want to write. */
	const int access = (oflag & O_ACCMODE) == O_RDONLY ? O_RDWR : 0;
	int fd = pshm_space_tmpfile(fs->space, oflag | access, false, mode), error = 0;
	struct stat st;

	if (fd < 0 || pshm_fstat(fd, &st) < 0)
		error = -errno;
	if (error == 0) {
		replay_note(st.st_ino);
		error = pshm_space_link(fs->space, fd, name) < 0 ? -errno : 0;
	}
	if (error == 0)
		return fd;
	if (fd >= 0)
		pshm_close(fd);
	return error;
}

static int create(struct fs *fs, const char *name, int oflag, mode_t mode)
{
	int fd;

	if (fs->options->supervise != SUPERVISE_OFF)
		return create_noted(fs, name, oflag, mode);
	fd = pshm_space_create(fs->space, name, oflag, mode);
	return fd < 0 ? -errno : fd;
}

/* Both give a descriptor or a negative errno. What is born has its owner from
 * the first moment. */

static int make_object(struct fs *fs, const char *name, int oflag, const struct birth *birth)
{
	QUOTA counted = quota_hold(fs);
	struct identity before;
	int fd = quota_locked_check_new(fs, name);

	if (fd < 0)
		return fd;
	before = caller_begin(birth->caller->uid, birth->gid);
	fd = create(fs, name, oflag, birth->mode);
	caller_end(before);
	return fd;
}

static int make_unnamed(struct fs *fs, int oflag, bool excl, const struct birth *birth)
{
	const struct identity before = caller_begin(birth->caller->uid, birth->gid);
	int fd;

	fd = pshm_space_tmpfile(fs->space, oflag, excl, birth->mode);
	if (fd < 0)
		fd = -errno;
	caller_end(before);
	return fd;
}

/* Makes a file or, with directory, a marker. */
static int make(struct fs *fs, struct node *parent, const char *name, int oflag, mode_t mode,
		bool directory, const struct caller *caller, struct fuse_entry_param *entry)
{
	object_name prefix;
	struct found found;
	struct birth birth;
	int error, fd = -1;

	error = tree_prefix(parent, prefix);
	if (error == 0)
		error = tree_free_name(fs, prefix, name, directory, found.name);
	if (error == -EEXIST)
		error = take_own(fs, prefix, name, oflag, &fd);
	if (error < 0)
		return error;
	error = plan_birth(fs, view_home(&fs->view, prefix, name), mode, directory, caller, &birth);
	if (error == 0 && fd < 0)
		error = fd = make_object(fs, found.name, oflag, &birth);
	if (error >= 0)
		error = settle_birth(fd, &birth, directory, &found);
	if (error == 0)
		error = entry_fill(fs, parent, name, &found, entry);
	if (error < 0 && fd >= 0) {
		pshm_space_unlink(fs->space, found.name);
		pshm_close(fd);
	}
	if (error < 0)
		return error;
	tree_touch(fs, prefix);
	return fd;
}

/* Opens what somebody else has made since the kernel asked for it, as the caller
 * and with his rights: the kernel believes the file to be new, and checks none. */
static int open_made(struct fs *fs, struct node *parent, const char *name, int oflag,
		     fuse_req_t req, struct fuse_entry_param *entry)
{
	object_name prefix;
	struct identity before;
	struct found found;
	int error, fd;

	error = tree_prefix(parent, prefix);
	if (error == 0)
		error = tree_find(fs, prefix, name, &found);
	if (error < 0)
		return error;
	if (found.directory)
		return -EISDIR;
	error = caller_begin_with_groups(req, &before);
	if (error < 0)
		return error;
	fd = tree_open_found(fs, &found, oflag & ~O_TRUNC);
	if (fd >= 0 && (oflag & O_TRUNC))
		error = file_truncate(fs, fd);
	caller_end_with_groups(before);
	if (fd < 0)
		return fd == -ESTALE ? -ENOENT : fd;
	if (error == 0)
		error = entry_fill(fs, parent, name, &found, entry);
	if (error == 0)
		return fd;
	pshm_close(fd);
	return error;
}

/* Programs that make and unlink one name over and over cannot keep this from
 * ending; what cannot be an object, a socket say, can have the name for ever. */
#define CREATE_ATTEMPTS 100

/* What was made for an open that then failed is not there natively. */
static void unmake(struct fs *fs, struct node *parent, const char *name, ino_t ino)
{
	object_name prefix;
	struct found found;

	if (tree_prefix(parent, prefix) == 0 && tree_find(fs, prefix, name, &found) == 0 &&
	    !found.directory && found.st.st_ino == ino)
		pshm_space_unlink(fs->space, found.name);
}

static int name_create(struct fs *fs, struct node *parent, const char *name, mode_t mode,
		       const struct caller *caller, fuse_req_t req, struct fuse_file_info *fi,
		       struct fuse_entry_param *entry)
{
	NAMES held = names_hold(fs);
	const int oflag = data_oflag(fi);
	int fd = -EEXIST, error;
	bool made = false;

	for (int i = 0; fd == -EEXIST && i < CREATE_ATTEMPTS; i++) {
		fd = make(fs, parent, name, oflag, mode, false, caller, entry);
		made = fd >= 0;
		if (fd != -EEXIST || (fi->flags & O_EXCL))
			break;
		fd = open_made(fs, parent, name, oflag | (fi->flags & O_TRUNC), req, entry);
		if (fd == -ENOENT)
			fd = -EEXIST;
	}
	if (fd < 0)
		return fd;
	error = entry_open(fs, fd, fi, entry);
	if (error < 0 && made)
		unmake(fs, parent, name, entry->attr.st_ino);
	return error;
}

/* Who makes something in the directory. */
static int find_maker(fuse_req_t req, struct node *directory, struct caller *caller)
{
	int error = caller_of(req, caller);

	return error < 0 ? error : rights_to_write(req, directory);
}

void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	struct fuse_entry_param entry;
	struct caller caller;
	int error = find_maker(req, directory, &caller);

	if (error == 0)
		error = name_create(fs, directory, name, mode, &caller, req, fi, &entry);
	audit_name(req, AUDIT_CREATE, directory, name, error);
	entry_reply_create(req, error, &entry, fi);
}

static int name_tmpfile(struct fs *fs, struct node *parent, mode_t mode,
			const struct caller *caller, struct fuse_file_info *fi,
			struct fuse_entry_param *entry)
{
	NAMES held = names_hold(fs);
	QUOTA counted = quota_hold(fs); /* it counts once it is open */
	object_name prefix;
	struct birth birth;
	struct found found;
	int error, fd;

	/* A call that looks no name up before it. */
	error = tree_prefix(parent, prefix);
	if (error == 0)
		error = kept_check(fs, parent, prefix);
	if (error == 0)
		error = plan_birth(fs, prefix, mode, false, caller, &birth);
	if (error == 0)
		error = quota_locked_check_new(fs, NULL);
	if (error < 0)
		return error;
	fd = make_unnamed(fs, data_oflag(fi), fi->flags & O_EXCL, &birth);
	if (fd < 0)
		return fd;
	error = settle_birth(fd, &birth, false, &found);
	if (error == 0)
		error = entry_fill_unnamed(fs, &found, entry);
	if (error == 0)
		return entry_open(fs, fd, fi, entry);
	pshm_close(fd);
	return error;
}

void fs_tmpfile(fuse_req_t req, fuse_ino_t parent, mode_t mode, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	struct fuse_entry_param entry;
	struct caller caller;
	int error = find_maker(req, directory, &caller);

	if (error == 0)
		error = name_tmpfile(fs, directory, mode, &caller, fi, &entry);
	audit_tmpfile(req, &entry, error);
	entry_reply_create(req, error, &entry, fi);
}

/* A file or directory that is made and not opened. */
static int name_make(struct fs *fs, struct node *parent, const char *name, mode_t mode,
		     bool directory, const struct caller *caller, struct fuse_entry_param *entry)
{
	NAMES held = names_hold(fs);
	int fd = make(fs, parent, name, O_RDWR, mode, directory, caller, entry);

	if (fd < 0)
		return fd;
	pshm_close(fd);
	return 0;
}

void fs_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	struct fuse_entry_param entry;
	struct caller caller;
	int error = S_ISREG(mode) ? find_maker(req, directory, &caller) : -EPERM;

	(void)rdev;
	if (error == 0)
		error = name_make(fs, directory, name, mode, false, &caller, &entry);
	audit_name(req, AUDIT_CREATE, directory, name, error);
	entry_reply(req, error, &entry);
}

/* Shared memory objects are regular files: man 2 symlink says EPERM. */
void fs_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	NODE directory = node_get(&fs_of(req)->nodes, parent);

	(void)target;
	reply_error(req, audit_name(req, AUDIT_CREATE, directory, name, -EPERM));
}

void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct fs *fs = fs_of(req);
	NODE directory = node_get(&fs->nodes, parent);
	struct fuse_entry_param entry;
	struct caller caller;
	int error = find_maker(req, directory, &caller);

	if (error == 0)
		error = name_make(fs, directory, name, mode, true, &caller, &entry);
	audit_name(req, AUDIT_MKDIR, directory, name, error);
	entry_reply(req, error, &entry);
}
