/* SPDX-License-Identifier: MIT */
/*
 * libposix-shm: POSIX shared memory objects with checked names, checked flags
 * and exact errors.
 *
 * A shared memory object is memory with a name, an owner, a mode and a size.
 * Who opens it by its name and maps it shares its pages with everybody else
 * who did. The calls here are the POSIX calls with the prefix pshm_, plus
 * what their users write by hand again and again.
 *
 * Lifetime. An object lives until it has been unlinked *and* the last
 * descriptor and the last mapping of it are gone; closing or exiting alone
 * removes nothing. Descriptors and mappings belong to the caller, who ends
 * them with pshm_close(), pshm_munmap() or pshm_map_close(). A mapping outlives
 * the descriptor that it was made from. The library itself keeps nothing: no
 * state, no memory, no descriptor.
 *
 * Threads. Every call may be made from any thread at any time. None is
 * async-signal-safe unless the call of the same name is.
 *
 * Errors. As in POSIX: -1 (PSHM_MAP_FAILED where the result is an address)
 * and errno, which means nothing after success. Names and flags are checked
 * before any system call. Each call below lists the errors it adds; those of
 * the POSIX call behind it come through unchanged, with one exception: EINTR
 * is never seen, because the calls are begun again (pshm_close() says why it
 * is not).
 *
 * Descriptors are close-on-exec.
 *
 * Feature macros. The header compiles without any, as C17 and as C++. Define
 * _POSIX_C_SOURCE 200809L to see st_mtim and its like in struct stat, and
 * _DEFAULT_SOURCE or _GNU_SOURCE to have PSHM_MAP_ANONYMOUS,
 * PSHM_MAP_GROWSDOWN and PSHM_MAP_NORESERVE, which the C library hides
 * otherwise. off_t must have 64 bits (-D_FILE_OFFSET_BITS=64 on 32-bit
 * systems; `pkg-config --cflags posix-shm` says it).
 *
 * Example: a counter that every run of the program shares.
 *
 *	#include <posix_shm.h>
 *	#include <stdatomic.h>
 *	#include <stdio.h>
 *
 *	int main(void)
 *	{
 *		struct pshm_how how = { .oflag = PSHM_RDWR, .mode = 0600,
 *					.if_missing = PSHM_MISSING_CREATE };
 *		struct pshm_mapping shared;
 *
 *		if (pshm_map_open(&shared, "/counter", &how, sizeof(atomic_int)) == -1) {
 *			perror("/counter");
 *			return 1;
 *		}
 *		printf("run %d\n", atomic_fetch_add((atomic_int *)shared.addr, 1) + 1);
 *		return pshm_map_close(&shared) == -1;
 *	}
 *
 * Sources: "POSIX" is POSIX.1-2017 (IEEE Std 1003.1), System Interfaces, the
 * page of the call without its prefix; "man" is the Linux man-pages project.
 */
#ifndef POSIX_SHM_H
#define POSIX_SHM_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PSHM_API __attribute__((__visibility__("default")))
#else
#define PSHM_API
#endif

/* Fails to compile where off_t has 32 bits: the library's has 64. */
typedef char pshm_off_t_has_64_bits[sizeof(off_t) == 8 ? 1 : -1];

/* ---- Flags: the system's values under names of one family ---- */

/*
 * How to open. Exactly one of the first two; O_RDONLY is 0 on the systems we
 * know, so that "neither" reads as PSHM_RDONLY and "both" as PSHM_RDWR once
 * they are numbers (pshm_oflag_from_text() still tells them apart). Anything
 * else, O_WRONLY and O_APPEND among it, is EINVAL.
 */
enum pshm_oflag {
	PSHM_RDONLY = O_RDONLY,
	PSHM_RDWR = O_RDWR,
	PSHM_CREAT = O_CREAT, /* make it if it is missing */
	PSHM_EXCL = O_EXCL,   /* with PSHM_CREAT: it must be missing */
	PSHM_TRUNC = O_TRUNC  /* with PSHM_RDWR: to size 0 if it is there */
};

