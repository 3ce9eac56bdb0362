/* SPDX-License-Identifier: MIT */
/* mount_options.c and owner_options.c: the words of -o. */
#include "line.h"
#include "unit.h"

#include <unistd.h>

static void test_words_have_their_values(void)
{
	static const struct {
		const char *arguments;
		enum data_path data;
		enum local_lock local_lock;
		bool flat;
	} lines[] = {
		{ "-o data=auto /m", DATA_AUTO, LOCAL_NONE, false },
		{ "-o data=passthrough /m", DATA_PASSTHROUGH, LOCAL_NONE, false },
		{ "-o local_lock=none /m", DATA_AUTO, LOCAL_NONE, false },
		{ "-o local_lock=flock /m", DATA_AUTO, LOCAL_FLOCK, false },
		{ "-o local_lock=posix /m", DATA_AUTO, LOCAL_POSIX, false },
		{ "-o local_lock=all /m", DATA_AUTO, LOCAL_ALL, false },
		{ "-o flat /m", DATA_AUTO, LOCAL_NONE, true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		LINE line;

		parse(&line, lines[i].arguments);
		g_assert_cmpint(line.error, ==, 0);
		g_assert_cmpint(line.options.data, ==, lines[i].data);
		g_assert_cmpint(line.options.local_lock, ==, lines[i].local_lock);
		g_assert_cmpint(line.options.flat, ==, lines[i].flat);
	}
}

static void test_requests_come_by_the_device_unless_told_otherwise(void)
{
	static const struct {
		const char *arguments;
		enum transport transport;
	} lines[] = {
		{ "/m", TRANSPORT_DEVICE },
		{ "-o io_uring=off /m", TRANSPORT_DEVICE },
		{ "-o io_uring=auto /m", TRANSPORT_AUTO },
		{ "-o io_uring=on /m", TRANSPORT_URING },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		LINE line;

		parse(&line, lines[i].arguments);
		g_assert_cmpint(line.error, ==, 0);
		g_assert_cmpint(line.options.transport, ==, lines[i].transport);
	}
}

/* What came by io_uring goes with the process that read it. What becomes of auto the
 * session says. */
static void test_supervision_goes_without_io_uring(void)
{
	static const struct {
		const char *arguments;
		enum supervision supervise;
		enum transport transport;
	} lines[] = {
		{ "/m", SUPERVISE_OFF, TRANSPORT_DEVICE },
		{ "-o supervise /m", SUPERVISE_ON, TRANSPORT_DEVICE },
		{ "-o supervise=on /m", SUPERVISE_ON, TRANSPORT_DEVICE },
		{ "-o supervise=auto /m", SUPERVISE_AUTO, TRANSPORT_DEVICE },
		{ "-o supervise,supervise=off /m", SUPERVISE_OFF, TRANSPORT_DEVICE },
		{ "-o io_uring=auto,supervise /m", SUPERVISE_ON, TRANSPORT_AUTO },
		{ "-o io_uring=on,supervise=auto /m", SUPERVISE_OFF, TRANSPORT_URING },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		LINE line;

		parse(&line, lines[i].arguments);
		g_assert_cmpint(line.error, ==, 0);
		g_assert_cmpint(line.options.supervise, ==, lines[i].supervise);
		g_assert_cmpint(line.options.transport, ==, lines[i].transport);
	}
}

static void test_answers_have_a_time_limit_only_if_asked_for(void)
{
	static const struct {
		const char *arguments;
		unsigned seconds;
	} lines[] = {
		{ "/m", 0 },
		{ "-o request_timeout=0 /m", 0 },
		{ "-o request_timeout=15,local_lock=all /m", 15 },
		{ "-o local_lock=all,request_timeout=65535 /m", 65535 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		LINE line;

		parse(&line, lines[i].arguments);
		g_assert_cmpint(line.error, ==, 0);
		g_assert_cmpint(line.options.request_timeout, ==, lines[i].seconds);
	}
}

static void test_attributes_are_kept_only_if_asked_for(void)
{
	LINE plain, kept, not_kept;

	parse(&plain, "/m");
	parse(&kept, "-o ac /m");
	parse(&not_kept, "-o ac,noac /m");
	g_assert_false(plain.options.ac);
	g_assert_true(kept.options.ac);
	g_assert_false(not_kept.options.ac);
}

static void test_audit_is_off_unless_asked_for(void)
{
	LINE plain, audited;

	parse(&plain, "/m");
	parse(&audited, "-o audit /m");
	g_assert_false(plain.options.audit);
	g_assert_true(audited.options.audit);
}

static void test_other_users_are_allowed_or_not(void)
{
	LINE allowed, denied, changed;

	parse(&allowed, "-o allow_other /m");
	g_assert_true(allowed.options.allow_other);
	g_assert_true(has_mount_option(&allowed, "allow_other"));
	parse(&denied, "-o noallow_other /m");
	g_assert_false(denied.options.allow_other);
	g_assert_false(has_mount_option(&denied, "allow_other"));
	parse(&changed, "-o allow_other,noallow_other /m");
	g_assert_false(has_mount_option(&changed, "allow_other"));
}

static void test_root_is_a_part_with_shares(void)
{
	LINE whole, part;

	parse(&whole, "/m");
	g_assert_null(whole.options.subdir);
	g_assert_cmpuint(whole.options.shares.count, ==, 0);
	g_assert_false(whole.options.ephemeral);
	parse(&part, "-o ephemeral,share_ro=a:b,share=*,subdir=team/cam /m");
	g_assert_cmpint(part.error, ==, 0);
	g_assert_cmpstr(part.options.subdir, ==, "team/cam");
	g_assert_true(part.options.ephemeral);
	g_assert_cmpint(shares_find(&part.options.shares, "b"), ==, SHARED_RO);
	g_assert_cmpint(shares_find(&part.options.shares, "c"), ==, SHARED_RW);
}

static void test_mount_s_own_words_are_passed_on(void)
{
	static const char *const words[] = {
		"ro",	"rw",	 "suid",    "nosuid", "dev",	 "nodev",    "exec",	  "noexec",
		"sync", "async", "dirsync", "atime",  "noatime", "diratime", "nodiratime"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autofree char *arguments = g_strdup_printf("-o %s /m", words[i]);
		LINE line;

		parse(&line, arguments);
		g_assert_cmpint(line.error, ==, 0);
		g_assert_true(has_mount_option(&line, words[i]));
	}
}

static void test_fstab_s_other_words_are_left_out(void)
{
	static const char *const words[] = { "defaults",      "auto",
					     "noauto",	      "user",
					     "nouser",	      "users",
					     "owner",	      "group",
					     "nofail",	      "_netdev",
					     "relatime",      "norelatime",
					     "x-mount.mkdir", "x-systemd.automount",
					     "X-any=thing",   "comment=said",
					     "uhelper=x" };
	LINE plain;

	parse(&plain, "/m");
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autofree char *arguments = g_strdup_printf("-o %s /m", words[i]);
		LINE line;

		parse(&line, arguments);
		g_assert_cmpint(line.error, ==, 0);
		g_assert_cmpstr(line.options.mount_options, ==, plain.options.mount_options);
	}
}

/* Only root's daemon can make things for others. */
static bool may_map_owners(void)
{
	if (geteuid() == 0)
		return true;
	g_test_skip("needs root");
	return false;
}

static void test_owners_are_mapped_by_numbers_and_names(void)
{
	const struct owners *owners;
	uint32_t host;
	LINE line = { 0 };

	if (!may_map_owners())
		return;
	parse(&line, "-o map_uid=1000:100000:root:7,map_gid=5:6 /m");
	g_assert_cmpint(line.error, ==, 0);
	owners = &line.options.owners;
	g_assert_cmpuint(id_shown(&owners->users, 1000), ==, 100000);
	g_assert_true(id_of_caller(&owners->users, 7, &host));
	g_assert_cmpuint(host, ==, 0);
	g_assert_cmpuint(id_shown(&owners->groups, 5), ==, 6);
	g_assert_cmpuint(id_shown(&owners->groups, 1000), ==, 1000);
}

static void test_the_last_map_counts(void)
{
	LINE line = { 0 };

	if (!may_map_owners())
		return;
	parse(&line, "-o map_uid=1:2:3:4 -o map_uid=5:6 /m");
	g_assert_cmpint(line.error, ==, 0);
	g_assert_cmpuint(line.options.owners.users.count, ==, 1);
	g_assert_cmpuint(id_shown(&line.options.owners.users, 5), ==, 6);
	g_assert_cmpuint(id_shown(&line.options.owners.users, 1), ==, 1);
}

static void test_one_owner_and_the_mode_of_new_files(void)
{
	LINE line = { 0 };

	if (!may_map_owners())
		return;
	parse(&line, "-o uid=root,gid=100,create_mode=0660 /m");
	g_assert_cmpint(line.error, ==, 0);
	g_assert_cmpuint(id_shown(&line.options.owners.users, 1000), ==, 0);
	g_assert_cmpuint(id_shown(&line.options.owners.groups, 1000), ==, 100);
	g_assert_cmpint(line.options.owners.create_mode, ==, 0660);
}

static void test_quota_is_given_as_to_tmpfs(void)
{
	const uint64_t memory = (uint64_t)sysconf(_SC_PAGESIZE) * (uint64_t)sysconf(_SC_PHYS_PAGES);
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const struct {
		const char *arguments;
		uint64_t size, nr_inodes;
	} lines[] = {
		{ "/m", 0, 0 },
		{ "-o size=0,nr_inodes=0 /m", 0, 0 },
		{ "-o size=1 /m", page, 0 },
		{ "-o size=8192 /m", 8192, 0 },
		{ "-o size=64k,nr_inodes=2k /m", 65536, 2048 },
		{ "-o size=3M,nr_inodes=1m /m", 3 << 20, 1 << 20 },
		{ "-o size=2g,nr_inodes=1G /m", 2UL << 30, 1 << 30 },
		{ "-o size=2g,size=1k /m", page, 0 },
		{ "-o size=100% /m", memory, 0 },
		{ "-o size=50% /m", (memory / 2 + page - 1) / page * page, 0 },
		{ "-o size=200% /m", 2 * memory, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		LINE line;

		parse(&line, lines[i].arguments);
		g_assert_cmpint(line.error, ==, 0);
		g_assert_cmpint(line.options.size, ==, lines[i].size);
		g_assert_cmpint(line.options.nr_inodes, ==, lines[i].nr_inodes);
		g_assert_false(line.options.reserve);
	}
}

static void test_reserve_is_a_plain_word(void)
{
	LINE line;

	parse(&line, "-o reserve,size=1m /m");
	g_assert_cmpint(line.error, ==, 0);
	g_assert_true(line.options.reserve);
}

static void test_wrong_word_has_one_line_that_says_so(void)
{
	static const struct {
		const char *arguments, *part;
	} lines[] = {
		{ "-o data /m", "'data' needs a value" },
		{ "-o data= /m", "auto, passthrough or mapped" },
		{ "-o data=fast /m", "data=fast" },
		{ "-o data=Mapped /m", "data=Mapped" },
		{ "-o local_lock=some /m", "local_lock=some" },
		{ "-o io_uring=maybe /m", "io_uring=maybe" },
		{ "-o supervise=maybe /m", "supervise=maybe" },
		{ "-o supervise,io_uring=on /m", "not with io_uring=on" },
		{ "-o request_timeout=14,local_lock=all /m", "request_timeout=14: give 15" },
		{ "-o request_timeout=65536,local_lock=all /m", "request_timeout=65536" },
		{ "-o request_timeout=1k,local_lock=all /m", "request_timeout=1k" },
		{ "-o request_timeout=-20,local_lock=all /m", "request_timeout=-20" },
		{ "-o request_timeout=,local_lock=all /m", "request_timeout=: give" },
		{ "-o request_timeout=60 /m", "request_timeout=60 needs local_lock=all" },
		{ "-o request_timeout=60,local_lock=posix /m", "needs local_lock=all" },
		{ "-o flat=yes /m", "'flat'" },
		{ "-o separator /m", "'separator' needs a value" },
		{ "-o separator= /m", "one byte" },
		{ "-o separator=++ /m", "one byte" },
		{ "-o separator=/ /m", "one byte" },
		{ "-o separator=. /m", "one byte" },
		{ "-o separator=, /m", "one byte" },
		{ "-o subdir= /m", "a directory of the tree" },
		{ "-o subdir=/ /m", "a directory of the tree" },
		{ "-o subdir /m", "'subdir' needs a value" },
		{ "-o subdir=team,flat /m", "subdir=team: with flat" },
		{ "-o flat,subdir=team /m", "subdir=team: with flat" },
		{ "-o ephemeral /m", "ephemeral needs subdir" },
		{ "-o share= /m", "share=: give patterns" },
		{ "-o share=a::b /m", "share=a::b: give patterns" },
		{ "-o share_ro=/a /m", "share_ro=/a: give patterns" },
		{ "-o map_uid= /m", "has no VIEW" },
		{ "-o map_uid=1000 /m", "'1000' has no VIEW" },
		{ "-o map_uid=1:2:3 /m", "'3' has no VIEW" },
		{ "-o map_uid=1:2: /m", "has no VIEW" },
		{ "-o map_uid=1: /m", "'' is no user" },
		{ "-o map_uid=no-such-user:1 /m", "'no-such-user' is no user" },
		{ "-o map_gid=1:no-such-group /m", "'no-such-group' is no group" },
		{ "-o map_uid=4294967295:1 /m", "'4294967295' is no user" },
		{ "-o map_uid=99999999999999999999:1 /m", "is no user" },
		{ "-o map_uid=-1:1 /m", "'-1' is no user" },
		{ "-o map_uid=1:2:1:3 /m", "1:3 contradicts" },
		{ "-o map_uid=1:2:3:2 /m", "3:2 contradicts" },
		{ "-o map_uid=1:65534 /m", "VIEW 65534" },
		{ "-o uid=1,map_uid=1:2 /m", "uid and map_uid contradict" },
		{ "-o map_gid=1:2,gid=1 /m", "gid and map_gid contradict" },
		{ "-o uid= /m", "'' is no user" },
		{ "-o gid=no-such-group /m", "'no-such-group' is no group" },
		{ "-o create_mode= /m", "octal" },
		{ "-o create_mode=8 /m", "create_mode=8" },
		{ "-o create_mode=1777 /m", "create_mode=1777" },
		{ "-o create_mode=u+x /m", "octal" },
		{ "-o size /m", "'size' needs a value" },
		{ "-o size= /m", "size=:" },
		{ "-o size=-1 /m", "size=-1: give a number of bytes" },
		{ "-o size=1x /m", "size=1x" },
		{ "-o size=1kk /m", "size=1kk" },
		{ "-o size=k /m", "size=k" },
		{ "-o size=1%k /m", "size=1%k" },
		{ "-o size=9223372036854775807 /m", "size=9223372036854775807" },
		{ "-o size=99999999999g /m", "size=99999999999g" },
		{ "-o size=999999999999999999999 /m", "size=9999" },
		{ "-o size=99999999999999999% /m", "%: give a number" },
		{ "-o nr_inodes=10% /m", "nr_inodes=10%: give a number" },
		{ "-o nr_inodes=+1 /m", "nr_inodes=+1" },
		{ "-o reserve=1 /m", "'reserve' takes no value" },
		{ "-o bogus /m", "'bogus'" },
		{ "-o bogus=1 /m", "'bogus=1'" },
		{ "-o rox /m", "'rox'" },
		{ "-o dat=auto /m", "'dat=auto'" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
		is_wrong(lines[i].arguments, lines[i].part);
}

/* With e, the directory s would hold as m.x what is the semaphore sem.x: the
 * marker is se, and se and m.x make sem.x. */
static void test_separator_is_no_letter_of_the_semaphore_s_prefix(void)
{
	static const char *const lines[] = { "-o separator=e /m", "-o separator=m /m" };

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		LINE line;

		parse(&line, lines[i]);
		g_assert_cmpint(line.error, ==, -1);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("mount-options", words_have_their_values);
	add("mount-options", requests_come_by_the_device_unless_told_otherwise);
	add("mount-options", supervision_goes_without_io_uring);
	add("mount-options", answers_have_a_time_limit_only_if_asked_for);
	add("mount-options", attributes_are_kept_only_if_asked_for);
	add("mount-options", audit_is_off_unless_asked_for);
	add("mount-options", other_users_are_allowed_or_not);
	add("mount-options", root_is_a_part_with_shares);
	add("mount-options", mount_s_own_words_are_passed_on);
	add("mount-options", fstab_s_other_words_are_left_out);
	add("mount-options", owners_are_mapped_by_numbers_and_names);
	add("mount-options", the_last_map_counts);
	add("mount-options", one_owner_and_the_mode_of_new_files);
	add("mount-options", quota_is_given_as_to_tmpfs);
	add("mount-options", reserve_is_a_plain_word);
	add("mount-options", wrong_word_has_one_line_that_says_so);
	add("mount-options", separator_is_no_letter_of_the_semaphore_s_prefix);
	return g_test_run();
}
