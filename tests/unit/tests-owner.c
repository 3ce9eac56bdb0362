/* SPDX-License-Identifier: MIT */
/* owner.c: which ids are shown, and who a caller is. */
#include "owner.h"
#include "unit.h"

#include <endian.h>

/* ---- pairs ---- */

static struct owners owners_of_1000_as_100000(void)
{
	struct owners owners;

	owners_init(&owners);
	g_assert_true(id_map_add(&owners.users, 1000, 100000));
	g_assert_true(id_map_add(&owners.groups, 2000, 200000));
	return owners;
}

static void test_nothing_is_mapped_at_first(void)
{
	struct owners owners;
	uint32_t host;

	owners_init(&owners);
	g_assert_false(owners_mapped(&owners));
	g_assert_cmpuint(id_shown(&owners.users, 1000), ==, 1000);
	g_assert_true(id_of_caller(&owners.users, 1000, &host));
	g_assert_cmpuint(host, ==, 1000);
	g_assert_cmpuint(owners_mode(&owners, 0640, false), ==, 0640);
}

static void test_pair_counts_in_both_directions(void)
{
	struct owners owners = owners_of_1000_as_100000();
	uint32_t host;

	g_assert_true(owners_mapped(&owners));
	g_assert_cmpuint(id_shown(&owners.users, 1000), ==, 100000);
	g_assert_true(id_of_caller(&owners.users, 100000, &host));
	g_assert_cmpuint(host, ==, 1000);
	assert_result(id_given(&owners.users, 100000, &host), 0);
	g_assert_cmpuint(host, ==, 1000);
}

static void test_users_and_groups_have_maps_of_their_own(void)
{
	struct owners owners = owners_of_1000_as_100000();
	struct stat st = { .st_mode = S_IFREG | 0644, .st_uid = 2000, .st_gid = 2000 };

	owners_show(&owners, &st);
	g_assert_cmpuint(st.st_uid, ==, 2000);
	g_assert_cmpuint(st.st_gid, ==, 200000);
}

static void test_id_without_a_pair_stands_for_itself(void)
{
	struct owners owners = owners_of_1000_as_100000();
	uint32_t host;

	g_assert_cmpuint(id_shown(&owners.users, 1001), ==, 1001);
	g_assert_true(id_of_caller(&owners.users, 1001, &host));
	g_assert_cmpuint(host, ==, 1001);
}

/* Host 100000 would be shown as host 1000 is, and own what that one owns. */
static void test_host_that_has_another_s_view_is_not_shown(void)
{
	struct owners owners = owners_of_1000_as_100000();

	g_assert_cmpuint(id_shown(&owners.users, 100000), ==, owners.users.overflow);
}

static void test_caller_who_comes_as_a_mapped_host_is_nobody(void)
{
	struct owners owners = owners_of_1000_as_100000();
	uint32_t host;

	g_assert_false(id_of_caller(&owners.users, 1000, &host));
	assert_result(id_given(&owners.users, 1000, &host), -EOVERFLOW);
}

static void test_invalid_id_is_nobody(void)
{
	struct owners owners = owners_of_1000_as_100000();
	uint32_t host;

	g_assert_false(id_of_caller(&owners.users, NO_ID, &host));
	owners.users = (struct id_map){ .is_one = true, .id = 5 };
	g_assert_false(id_of_caller(&owners.users, NO_ID, &host));
}

static void test_two_can_change_places(void)
{
	struct id_map map = { .overflow = 65534 };
	uint32_t host;

	g_assert_true(id_map_add(&map, 1, 2));
	g_assert_true(id_map_add(&map, 2, 1));
	g_assert_cmpuint(id_shown(&map, 1), ==, 2);
	g_assert_cmpuint(id_shown(&map, 2), ==, 1);
	g_assert_true(id_of_caller(&map, 1, &host));
	g_assert_cmpuint(host, ==, 2);
}