/* Permissions, in a long and in a short spelling. */
enum pshm_mode {
	PSHM_USER_READ = S_IRUSR,
	PSHM_USER_WRITE = S_IWUSR,
	PSHM_USER_EXEC = S_IXUSR,
	PSHM_USER_ALL = S_IRWXU,
	PSHM_GROUP_READ = S_IRGRP,
	PSHM_GROUP_WRITE = S_IWGRP,
	PSHM_GROUP_EXEC = S_IXGRP,
	PSHM_GROUP_ALL = S_IRWXG,
	PSHM_OTHER_READ = S_IROTH,
	PSHM_OTHER_WRITE = S_IWOTH,
	PSHM_OTHER_EXEC = S_IXOTH,
	PSHM_OTHER_ALL = S_IRWXO,

	PSHM_RUSR = S_IRUSR,
	PSHM_WUSR = S_IWUSR,
	PSHM_XUSR = S_IXUSR,
	PSHM_RWXU = S_IRWXU,
	PSHM_RGRP = S_IRGRP,
	PSHM_WGRP = S_IWGRP,
	PSHM_XGRP = S_IXGRP,
	PSHM_RWXG = S_IRWXG,
	PSHM_ROTH = S_IROTH,
	PSHM_WOTH = S_IWOTH,
	PSHM_XOTH = S_IXOTH,
	PSHM_RWXO = S_IRWXO
};

/* What a mapping allows: PSHM_PROT_NONE alone, or any of the others. */
enum pshm_prot {
	PSHM_PROT_NONE = PROT_NONE,
	PSHM_PROT_READ = PROT_READ,
	PSHM_PROT_WRITE = PROT_WRITE,
	PSHM_PROT_EXEC = PROT_EXEC
};

/* Exactly one of the first two, and any of the others. */
enum pshm_map_flag {
	PSHM_MAP_SHARED = MAP_SHARED,
	PSHM_MAP_PRIVATE = MAP_PRIVATE,
#ifdef MAP_ANONYMOUS
	PSHM_MAP_ANONYMOUS = MAP_ANONYMOUS,
#endif
#ifdef MAP_GROWSDOWN
	PSHM_MAP_GROWSDOWN = MAP_GROWSDOWN,
#endif
#ifdef MAP_NORESERVE
	PSHM_MAP_NORESERVE = MAP_NORESERVE,
#endif
	PSHM_MAP_FIXED = MAP_FIXED
};

/* What pshm_mmap() returns on failure. */
#define PSHM_MAP_FAILED MAP_FAILED

/* ---- Names ---- */

/* Bytes a name can have after its slash. */
#define PSHM_NAME_MAX 255

/*
 * Is name one that an object can have: a slash and 1 to PSHM_NAME_MAX bytes
 * with no further slash, neither "/." nor "/.."?
 *
 * Every call that takes a name makes this check first.
 *
 * Result: 0, or -1. Makes no system call.
 * Errors: EINVAL        no such name; name is a null pointer
 *         ENAMETOOLONG  more than PSHM_NAME_MAX bytes after the slash
 * Source: POSIX shm_open (the name's form beyond the leading slash is left to
 *         the system there), man 7 shm_overview.
 */
PSHM_API int pshm_name_check(const char *name);

/* ---- Objects: open, create, unlink, close ---- */

/*
 * Open the object called name, as shm_open() does.
 *
 * oflag: of enum pshm_oflag. mode: the permissions of an object that this call
 * makes, of enum pshm_mode, less the bits of the process's umask; no meaning
 * without PSHM_CREAT.
 *
 * Hidden: a new object has size 0 and belongs to the caller's effective user
 * and group. Linux may refuse PSHM_CREAT on an object of another user that
 * exists (EACCES, /proc/sys/fs/protected_regular): open it without.
 * PSHM_EXCL without PSHM_CREAT and PSHM_TRUNC without PSHM_RDWR are undefined
 * in POSIX; they are passed on.
 *
 * Result: a descriptor, the caller's to close; or -1.
 * Errors: EINVAL        a bit in oflag that is not in enum pshm_oflag; with
 *                       PSHM_CREAT, a bit in mode that is not a permission
 *         EINVAL, ENAMETOOLONG  the name, see pshm_name_check()
 *         EACCES, EEXIST, EMFILE, ENFILE, ENOENT, ENOSPC  as shm_open()
 * Source: POSIX shm_open, man 3 shm_open.
 */
PSHM_API int pshm_open(const char *name, int oflag, mode_t mode);

