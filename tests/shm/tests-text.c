/* SPDX-License-Identifier: MIT */
/* text.c, flags.c */
#include "helpers.h"

/* ---- modes ---- */

static const struct {
	const char *long_word, *short_word;
	mode_t bits;
	mode_t constants[2];
} mode_words[] = {
	{ "user-all", "rwxu", S_IRWXU, { PSHM_USER_ALL, PSHM_RWXU } },
	{ "user-read", "rusr", S_IRUSR, { PSHM_USER_READ, PSHM_RUSR } },
	{ "user-write", "wusr", S_IWUSR, { PSHM_USER_WRITE, PSHM_WUSR } },
	{ "user-exec", "xusr", S_IXUSR, { PSHM_USER_EXEC, PSHM_XUSR } },
	{ "group-all", "rwxg", S_IRWXG, { PSHM_GROUP_ALL, PSHM_RWXG } },
	{ "group-read", "rgrp", S_IRGRP, { PSHM_GROUP_READ, PSHM_RGRP } },
	{ "group-write", "wgrp", S_IWGRP, { PSHM_GROUP_WRITE, PSHM_WGRP } },
	{ "group-exec", "xgrp", S_IXGRP, { PSHM_GROUP_EXEC, PSHM_XGRP } },
	{ "other-all", "rwxo", S_IRWXO, { PSHM_OTHER_ALL, PSHM_RWXO } },
	{ "other-read", "roth", S_IROTH, { PSHM_OTHER_READ, PSHM_ROTH } },
	{ "other-write", "woth", S_IWOTH, { PSHM_OTHER_WRITE, PSHM_WOTH } },
	{ "other-exec", "xoth", S_IXOTH, { PSHM_OTHER_EXEC, PSHM_XOTH } },
};

static mode_t mode_from(const char *text)
{
	mode_t mode;

	assert_ok(pshm_mode_from_text(text, &mode));
	return mode;
}

static void test_mode_word_has_its_bits_in_both_spellings(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(mode_words); i++) {
		g_assert_cmpuint(mode_from(mode_words[i].long_word), ==, mode_words[i].bits);
		g_assert_cmpuint(mode_from(mode_words[i].short_word), ==, mode_words[i].bits);
		g_assert_cmpuint(mode_words[i].constants[0], ==, mode_words[i].bits);
		g_assert_cmpuint(mode_words[i].constants[1], ==, mode_words[i].bits);
	}
}

static void test_mode_bits_have_their_word_in_both_spellings(void)
{
	char text[PSHM_TEXT_SIZE];

	for (size_t i = 0; i < G_N_ELEMENTS(mode_words); i++) {
		assert_ok(pshm_mode_to_text(mode_words[i].bits, PSHM_LONG, text, sizeof(text)));
		g_assert_cmpstr(text, ==, mode_words[i].long_word);
		assert_ok(pshm_mode_to_text(mode_words[i].bits, PSHM_SHORT, text, sizeof(text)));
		g_assert_cmpstr(text, ==, mode_words[i].short_word);
	}
}

static void test_every_mode_survives_as_text(void)
{
	char text[PSHM_TEXT_SIZE];

	for (mode_t mode = 0; mode <= 0777; mode++) {
		assert_ok(pshm_mode_to_text(mode, PSHM_LONG, text, sizeof(text)));
		g_assert_cmpuint(mode_from(text), ==, mode);
		assert_ok(pshm_mode_to_text(mode, PSHM_SHORT, text, sizeof(text)));
		g_assert_cmpuint(mode_from(text), ==, mode);
	}
}

static void test_mode_text_reads_from_user_to_other(void)
{
	char text[PSHM_TEXT_SIZE];

	assert_ok(pshm_mode_to_text(0764, PSHM_LONG, text, sizeof(text)));
	g_assert_cmpstr(text, ==, "user-all|group-read|group-write|other-read");
	assert_ok(pshm_mode_to_text(0764, PSHM_SHORT, text, sizeof(text)));
	g_assert_cmpstr(text, ==, "rwxu|rgrp|wgrp|roth");
}

