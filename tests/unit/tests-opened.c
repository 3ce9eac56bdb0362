/* SPDX-License-Identifier: MIT */
/* opened.c and handover.c: the numbers of open files, and their records. */
#include "nodes.h"
#include "opened.h"

#include <sys/resource.h>

struct scene {
	struct handover *handover;
	struct opened opened;
	struct nodes *nodes;
	struct node *node;
};

static void set_up(struct scene *scene, const void *data)
{
	int none;

	(void)data;
	scene->handover = handover_new(false, &none);
	assert_result(opened_init(&scene->opened, scene->handover), 0);
	scene->nodes = table_new("");
	scene->node = node_get(scene->nodes, look_up(scene->nodes->root, "a", 10));
}

static void tear_down(struct scene *scene, const void *data)
{
	(void)data;
	node_forget(scene->nodes, scene->node->id, 1);
	node_put(scene->node);
	table_clear(&scene->nodes);
	opened_free(&scene->opened);
	handover_free(scene->handover);
}

static uint64_t open_one(struct scene *scene)
{
	struct handle *handle = handle_new(scene->node, any_fd());
	uint64_t fh;

	assert_result(opened_add(&scene->opened, handle, RECORD_FILE, &fh), 0);
	g_assert_true(opened_get(&scene->opened, fh) == handle);
	return fh;
}

static void close_one(struct scene *scene, uint64_t fh)
{
	struct handle *handle = opened_remove(&scene->opened, fh);

	g_assert_nonnull(handle);
	handle_release(handle);
}

static void test_open_file_has_a_record(struct scene *scene, const void *data)
{
	const uint64_t fh = open_one(scene);
	const struct handle *handle = opened_get(&scene->opened, fh);
	const struct record *record = opened_record(&scene->opened, handle);

	(void)data;
	g_assert_cmpuint(record->kind, ==, RECORD_FILE);
	g_assert_cmpuint(record->node, ==, scene->node->id);
	close_one(scene, fh);
	g_assert_cmpuint(record->kind, ==, RECORD_NONE);
}

static void test_closed_file_is_not_found(struct scene *scene, const void *data)
{
	const uint64_t fh = open_one(scene);

	(void)data;
	close_one(scene, fh);
	g_assert_null(opened_get(&scene->opened, fh));
	g_assert_null(opened_remove(&scene->opened, fh));
}

/* The descriptor is kept for whoever has to give up what else it had. */
static void test_file_that_is_being_closed_is_not_found(struct scene *scene, const void *data)
{
	const uint64_t fh = open_one(scene);
	struct handle *handle = opened_begin_close(&scene->opened, fh);
	const struct record *record = opened_record(&scene->opened, handle);

	(void)data;
	g_assert_cmpuint(record->kind, ==, RECORD_CLOSING);
	g_assert_null(opened_get(&scene->opened, fh));
	g_assert_null(opened_begin_close(&scene->opened, fh));
	opened_end_close(&scene->opened, handle);
	g_assert_cmpuint(record->kind, ==, RECORD_NONE);
	handle_release(handle);
}

static void test_next_file_of_the_descriptor_is_another(struct scene *scene, const void *data)
{
	const uint64_t before = open_one(scene);

	(void)data;
	close_one(scene, before);

	const uint64_t after = open_one(scene);

	g_assert_cmpuint((uint32_t)before, ==, (uint32_t)after);
	g_assert_null(opened_remove(&scene->opened, before));
	close_one(scene, after);
}

static void test_wild_numbers_are_not_found(struct scene *scene, const void *data)
{
	static const uint64_t wild[] = { 0, 1, UINT32_MAX, UINT64_MAX, (uint64_t)1 << 32 };

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(wild); i++)
		g_assert_null(opened_get(&scene->opened, wild[i]));
}

static void test_no_more_are_opened_than_there_is_room_for(struct scene *scene, const void *data)
{
	struct handle handle = { .fd = (int)scene->handover->record_count, .node = scene->node };
	uint64_t fh;

	(void)data;
	assert_result(opened_add(&scene->opened, &handle, RECORD_FILE, &fh), -ENFILE);
}

static void test_memory_is_found_by_its_descriptor(struct scene *scene, const void *data)
{
	struct handover *made, *again;
	int fd;

	(void)data, (void)scene;
	made = handover_new(true, &fd);
	g_assert_nonnull(made);
	handover_record(made, 5)->node = 17;
	again = handover_map(fd);
	g_assert_nonnull(again);
	g_assert_cmpuint(again->records[5].node, ==, 17);
	g_assert_cmpuint(again->top, ==, 6);
	/* Another version's is not. */
	again->version++;
	g_assert_null(handover_map(fd));
	g_assert_null(handover_map(any_fd()));
	handover_free(made);
	close(fd);
}

#define add_scene(fact) \
	g_test_add("/opened/" #fact, struct scene, NULL, set_up, test_##fact, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_scene(open_file_has_a_record);
	add_scene(closed_file_is_not_found);
	add_scene(file_that_is_being_closed_is_not_found);
	add_scene(next_file_of_the_descriptor_is_another);
	add_scene(wild_numbers_are_not_found);
	add_scene(no_more_are_opened_than_there_is_room_for);
	add_scene(memory_is_found_by_its_descriptor);
	return g_test_run();
}