static void test_contradictions_are_refused(void)
{
	struct id_map map = { .overflow = 65534 };

	g_assert_true(id_map_add(&map, 1, 2));
	g_assert_false(id_map_add(&map, 1, 3));
	g_assert_false(id_map_add(&map, 3, 2));
	g_assert_false(id_map_add(&map, 1, 2));
	g_assert_cmpuint(map.count, ==, 1);
}

/* ---- random pairs: what holds for all ids ---- */

#define IDS    12 /* small numbers, so that pairs meet */
#define HIDDEN 99

static struct id_map random_map(void)
{
	struct id_map map = { .overflow = HIDDEN };
	const int count = g_test_rand_int_range(0, 8);

	for (int i = 0; i < count; i++)
		id_map_add(&map, (uint32_t)g_test_rand_int_range(0, IDS),
			   (uint32_t)g_test_rand_int_range(0, IDS));
	return map;
}

static void test_no_two_ids_are_ever_one(void)
{
	for (int round = 0; round < 20000; round++) {
		const struct id_map map = random_map();
		unsigned shown_as[IDS] = { 0 }, acts_as[IDS] = { 0 };
		uint32_t host;

		for (uint32_t id = 0; id < IDS; id++) {
			const uint32_t view = id_shown(&map, id);

			g_assert_true(view < IDS || view == HIDDEN);
			if (view < IDS)
				shown_as[view]++;
			if (id_of_caller(&map, id, &host))
				acts_as[host]++;
		}
		for (uint32_t id = 0; id < IDS; id++) {
			g_assert_cmpuint(shown_as[id], <=, 1);
			g_assert_cmpuint(acts_as[id], <=, 1);
		}
	}
}

/* Who makes an object is shown as its owner, and who is shown as an owner is it. */
static void test_what_is_shown_and_who_acts_agree(void)
{
	for (int round = 0; round < 20000; round++) {
		const struct id_map map = random_map();
		uint32_t host;

		for (uint32_t id = 0; id < IDS; id++) {
			const uint32_t view = id_shown(&map, id);

			if (id_of_caller(&map, id, &host))
				g_assert_cmpuint(id_shown(&map, host), ==, id);
			if (view == HIDDEN)
				continue;
			g_assert_true(id_of_caller(&map, view, &host));
			g_assert_cmpuint(host, ==, id);
		}
	}
}

/* ---- one owner ---- */

static void test_one_owner_owns_and_does_everything(void)
{
	struct id_map map = { .is_one = true, .id = 7, .overflow = 65534 };

	for (uint32_t id = 0; id < 20; id++) {
		uint32_t host;

		g_assert_cmpuint(id_shown(&map, id), ==, 7);
		g_assert_true(id_of_caller(&map, id, &host));
		g_assert_cmpuint(host, ==, 7);
	}
}

static void test_one_owner_can_be_given_things_and_nobody_else(void)
{
	struct id_map map = { .is_one = true, .id = 7, .overflow = 65534 };
	uint32_t host = 0;

	assert_result(id_given(&map, 7, &host), 0);
	g_assert_cmpuint(host, ==, NO_ID);
	assert_result(id_given(&map, NO_ID, &host), 0);
	g_assert_cmpuint(host, ==, NO_ID);
	assert_result(id_given(&map, 8, &host), -EPERM);
	assert_result(id_given(&map, 0, &host), -EPERM);
}

/* ---- modes ---- */

static void test_set_id_bits_lend_no_other_identity_than_natively(void)
{
	struct owners owners = owners_of_1000_as_100000();
	struct stat file = { .st_mode = S_IFREG | 06755, .st_uid = 1000, .st_gid = 1000 };
	struct stat group = { .st_mode = S_IFREG | 06755, .st_uid = 5, .st_gid = 2000 };
	struct stat directory = { .st_mode = S_IFDIR | 02775, .st_uid = 1000, .st_gid = 2000 };

	owners_show(&owners, &file);
	g_assert_cmpuint(file.st_mode, ==, S_IFREG | 02755);
	owners_show(&owners, &group);
	g_assert_cmpuint(group.st_mode, ==, S_IFREG | 04755);
	owners_show(&owners, &directory);
	g_assert_cmpuint(directory.st_mode, ==, S_IFDIR | 02775);
}

