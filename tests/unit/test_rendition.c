/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "model/rendition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct segment segments[] = {{0, 400, 176128}, {0, 300, 176128}, {0, 100, 1000}};

static int with_track(void **state)
{
	struct track track = {
		.id = "t", .owner = "", .visibility = TRACK_PRIVATE, .state = TRACK_READY, .title = "Song"};
	struct fixture *fixture;

	fixture_db(state);
	fixture = *state;
	assert_int_equal(track_insert(fixture->db, &track, NULL), ERR_OK);
	return 0;
}

static struct rendition rendition_named(const char *quality, uint32_t bit_rate)
{
	struct rendition rendition = {
		.track = "t",
		.codec = "aac",
		.container = "cmaf",
		.codecs = "mp4a.40.2",
		.etag = "e7a9",
		.bit_rate = bit_rate,
		.peak_bandwidth = UINT32_MAX,
		.average_bandwidth = bit_rate + 1,
		.sample_rate = 44100,
		.channels = 2,
		.timescale = 44100,
		.priming = 1024,
		.samples = 455699,
		.file_size = 1544,
		.init_size = 644,
		.index_offset = 644,
		.index_size = 100,
		.modified = 784111777,
		.segments = {segments, 3},
	};

	snprintf(rendition.quality, sizeof rendition.quality, "%s", quality);
	snprintf(rendition.file, sizeof rendition.file, "%s.mp4", quality);
	return rendition;
}

static void put(struct fixture *fixture, const struct rendition *rendition)
{
	struct err_info info = {0};

	if (rendition_put(fixture->db, rendition, &info) != ERR_OK)
		fail_msg("%s", info.detail);
}

static void assert_same(const struct rendition *a, const struct rendition *b)
{
	assert_string_equal(a->track, b->track);
	assert_string_equal(a->quality, b->quality);
	assert_string_equal(a->codec, b->codec);
	assert_string_equal(a->codecs, b->codecs);
	assert_string_equal(a->file, b->file);
	assert_string_equal(a->etag, b->etag);
	assert_int_equal(a->bit_rate, b->bit_rate);
	assert_int_equal(a->peak_bandwidth, b->peak_bandwidth);
	assert_int_equal(a->average_bandwidth, b->average_bandwidth);
	assert_int_equal(a->sample_rate, b->sample_rate);
	assert_int_equal(a->channels, b->channels);
	assert_int_equal(a->timescale, b->timescale);
	assert_int_equal(a->priming, b->priming);
	assert_int_equal(a->samples, b->samples);
	assert_int_equal(a->file_size, b->file_size);
	assert_int_equal(a->init_size, b->init_size);
	assert_int_equal(a->index_offset, b->index_offset);
	assert_int_equal(a->index_size, b->index_size);
	assert_string_equal(a->container, b->container);
	assert_int_equal(a->modified, b->modified);
}

static void test_put_and_get(void **state)
{
	struct fixture *fixture = *state;
	struct rendition rendition = rendition_named("high", 320000);
	struct rendition_view view;
	int64_t before;

	put(fixture, &rendition);
	before = db_statements_run(fixture->db);
	assert_int_equal(rendition_get(fixture->db, "t", "high", &fixture->arena, &view, NULL), ERR_OK);
	assert_int_equal(db_statements_run(fixture->db) - before, 1);
	assert_same(&view.rendition, &rendition);
	assert_int_equal(view.audience.visibility, TRACK_PRIVATE);
	assert_int_equal(view.state, TRACK_READY);
	assert_int_equal(view.rendition.segments.count, 3);
	assert_int_equal(view.rendition.segments.segments[0].offset, 744);
	assert_int_equal(view.rendition.segments.segments[1].offset, 1144);
	assert_int_equal(view.rendition.segments.segments[2].offset, 1444);
	assert_int_equal(view.rendition.segments.segments[2].size, 100);
	assert_int_equal(view.rendition.segments.segments[2].duration, 1000);
}

static void test_get_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct rendition_view view;
	struct err_info info;

	assert_int_equal(rendition_get(fixture->db, "t", "high", &fixture->arena, &view, &info), ERR_NOT_FOUND);
	assert_string_equal(info.detail, "there is no such rendition");
	assert_int_equal(rendition_get(fixture->db, "u", "high", &fixture->arena, &view, NULL), ERR_NOT_FOUND);
}

static void test_put_replaces(void **state)
{
	struct fixture *fixture = *state;
	struct rendition rendition = rendition_named("high", 320000);
	struct rendition_view view;

	put(fixture, &rendition);
	strcpy(rendition.etag, "other");
	rendition.bit_rate = 256000;
	rendition.segments.count = 2;
	put(fixture, &rendition);
	assert_int_equal(rendition_get(fixture->db, "t", "high", &fixture->arena, &view, NULL), ERR_OK);
	assert_same(&view.rendition, &rendition);
	assert_int_equal(view.rendition.segments.count, 2);
}

static void test_no_segments(void **state)
{
	struct fixture *fixture = *state;
	struct rendition rendition = rendition_named("high", 320000);
	struct rendition_view view;

	rendition.segments = (struct segment_table){NULL, 0};
	put(fixture, &rendition);
	assert_int_equal(rendition_get(fixture->db, "t", "high", &fixture->arena, &view, NULL), ERR_OK);
	assert_int_equal(view.rendition.segments.count, 0);
}