/*
 * Make a new object with exactly the permissions mode, whatever the umask.
 *
 * oflag: PSHM_RDONLY or PSHM_RDWR, how the result is open (mode binds later
 * openers, not this one). mode: of enum pshm_mode.
 *
 * Hidden: until the call returns, the object may have fewer permissions than
 * mode, never more. Size 0, owner as with pshm_open().
 *
 * Result: a descriptor, the caller's to close; or -1 and nothing was made.
 * Errors: EEXIST, and those of pshm_open() and pshm_fchmod().
 * Source: POSIX shm_open, fchmod, umask.
 */
PSHM_API int pshm_create(const char *name, int oflag, mode_t mode);

/* How often a call tries before others that make and unlink the same name
 * make it give up. */
#define PSHM_ATTEMPTS 100

/* Result of pshm_open_how() and pshm_map_open() where nothing was opened
 * because that was asked for. Less than 0, as every result without one. */
#define PSHM_NOTHING (-2)

/* What to do where the object exists. */
enum pshm_if_exists {
	PSHM_EXISTS_OVERWRITE, /* open it, with what is in it */
	PSHM_EXISTS_TRUNCATE,  /* open it and set its size to 0 */
	PSHM_EXISTS_SUPERSEDE, /* unlink it, make a new one */
	PSHM_EXISTS_ERROR,     /* EEXIST */
	PSHM_EXISTS_NOTHING    /* PSHM_NOTHING */
};

/* What to do where it does not. */
enum pshm_if_missing {
	PSHM_MISSING_ERROR,  /* ENOENT */
	PSHM_MISSING_CREATE, /* make it */
	PSHM_MISSING_NOTHING /* PSHM_NOTHING */
};

/* How to open. All zero: an object that exists, for reading, as it is. */
struct pshm_how {
	int oflag;   /* PSHM_RDONLY or PSHM_RDWR, nothing else */
	mode_t mode; /* of an object that the call makes: exactly, as pshm_create() */
	enum pshm_if_exists if_exists;
	enum pshm_if_missing if_missing;
};

/*
 * Open the object called name, and do as *how says if it exists or not.
 *
 * Hidden: an object that exists keeps its mode and owner, unless superseded.
 * Who has a superseded object open or mapped keeps the old one. Between the
 * unlinking and the making of the new one the name is free for an instant; if
 * the making fails, the old one is gone.
 *
 * Result: a descriptor, the caller's to close; PSHM_NOTHING; or -1.
 * Errors: EINVAL  how is a null pointer or has a value that is not listed;
 *                 nothing could ever be opened (if_exists is ERROR or
 *                 NOTHING, and if_missing is not CREATE); TRUNCATE
 *                 without PSHM_RDWR
 *         EEXIST, ENOENT  as asked for
 *         EAGAIN  others made or unlinked the object between our calls,
 *                 PSHM_ATTEMPTS times in a row
 *         and those of pshm_create() and pshm_unlink().
 * Source: POSIX shm_open, shm_unlink, fchmod.
 */
PSHM_API int pshm_open_how(const char *name, const struct pshm_how *how);

/*
 * Make an object without a name, open for reading and writing.
 *
 * It is made under a random name and unlinked at once; while it has that
 * name its mode is 0, so that only privileged processes could open it.
 * mode: its permissions afterwards, exactly. attempts: how many names to try;
 * 0 means PSHM_ATTEMPTS.
 *
 * Result: a descriptor, the caller's to close; or -1. The object goes with
 * its last descriptor and mapping.
 * Errors: EINVAL  a bit in mode that is not a permission
 *         EEXIST  every name tried was taken
 *         and those of pshm_create(), pshm_unlink() and getentropy(3).
 * Source: POSIX shm_open, shm_unlink; man 3 getentropy.
 */
PSHM_API int pshm_anonymous(mode_t mode, unsigned attempts);

/*
 * Take the name away from an object.
 *
 * Hidden: who has it open or mapped keeps it, and nothing in it changes. The
 * name is free for a new object at once. It is the rights on the place where
 * the objects live that count, not the object's mode: on Linux, the owner of
 * the object (or root) may.
 *
 * Result: 0, or -1.
 * Errors: EINVAL, ENAMETOOLONG  the name, see pshm_name_check()
 *         EACCES, ENOENT  as shm_unlink()
 * Source: POSIX shm_unlink, man 3 shm_open.
 */
