/* SPDX-License-Identifier: MIT */
/* Errors: number <-> name, and a sentence on a number. */

/* strerror_r() comes in two kinds; without _GNU_SOURCE it is POSIX's. */
#undef _GNU_SOURCE
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "internal.h"

struct error {
	int number;
	const char *name;
};

#define ERROR(name) { name, #name }

/* POSIX.1-2017 <errno.h>, and what POSIX.1-2024 adds. Where two have one
 * number, the first is its name. */
static const struct error errors[] = {
	ERROR(E2BIG),
	ERROR(EACCES),
	ERROR(EADDRINUSE),
	ERROR(EADDRNOTAVAIL),
	ERROR(EAFNOSUPPORT),
	ERROR(EAGAIN),
	ERROR(EALREADY),
	ERROR(EBADF),
	ERROR(EBADMSG),
	ERROR(EBUSY),
	ERROR(ECANCELED),
	ERROR(ECHILD),
	ERROR(ECONNABORTED),
	ERROR(ECONNREFUSED),
	ERROR(ECONNRESET),
	ERROR(EDEADLK),
	ERROR(EDESTADDRREQ),
	ERROR(EDOM),
	ERROR(EDQUOT),
	ERROR(EEXIST),
	ERROR(EFAULT),
	ERROR(EFBIG),
	ERROR(EHOSTUNREACH),
	ERROR(EIDRM),
	ERROR(EILSEQ),
	ERROR(EINPROGRESS),
	ERROR(EINTR),
	ERROR(EINVAL),
	ERROR(EIO),
	ERROR(EISCONN),
	ERROR(EISDIR),
	ERROR(ELOOP),
	ERROR(EMFILE),
	ERROR(EMLINK),
	ERROR(EMSGSIZE),
	ERROR(EMULTIHOP),
	ERROR(ENAMETOOLONG),
	ERROR(ENETDOWN),
	ERROR(ENETRESET),
	ERROR(ENETUNREACH),
	ERROR(ENFILE),
	ERROR(ENOBUFS),
	ERROR(ENODEV),
	ERROR(ENOENT),
	ERROR(ENOEXEC),
	ERROR(ENOLCK),
	ERROR(ENOLINK),
	ERROR(ENOMEM),
	ERROR(ENOMSG),
	ERROR(ENOPROTOOPT),
	ERROR(ENOSPC),
	ERROR(ENOSYS),
	ERROR(ENOTCONN),
	ERROR(ENOTDIR),
	ERROR(ENOTEMPTY),
	ERROR(ENOTRECOVERABLE),
	ERROR(ENOTSOCK),
	ERROR(ENOTSUP),
	ERROR(ENOTTY),
	ERROR(ENXIO),
	ERROR(EOVERFLOW),
	ERROR(EOWNERDEAD),
	ERROR(EPERM),
	ERROR(EPIPE),
	ERROR(EPROTO),
	ERROR(EPROTONOSUPPORT),
	ERROR(EPROTOTYPE),
	ERROR(ERANGE),
	ERROR(EROFS),
	ERROR(ESPIPE),
	ERROR(ESRCH),
	ERROR(ESTALE),
	ERROR(ETIMEDOUT),
	ERROR(ETXTBSY),
	ERROR(EXDEV),

	/* Often the same numbers as EAGAIN and ENOTSUP. */
	ERROR(EWOULDBLOCK),
	ERROR(EOPNOTSUPP),

/* Of STREAMS, which not every system has; and new in 2024. */
#ifdef ENODATA
	ERROR(ENODATA),
#endif
#ifdef ENOSR
	ERROR(ENOSR),
#endif
#ifdef ENOSTR
	ERROR(ENOSTR),
#endif
#ifdef ETIME
	ERROR(ETIME),
#endif
#ifdef ESOCKTNOSUPPORT
	ERROR(ESOCKTNOSUPPORT),
#endif
};

#define ERROR_COUNT (sizeof(errors) / sizeof(errors[0]))

const char *pshm_error_name(int errnum)
{
	for (size_t i = 0; i < ERROR_COUNT; i++)
		if (errors[i].number == errnum)
			return errors[i].name;
	errno = EINVAL;
	return NULL;
}

int pshm_error_number(const char *name)
{
	for (size_t i = 0; name && i < ERROR_COUNT; i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	return fail_with(EINVAL);
}

/* musl gives every number it does not know the sentence of 0, and no error. */
static int sentence(int errnum, char text[PSHM_STRERROR_SIZE])
{
	char none[PSHM_STRERROR_SIZE];
	int error = strerror_r(errnum, text, PSHM_STRERROR_SIZE);

	if (error)
		return error == ERANGE ? ERANGE : EINVAL;
	if (errnum == 0)
		return 0;
	if (strerror_r(0, none, sizeof(none)) == 0 && strcmp(text, none) == 0)
		return EINVAL;
	return 0;
}

char *pshm_strerror(int errnum, char *buf, size_t size)
{
	char text[PSHM_STRERROR_SIZE];
	int saved = errno;
	int error = sentence(errnum, text);

	if (error == EINVAL)
		snprintf(text, sizeof(text), "Unknown error %d", errnum);
	if ((size_t)snprintf(buf, size, "%s", text) >= size && !error)
		error = ERANGE;
	errno = error ? error : saved;
	return buf;
}