static void test_put_without_track(void **state)
{
	struct fixture *fixture = *state;
	struct rendition rendition = rendition_named("high", 320000);

	strcpy(rendition.track, "u");
	assert_int_equal(rendition_put(fixture->db, &rendition, NULL), ERR_CONFLICT);
}

static void test_list(void **state)
{
	static const struct {
		const char *quality;
		uint32_t bit_rate;
	} made[] = {{"low", 128000}, {"high", 320000}, {"b", 192000}, {"a", 192000}};
	static const char *const want[] = {"high", "a", "b", "low"};
	struct fixture *fixture = *state;
	struct rendition *list;
	struct track track;
	int64_t before;
	size_t count;

	for (size_t i = 0; i < 4; i++) {
		struct rendition rendition = rendition_named(made[i].quality, made[i].bit_rate);

		put(fixture, &rendition);
	}
	before = db_statements_run(fixture->db);
	assert_int_equal(rendition_list(fixture->db, "t", &fixture->arena, &track, &list, &count, NULL), ERR_OK);
	assert_int_equal(db_statements_run(fixture->db) - before, 1);
	assert_string_equal(track.title, "Song");
	assert_int_equal(track.visibility, TRACK_PRIVATE);
	assert_int_equal(count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(list[i].quality, want[i]);
		assert_int_equal(list[i].segments.count, 0);
	}
	assert_int_equal(list[3].samples, 455699);
}

static void test_list_many(void **state)
{
	struct fixture *fixture = *state;
	struct rendition *list;
	struct track track;
	char quality[24];
	size_t count;

	for (uint32_t i = 0; i < 20; i++) {
		struct rendition rendition;

		snprintf(quality, sizeof quality, "q%u", i);
		rendition = rendition_named(quality, 100000 - i);
		put(fixture, &rendition);
	}
	assert_int_equal(rendition_list(fixture->db, "t", &fixture->arena, &track, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 20);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(list[i].bit_rate, 100000 - i);
}

static void test_list_of_none(void **state)
{
	struct fixture *fixture = *state;
	struct rendition *list;
	struct track track;
	struct err_info info;
	size_t count = 1;

	assert_int_equal(rendition_list(fixture->db, "t", &fixture->arena, &track, &list, &count, NULL), ERR_OK);
	assert_int_equal(count, 0);
	assert_string_equal(track.title, "Song");
	assert_int_equal(
		rendition_list(fixture->db, "u", &fixture->arena, &track, &list, &count, &info), ERR_NOT_FOUND);
	assert_string_equal(info.detail, "there is no such track");
}

static void test_goes_with_its_track(void **state)
{
	struct fixture *fixture = *state;
	struct rendition rendition = rendition_named("high", 320000);
	struct rendition_view view;

	put(fixture, &rendition);
	assert_int_equal(track_delete(fixture->db, "t", NULL), ERR_OK);
	assert_int_equal(rendition_get(fixture->db, "t", "high", &fixture->arena, &view, NULL), ERR_NOT_FOUND);
}

static void assert_damaged(struct fixture *fixture, const char *sql)
{
	struct rendition rendition = rendition_named("high", 320000);
	struct rendition_view view;

	put(fixture, &rendition);
	fixture_sql(fixture, sql);
	assert_int_equal(rendition_get(fixture->db, "t", "high", &fixture->arena, &view, NULL), ERR_INTERNAL);
}

static void test_damaged_rows(void **state)
{
	struct fixture *fixture = *state;
	struct rendition *list;
	struct track track;
	size_t count;

	assert_damaged(fixture, "UPDATE rendition SET segments = x'00'");
	assert_damaged(fixture, "UPDATE rendition SET file_size = 1543");
	assert_damaged(fixture, "UPDATE rendition SET bit_rate = 4294967296");
	assert_damaged(fixture, "UPDATE rendition SET samples = -1");
	assert_damaged(
		fixture, "UPDATE rendition SET file = 'a-name-that-is-longer-than-any-name-this-program-writes'");
	assert_int_equal(rendition_list(fixture->db, "t", &fixture->arena, &track, &list, &count, NULL), ERR_INTERNAL);
	assert_damaged(fixture, "PRAGMA ignore_check_constraints = 1; UPDATE track SET visibility = 'secret'");
	assert_int_equal(rendition_list(fixture->db, "t", &fixture->arena, &track, &list, &count, NULL), ERR_INTERNAL);
}

#define WITH_TRACK(test) cmocka_unit_test_setup_teardown(test, with_track, fixture_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TRACK(test_put_and_get),
		WITH_TRACK(test_get_nothing),
		WITH_TRACK(test_put_replaces),
		WITH_TRACK(test_no_segments),
		WITH_TRACK(test_put_without_track),
		WITH_TRACK(test_list),
		WITH_TRACK(test_list_many),
		WITH_TRACK(test_list_of_none),
		WITH_TRACK(test_goes_with_its_track),
		WITH_TRACK(test_damaged_rows),
	};

	return cmocka_run_group_tests_name("rendition", tests, NULL, NULL);
}