PSHM_API int pshm_unlink(const char *name);

/*
 * Close a descriptor.
 *
 * Never begun again: Linux and the BSDs have freed the descriptor when close()
 * fails with EINTR, and a second close could hit one that another thread has
 * just been given. EINTR therefore counts as success.
 *
 * Hidden: mappings stay. fcntl() locks of the process on the object go.
 *
 * Result: 0, or -1 (the descriptor is gone all the same, unless EBADF).
 * Errors: EBADF, EIO  as close()
 * Source: POSIX close, man 2 close ("Dealing with error returns").
 */
PSHM_API int pshm_close(int fd);

/* ---- Memory: size, allocate, map ---- */

/*
 * Set an object's size to len bytes.
 *
 * Hidden: new bytes are zero and take no memory until they are touched, and if
 * there is none then, the toucher gets SIGBUS (see pshm_allocate()). Memory
 * past the new end is given back; who has it mapped and touches it gets SIGBUS.
 *
 * Result: 0, or -1.
 * Errors: EBADF, EFBIG, EINVAL (len < 0; fd is not open for writing), EIO,
 *         EPERM  as ftruncate()
 * Source: POSIX ftruncate, man 2 ftruncate.
 */
PSHM_API int pshm_ftruncate(int fd, off_t len);

/*
 * Take the memory for the bytes [off, off + len) of an object now, so that
 * touching them cannot fail later; the size grows to off + len if it was less.
 *
 * What is in the object stays. Until somebody truncates it or punches a hole,
 * the memory is its. On an overcommitted machine the kernel may still run out
 * of memory as such.
 *
 * Hidden: after a first interruption by a signal the thread blocks signals
 * while it tries again (where Linux lets signals interrupt this at all, it
 * begins at the front each time, so that a periodic timer could keep it from
 * ever ending).
 *
 * Result: 0, or -1 and errno (posix_fallocate() returns the error instead).
 * Errors: EBADF, EFBIG, EINVAL (off < 0, len <= 0), ENODEV, ENOSPC
 *         as posix_fallocate()
 * Source: POSIX posix_fallocate, man 2 fallocate.
 */
PSHM_API int pshm_allocate(int fd, off_t off, off_t len);

/*
 * Map len bytes of an object from offset off, at addr or wherever there is
 * room.
 *
 * len: bytes, not 0. prot: of enum pshm_prot. flags: of enum pshm_map_flag.
 * off: bytes, a multiple of the page size (sysconf(_SC_PAGESIZE)). addr: a
 * wish, or with PSHM_MAP_FIXED an order that replaces what is mapped there.
 *
 * Hidden: bytes past the object's end can be mapped, and give SIGBUS when
 * touched (except for the rest of the last page). The mapping keeps
 * the object alive without fd.
 *
 * Result: the address, the caller's to unmap; or PSHM_MAP_FAILED.
 * Errors: EINVAL  prot or flags are not as the enums say; len is 0; off is no
 *                 multiple of the page size
 *         EACCES, EAGAIN, EBADF, ENODEV, ENOMEM, ENXIO, EOVERFLOW, EPERM
 *                 as mmap()
 * Source: POSIX mmap, man 2 mmap.
 */
PSHM_API void *pshm_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);

/*
 * Remove the mappings of the pages in [addr, addr + len).
 *
 * Result: 0 (also where nothing was mapped), or -1.
 * Errors: EINVAL (addr is no multiple of the page size; len is 0), ENOMEM
 *         as munmap()
 * Source: POSIX munmap, man 2 munmap.
 */
PSHM_API int pshm_munmap(void *addr, size_t len);

/* An object open and mapped: what pshm_map_open() makes. */
struct pshm_mapping {
	int fd;     /* -1 after pshm_map_close() */
	void *addr; /* a null pointer after it */
	size_t len; /* bytes mapped */
};