static void test_words_may_be_separated_and_mixed_freely(void)
{
	g_assert_cmpuint(mode_from(" rusr, user-write||roth rusr "), ==, 0604);
}

static void test_mode_without_words_is_0(void)
{
	char text[PSHM_TEXT_SIZE];

	g_assert_cmpuint(mode_from(""), ==, 0);
	assert_ok(pshm_mode_to_text(0, PSHM_LONG, text, sizeof(text)));
	g_assert_cmpstr(text, ==, "");
}

static void test_unknown_mode_words_are_einval(void)
{
	mode_t mode;

	assert_fails(pshm_mode_from_text("user", &mode), EINVAL);
	assert_fails(pshm_mode_from_text("user-reads", &mode), EINVAL);
	assert_fails(pshm_mode_from_text("rusr;wusr", &mode), EINVAL);
	assert_fails(pshm_mode_from_text("RUSR", &mode), EINVAL);
	assert_fails(pshm_mode_from_text("0600", &mode), EINVAL);
	assert_fails(pshm_mode_from_text(NULL, &mode), EINVAL);
	assert_fails(pshm_mode_from_text("rusr", NULL), EINVAL);
}

static void test_modes_beyond_permissions_are_einval(void)
{
	char text[PSHM_TEXT_SIZE];

	assert_fails(pshm_mode_to_text(01000, PSHM_LONG, text, sizeof(text)), EINVAL);
	assert_fails(pshm_mode_to_text(0600, (enum pshm_spelling)2, text, sizeof(text)), EINVAL);
}

/* ---- open flags ---- */

static int oflag_from(const char *text)
{
	int oflag;

	assert_ok(pshm_oflag_from_text(text, &oflag));
	return oflag;
}

static void test_oflag_words_have_their_bits(void)
{
	g_assert_cmpint(oflag_from("rdonly"), ==, O_RDONLY);
	g_assert_cmpint(oflag_from("rdwr"), ==, O_RDWR);
	g_assert_cmpint(oflag_from("rdwr|creat|excl|trunc"), ==,
			O_RDWR | O_CREAT | O_EXCL | O_TRUNC);
	g_assert_cmpint(oflag_from("rdonly creat"), ==, PSHM_RDONLY | PSHM_CREAT);
}

static void test_oflag_needs_one_of_rdonly_and_rdwr(void)
{
	int oflag;

	assert_fails(pshm_oflag_from_text("rdonly rdwr", &oflag), EINVAL);
	assert_fails(pshm_oflag_from_text("creat", &oflag), EINVAL);
	assert_fails(pshm_oflag_from_text("", &oflag), EINVAL);
	assert_fails(pshm_oflag_from_text("wronly", &oflag), EINVAL);
	assert_fails(pshm_oflag_from_text("rdwr append", &oflag), EINVAL);
	assert_fails(pshm_oflag_from_text("rdwr", NULL), EINVAL);
}

static void test_oflag_bits_have_their_words(void)
{
	char text[PSHM_TEXT_SIZE];

	assert_ok(pshm_oflag_to_text(O_RDONLY, text, sizeof(text)));
	g_assert_cmpstr(text, ==, "rdonly");
	assert_ok(pshm_oflag_to_text(O_RDONLY | O_TRUNC, text, sizeof(text)));
	g_assert_cmpstr(text, ==, "rdonly|trunc");
	assert_ok(pshm_oflag_to_text(O_RDWR | O_CREAT | O_EXCL, text, sizeof(text)));
	g_assert_cmpstr(text, ==, "rdwr|creat|excl");
	assert_fails(pshm_oflag_to_text(O_WRONLY, text, sizeof(text)), EINVAL);
	assert_fails(pshm_oflag_to_text(O_RDWR | O_APPEND, text, sizeof(text)), EINVAL);
}

/* ---- prot ---- */