static void test_directories_can_be_searched_by_who_may_read_them(void)
{
	struct owners owners;

	owners_init(&owners);
	owners.create_mode = 0640;
	g_assert_cmpuint(owners_mode(&owners, 04777, false), ==, 0640);
	g_assert_cmpuint(owners_mode(&owners, 0777, true), ==, 0750);
	g_assert_cmpuint(owners_mode(&owners, 01777, true), ==, 01750);
}

/* ---- ACLs ---- */

struct acl {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entries[6];
};

static struct acl acl_of(uint32_t uid, uint32_t gid)
{
	struct acl acl = { 2,
			   { { 0x01, 6, NO_ID },
			     { 0x02, 4, uid },
			     { 0x04, 4, NO_ID },
			     { 0x08, 4, gid },
			     { 0x10, 6, NO_ID },
			     { 0x20, 0, NO_ID } } };

	acl.version = htole32(acl.version);
	for (size_t i = 0; i < G_N_ELEMENTS(acl.entries); i++) {
		acl.entries[i].tag = htole16(acl.entries[i].tag);
		acl.entries[i].perm = htole16(acl.entries[i].perm);
		acl.entries[i].id = htole32(acl.entries[i].id);
	}
	return acl;
}

static void test_acl_has_view_ids_here_and_host_ids_natively(void)
{
	struct owners owners = owners_of_1000_as_100000();
	const struct acl native = acl_of(1000, 2000), shown = acl_of(100000, 200000);
	struct acl acl = native;

	owners_show_acl(&owners, &acl, sizeof(acl));
	g_assert_cmpmem(&acl, sizeof(acl), &shown, sizeof(shown));
	assert_result(owners_take_acl(&owners, &acl, sizeof(acl)), 0);
	g_assert_cmpmem(&acl, sizeof(acl), &native, sizeof(native));
}

static void test_acl_for_nobody_is_refused(void)
{
	struct owners owners = owners_of_1000_as_100000();
	struct acl user = acl_of(1000, 5), group = acl_of(5, 2000);

	assert_result(owners_take_acl(&owners, &user, sizeof(user)), -EOVERFLOW);
	assert_result(owners_take_acl(&owners, &group, sizeof(group)), -EOVERFLOW);
}

static void test_what_is_no_acl_is_left_alone(void)
{
	struct owners owners = owners_of_1000_as_100000();
	struct acl other = acl_of(1000, 2000), copy;

	/* Cut in an entry: the whole ones before it count. */
	copy = other;
	owners_show_acl(&owners, &copy, 4 + 8 + 7);
	g_assert_cmpmem(&copy, sizeof(copy), &other, sizeof(other));
	for (size_t size = 0; size < 4; size++)
		assert_result(owners_take_acl(&owners, &copy, size), 0);
	other.version = htole32(3);
	copy = other;
	assert_result(owners_take_acl(&owners, &copy, sizeof(copy)), 0);
	g_assert_cmpmem(&copy, sizeof(copy), &other, sizeof(other));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("owner", nothing_is_mapped_at_first);
	add("owner", pair_counts_in_both_directions);
	add("owner", users_and_groups_have_maps_of_their_own);
	add("owner", id_without_a_pair_stands_for_itself);
	add("owner", host_that_has_another_s_view_is_not_shown);
	add("owner", caller_who_comes_as_a_mapped_host_is_nobody);
	add("owner", invalid_id_is_nobody);
	add("owner", two_can_change_places);
	add("owner", contradictions_are_refused);
	add("owner", no_two_ids_are_ever_one);
	add("owner", what_is_shown_and_who_acts_agree);
	add("owner", one_owner_owns_and_does_everything);
	add("owner", one_owner_can_be_given_things_and_nobody_else);
	add("owner", set_id_bits_lend_no_other_identity_than_natively);
	add("owner", directories_can_be_searched_by_who_may_read_them);
	add("owner", acl_has_view_ids_here_and_host_ids_natively);
	add("owner", acl_for_nobody_is_refused);
	add("owner", what_is_no_acl_is_left_alone);
	return g_test_run();
}