/*
 * Open, size and map (PSHM_MAP_SHARED) an object in one call.
 *
 * name, how: as for pshm_open_how(). len: bytes to map, from the object's
 * start; 0 means its size. Open for reading and writing, the object has at
 * least len bytes afterwards, with their memory allocated (pshm_allocate());
 * it never gets smaller, unless PSHM_EXISTS_TRUNCATE is asked for. Open for
 * reading, it must have len bytes already.
 * The mapping may be read, and with PSHM_RDWR written.
 *
 * Hidden: another process can see a new object before it has its size. An
 * object that somebody truncates later gives SIGBUS.
 *
 * Result: 0 and *mapping filled, the caller's until pshm_map_close();
 * PSHM_NOTHING or -1, with *mapping as pshm_map_close() leaves it. On failure
 * an object that the call made is unlinked again; one truncated, superseded or
 * grown is not restored.
 * Errors: EINVAL  mapping is a null pointer; PSHM_RDONLY with
 *                 PSHM_MISSING_CREATE or PSHM_EXISTS_SUPERSEDE (a new object
 *                 could not be given a size); len is 0 and so is the size
 *         ENXIO   open for reading, and the object has fewer than len bytes
 *         EFBIG, EOVERFLOW  len, or the object's size, is more than can be sized or mapped
 *         and those of pshm_open_how(), pshm_fstat(), pshm_allocate() and
 *         pshm_mmap().
 * Source: POSIX shm_open, posix_fallocate, mmap.
 */
PSHM_API int pshm_map_open(struct pshm_mapping *mapping, const char *name,
			   const struct pshm_how *how, size_t len);

/*
 * Undo pshm_map_open(): unmap and close. The object itself stays, until
 * pshm_unlink(). A second call does nothing.
 *
 * Result: 0, or -1 and the first error; both are tried in any case.
 * Errors: those of pshm_munmap() and pshm_close().
 */
PSHM_API int pshm_map_close(struct pshm_mapping *mapping);

/* ---- Attributes ---- */

/*
 * Status of an object: all of struct stat, times with nanoseconds.
 *
 * st_size in bytes, st_blocks in units of 512 bytes (the memory it really
 * has), st_mode with the file type (S_IFREG on Linux), st_nlink 0 once it
 * is unlinked.
 *
 * Result: 0, or -1.
 * Errors: EBADF, EIO, EOVERFLOW  as fstat()
 * Source: POSIX fstat, <sys/stat.h>; man 2 fstat, man 3 stat.
 */
PSHM_API int pshm_fstat(int fd, struct stat *st);

/*
 * Set an object's permissions to exactly mode.
 *
 * Passed on as it is: beyond enum pshm_mode, what other bits do is the
 * system's affair, as POSIX leaves it.
 *
 * Hidden: descriptors and mappings that exist are not affected. Who is not in
 * the object's group loses S_ISGID.
 *
 * Result: 0, or -1.
 * Errors: EBADF, EPERM, EROFS  as fchmod()
 * Source: POSIX fchmod, man 2 fchmod.
 */
PSHM_API int pshm_fchmod(int fd, mode_t mode);

/*
 * Set an object's owner and group; (uid_t)-1 and (gid_t)-1 leave one alone.
 *
 * Hidden: only the privileged may give an object away; the owner may choose
 * among his groups. On success, S_ISUID and S_ISGID may be cleared.
 *
 * Result: 0, or -1.
 * Errors: EBADF, EINVAL, EIO, EPERM, EROFS  as fchown()
 * Source: POSIX fchown, man 2 fchown.
 */
PSHM_API int pshm_fchown(int fd, uid_t uid, gid_t gid);

/*
 * Set an object's times: times[0] of the last access, times[1] of the last
 * change of content, in seconds and nanoseconds since 1970. tv_nsec may be UTIME_NOW or
 * UTIME_OMIT; times a null pointer means both now.
 *
 * Hidden: the time of the last status change is always set to now. Stores
 * through a mapping set no time.
 *
 * Result: 0, or -1.
 * Errors: EACCES, EBADF, EINVAL, EPERM, EROFS  as futimens()
 * Source: POSIX futimens, man 3 futimens.
 */
PSHM_API int pshm_futimens(int fd, const struct timespec times[2]);

/* ---- List ---- */