static void test_prot_words_have_their_bits(void)
{
	int prot;

	assert_ok(pshm_prot_from_text("none", &prot));
	g_assert_cmpint(prot, ==, PROT_NONE);
	assert_ok(pshm_prot_from_text("read write exec", &prot));
	g_assert_cmpint(prot, ==, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void test_prot_none_stands_alone(void)
{
	int prot;

	assert_fails(pshm_prot_from_text("none read", &prot), EINVAL);
	assert_fails(pshm_prot_from_text("write none", &prot), EINVAL);
	assert_fails(pshm_prot_from_text("", &prot), EINVAL);
	assert_fails(pshm_prot_from_text("sem", &prot), EINVAL);
}

static void test_prot_bits_have_their_words(void)
{
	char text[PSHM_TEXT_SIZE];

	assert_ok(pshm_prot_to_text(PROT_NONE, text, sizeof(text)));
	g_assert_cmpstr(text, ==, "none");
	assert_ok(pshm_prot_to_text(PROT_EXEC | PROT_READ, text, sizeof(text)));
	g_assert_cmpstr(text, ==, "read|exec");
	assert_fails(pshm_prot_to_text(8, text, sizeof(text)), EINVAL);
}

/* ---- map flags ---- */

static void test_map_words_have_their_bits(void)
{
	int flags;

	assert_ok(pshm_map_flags_from_text("shared", &flags));
	g_assert_cmpint(flags, ==, MAP_SHARED);
	assert_ok(pshm_map_flags_from_text("private anonymous fixed growsdown noreserve", &flags));
	g_assert_cmpint(flags, ==,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN | MAP_NORESERVE);
}

static void test_map_flags_need_one_of_shared_and_private(void)
{
	int flags;

	assert_fails(pshm_map_flags_from_text("shared private", &flags), EINVAL);
	assert_fails(pshm_map_flags_from_text("fixed", &flags), EINVAL);
	assert_fails(pshm_map_flags_from_text("", &flags), EINVAL);
	assert_fails(pshm_map_flags_from_text("shared populate", &flags), EINVAL);
}

static void test_map_bits_have_their_words(void)
{
	char text[PSHM_TEXT_SIZE];

	assert_ok(pshm_map_flags_to_text(MAP_SHARED | MAP_FIXED, text, sizeof(text)));
	g_assert_cmpstr(text, ==, "shared|fixed");
	assert_fails(pshm_map_flags_to_text(MAP_SHARED | MAP_PRIVATE, text, sizeof(text)), EINVAL);
	assert_fails(pshm_map_flags_to_text(MAP_SHARED | MAP_POPULATE, text, sizeof(text)),
		     EINVAL);
}

/* ---- room ---- */

static void test_text_that_does_not_fit_is_erange(void)
{
	char text[PSHM_TEXT_SIZE];

	assert_ok(pshm_oflag_to_text(O_RDWR | O_CREAT, text, sizeof("rdwr|creat")));
	g_assert_cmpstr(text, ==, "rdwr|creat");
	assert_fails(pshm_oflag_to_text(O_RDWR | O_CREAT, text, sizeof("rdwr|creat") - 1), ERANGE);
	assert_fails(pshm_prot_to_text(PROT_NONE, text, sizeof("none") - 1), ERANGE);
	assert_fails(pshm_mode_to_text(0, PSHM_LONG, text, 0), ERANGE);
	assert_fails(pshm_map_flags_to_text(MAP_SHARED, NULL, 0), EINVAL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("text", mode_word_has_its_bits_in_both_spellings);
	add("text", mode_bits_have_their_word_in_both_spellings);
	add("text", every_mode_survives_as_text);
	add("text", mode_text_reads_from_user_to_other);
	add("text", words_may_be_separated_and_mixed_freely);
	add("text", mode_without_words_is_0);
	add("text", unknown_mode_words_are_einval);
	add("text", modes_beyond_permissions_are_einval);
	add("text", oflag_words_have_their_bits);
	add("text", oflag_needs_one_of_rdonly_and_rdwr);
	add("text", oflag_bits_have_their_words);
	add("text", prot_words_have_their_bits);
	add("text", prot_none_stands_alone);
	add("text", prot_bits_have_their_words);
	add("text", map_words_have_their_bits);
	add("text", map_flags_need_one_of_shared_and_private);
	add("text", map_bits_have_their_words);
	add("text", text_that_does_not_fit_is_erange);
	return g_test_run();
}
