/* SPDX-License-Identifier: MIT */
/* error.c */
#include <locale.h>

#include "helpers.h"

/* In the order of POSIX.1-2024's <errno.h>. */
#define POSIX_ERRORS \
	X(E2BIG) X(EACCES) X(EADDRINUSE) X(EADDRNOTAVAIL) X(EAFNOSUPPORT) X(EAGAIN) \
	X(EALREADY) X(EBADF) X(EBADMSG) X(EBUSY) X(ECANCELED) X(ECHILD) X(ECONNABORTED) \
	X(ECONNREFUSED) X(ECONNRESET) X(EDEADLK) X(EDESTADDRREQ) X(EDOM) X(EDQUOT) \
	X(EEXIST) X(EFAULT) X(EFBIG) X(EHOSTUNREACH) X(EIDRM) X(EILSEQ) X(EINPROGRESS) \
	X(EINTR) X(EINVAL) X(EIO) X(EISCONN) X(EISDIR) X(ELOOP) X(EMFILE) X(EMLINK) \
	X(EMSGSIZE) X(EMULTIHOP) X(ENAMETOOLONG) X(ENETDOWN) X(ENETRESET) X(ENETUNREACH) \
	X(ENFILE) X(ENOBUFS) X(ENODATA) X(ENODEV) X(ENOENT) X(ENOEXEC) X(ENOLCK) \
	X(ENOLINK) X(ENOMEM) X(ENOMSG) X(ENOPROTOOPT) X(ENOSPC) X(ENOSR) X(ENOSTR) \
	X(ENOSYS) X(ENOTCONN) X(ENOTDIR) X(ENOTEMPTY) X(ENOTRECOVERABLE) X(ENOTSOCK) \
	X(ENOTSUP) X(ENOTTY) X(ENXIO) X(EOPNOTSUPP) X(EOVERFLOW) X(EOWNERDEAD) X(EPERM) \
	X(EPIPE) X(EPROTO) X(EPROTONOSUPPORT) X(EPROTOTYPE) X(ERANGE) X(EROFS) \
	X(ESOCKTNOSUPPORT) X(ESPIPE) X(ESRCH) X(ESTALE) X(ETIME) X(ETIMEDOUT) X(ETXTBSY) \
	X(EWOULDBLOCK) X(EXDEV)

static const struct {
	int number;
	const char *name;
} posix_errors[] = {
#define X(name) { name, #name },
	POSIX_ERRORS
#undef X
};

static void test_every_posix_error_has_its_number(void)
{
	g_assert_cmpuint(G_N_ELEMENTS(posix_errors), ==, 82);
	for (size_t i = 0; i < G_N_ELEMENTS(posix_errors); i++)
		g_assert_cmpint(pshm_error_number(posix_errors[i].name), ==,
				posix_errors[i].number);
}

static void test_every_number_has_a_name_of_its_own(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(posix_errors); i++) {
		const char *name = pshm_error_name(posix_errors[i].number);

		g_assert_nonnull(name);
		g_assert_cmpint(pshm_error_number(name), ==, posix_errors[i].number);
		if (strcmp(name, "EAGAIN") != 0 && strcmp(name, "ENOTSUP") != 0)
			g_assert_cmpstr(name, ==, posix_errors[i].name);
	}
}

static void test_shared_numbers_have_the_usual_name(void)
{
	g_assert_cmpstr(pshm_error_name(EWOULDBLOCK), ==, "EAGAIN");
	g_assert_cmpstr(pshm_error_name(ENOTSUP), ==, "ENOTSUP");
}

static void test_unknown_number_has_no_name(void)
{
	static const int unknown[] = { 0, -1, -EEXIST, 4711 };

	for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) {
		errno = 0;
		g_assert_null(pshm_error_name(unknown[i]));
		g_assert_cmpint(errno, ==, EINVAL);
	}
}

static void test_unknown_name_has_no_number(void)
{
	assert_fails(pshm_error_number("ENOSUCHERROR"), EINVAL);
	assert_fails(pshm_error_number("eexist"), EINVAL);
	assert_fails(pshm_error_number("EEXIST "), EINVAL);
	assert_fails(pshm_error_number(""), EINVAL);
	assert_fails(pshm_error_number(NULL), EINVAL);
}

static void test_strerror_tells_what_the_system_tells(void)
{
	char text[PSHM_STRERROR_SIZE];

	for (size_t i = 0; i < G_N_ELEMENTS(posix_errors); i++)
		g_assert_cmpstr(pshm_strerror(posix_errors[i].number, text, sizeof(text)), ==,
				strerror(posix_errors[i].number));
}

static void test_strerror_keeps_errno(void)
{
	char text[PSHM_STRERROR_SIZE];

	errno = EEXIST;
	g_assert_true(pshm_strerror(errno, text, sizeof(text)) == text);
	g_assert_cmpint(errno, ==, EEXIST);
	pshm_strerror(0, text, sizeof(text));
	g_assert_cmpint(errno, ==, EEXIST);
}

static void test_strerror_of_unknown_number_is_einval(void)
{
	char text[PSHM_STRERROR_SIZE];

	errno = 0;
	g_assert_cmpstr(pshm_strerror(4711, text, sizeof(text)), ==, "Unknown error 4711");
	g_assert_cmpint(errno, ==, EINVAL);
}

static void test_strerror_cut_short_is_erange(void)
{
	char text[4];

	errno = 0;
	pshm_strerror(EEXIST, text, sizeof(text));
	g_assert_cmpint(errno, ==, ERANGE);
	g_assert_true(g_str_has_prefix(strerror(EEXIST), text));
	g_assert_cmpuint(strlen(text), ==, 3);
}

static void test_strerror_writes_nothing_into_no_room(void)
{
	char text = 'x';

	errno = 0;
	pshm_strerror(EEXIST, &text, 0);
	g_assert_cmpint(errno, ==, ERANGE);
	g_assert_cmpint(text, ==, 'x');
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("error", every_posix_error_has_its_number);
	add("error", every_number_has_a_name_of_its_own);
	add("error", shared_numbers_have_the_usual_name);
	add("error", unknown_number_has_no_name);
	add("error", unknown_name_has_no_number);
	add("error", strerror_tells_what_the_system_tells);
	add("error", strerror_keeps_errno);
	add("error", strerror_of_unknown_number_is_einval);
	add("error", strerror_cut_short_is_erange);
	add("error", strerror_writes_nothing_into_no_room);
	return g_test_run();
}