/*
 * Call each(name, arg) for every object of the system, in no order, until it
 * returns something other than 0.
 *
 * name: with its slash, as pshm_open() takes it; good until each returns.
 * An object that exists throughout is told exactly once, one that comes or
 * goes meanwhile at most once. each may call anything here, pshm_unlink() on
 * what it was told included.
 *
 * Hidden: on Linux an object is a regular file in /dev/shm. Named semaphores
 * are objects too, called "/sem." and their name. Other users' objects are
 * told as well. -1 from each cannot be told from a failure: let it return
 * something else.
 *
 * Result: what each returned, 0 at the end, or -1.
 * Errors: EINVAL   each is a null pointer
 *         ENOTSUP  the system has no way to tell
 *         EACCES, EMFILE, ENFILE, ENOENT, ENOMEM  as opendir() and readdir()
 * Source: man 7 shm_overview, man 7 sem_overview; POSIX has none.
 */
PSHM_API int pshm_list(int (*each)(const char *name, void *arg), void *arg);

/* ---- Text ---- */

/*
 * The name of an error number ("EEXIST"), for every error that POSIX defines.
 *
 * Where two names have one number, that which POSIX uses for it more: EAGAIN
 * (not EWOULDBLOCK), ENOTSUP (not EOPNOTSUPP).
 *
 * Result: a constant; or a null pointer, with errno set.
 * Errors: EINVAL  not the number of an error that POSIX defines
 * Source: POSIX <errno.h>, man 3 errno.
 */
PSHM_API const char *pshm_error_name(int errnum);

/*
 * The number of an error's name, EWOULDBLOCK and EOPNOTSUPP included; upper
 * case, as in C.
 *
 * Result: the number, more than 0; or -1.
 * Errors: EINVAL  not the name of an error that POSIX defines, or the system
 *                 does not have it; name is a null pointer
 * Source: POSIX <errno.h>, man 3 errno.
 */
PSHM_API int pshm_error_number(const char *name);

/* Bytes that hold any message of pshm_strerror(). */
#define PSHM_STRERROR_SIZE 256

/*
 * A sentence on an error number, in the language of the locale: strerror(),
 * for threads.
 *
 * Result: buf, with at most size bytes of text and final null byte; errno is
 * left alone unless there is an error, and there is text even then.
 * Errors: EINVAL  the system does not know the number
 *         ERANGE  the text was cut
 * Source: POSIX strerror_r, man 3 strerror.
 */
PSHM_API char *pshm_strerror(int errnum, char *buf, size_t size);

/* Words in the two spellings of enum pshm_mode. */
enum pshm_spelling {
	PSHM_LONG, /* user-read, group-write, other-all */
	PSHM_SHORT /* rusr, wgrp, rwxo */
};

/* Bytes that hold any text of the *_to_text() calls. */
#define PSHM_TEXT_SIZE 128

/*
 * Flags from words, and words from flags.
 *
 * oflag: rdonly rdwr creat excl trunc
 * mode:  user-read user-write user-exec user-all, the same with group- and
 *        other-; or rusr wusr xusr rwxu, rgrp wgrp xgrp rwxg, roth woth xoth
 *        rwxo; both spellings may be mixed
 * prot:  none read write exec
 * map:   shared private anonymous fixed growsdown noreserve
 *
 * Text in: words in any order, between them any of space, comma and '|'; a
 * word may come twice. No word at all is mode 0, and EINVAL otherwise.
 * Text out: words with '|' between them; "" for mode 0; three bits of a class
 * are told by its -all (rwx) word.
 *
 * Result: 0, and *value or buf filled; or -1 and it is not to be used.
 * Errors: EINVAL  an unknown word or bit; not exactly one of rdonly and rdwr;
 *                 none beside another; not exactly one of shared and private;
 *                 a null pointer; a spelling that is not listed
 *         ERANGE  (to text) size is too small
 * Source: POSIX <fcntl.h>, <sys/stat.h>, <sys/mman.h>.
 */
PSHM_API int pshm_oflag_from_text(const char *text, int *value);
PSHM_API int pshm_oflag_to_text(int oflag, char *buf, size_t size);
PSHM_API int pshm_mode_from_text(const char *text, mode_t *value);
PSHM_API int pshm_mode_to_text(mode_t mode, enum pshm_spelling spelling, char *buf, size_t size);
PSHM_API int pshm_prot_from_text(const char *text, int *value);
PSHM_API int pshm_prot_to_text(int prot, char *buf, size_t size);
PSHM_API int pshm_map_flags_from_text(const char *text, int *value);
PSHM_API int pshm_map_flags_to_text(int flags, char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
