/* SPDX-License-Identifier: MIT */
#include "manifest/hls.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"
#include "manifest_fixture.h"

static const struct hls_options RANGES = {HLS_BYTERANGE, "", 0, NULL};

static void master_ladder(void **state)
{
	struct rendition ladder[] = {
		fixture_rendition("high", "aac", "mp4a.40.2", 329120),
		fixture_rendition("medium", "aac", "mp4a.40.2", 198011),
		fixture_rendition("low", "aac", "mp4a.40.2", 132544),
		fixture_rendition("mobile", "aac", "mp4a.40.2", 99871),
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	hls_master(&out, ladder, 4, &RANGES);
	golden_check(&out, "master.m3u8");
	buf_free(&out);
}

static void master_codecs_and_query(void **state)
{
	struct rendition ladder[] = {
		fixture_rendition("lossless", "flac", "fLaC", 912034),
		fixture_rendition("high", "aac", "mp4a.40.2", 329120),
		fixture_rendition("opus-128", "opus", "Opus", 130202),
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	hls_master(&out, ladder, 3, &(struct hls_options){HLS_SEGMENTS, "expires=1767225600&sig=0f1e", 0, NULL});
	golden_check(&out, "master-query.m3u8");
	buf_free(&out);
}

/* For players before version 7: no byte ranges, no maps, no groups. */
static void transport_streams(void **state)
{
	const struct hls_options options = {HLS_TRANSPORT, "expires=1&sig=2", 4000, NULL};
	struct rendition ladder[] = {
		fixture_rendition("high", "aac", "mp4a.40.2", 329120),
		fixture_rendition("mobile", "aac", "mp4a.40.2", 99871),
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	hls_master(&out, ladder, 2, &options);
	golden_check(&out, "master-ts.m3u8");
	buf_clear(&out);
	hls_media(&out, &FIXTURE_HIGH, &options);
	golden_check(&out, "media-ts.m3u8");
	buf_free(&out);
}

/* Silence costs the same at any rate: such variants would look like redundant copies. */
static void master_without_twins(void **state)
{
	struct rendition ladder[] = {
		fixture_rendition("high", "aac", "mp4a.40.2", 6000),
		fixture_rendition("medium", "aac", "mp4a.40.2", 6000),
		fixture_rendition("opus", "opus", "Opus", 6000),
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	hls_master(&out, ladder, 3, &RANGES);
	assert_non_null(strstr(buf_text(&out), "\nhigh/playlist.m3u8\n"));
	assert_null(strstr(buf_text(&out), "medium"));
	assert_non_null(strstr(buf_text(&out), "\nopus/playlist.m3u8\n"));
	buf_free(&out);
}

static void media_by_ranges(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	hls_media(&out, &FIXTURE_HIGH, &RANGES);
	golden_check(&out, "media-byterange.m3u8");
	buf_free(&out);
}

static void media_by_ranges_with_query(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	hls_media(&out, &FIXTURE_HIGH, &(struct hls_options){HLS_BYTERANGE, "expires=1767225600&sig=0f1e", 0, NULL});
	golden_check(&out, "media-byterange-query.m3u8");
	buf_free(&out);
}

/* The file is elsewhere: its address stands for each range, and the query belongs to the one here. */
static void media_elsewhere(void **state)
{
	static const char *const file = "https://edge.example/high.mp4?token=a%20b";
	struct buf out, wanted;

	(void)state;
	buf_init(&out, 1 << 16);
	buf_init(&wanted, 4096);
	hls_media(&out, &FIXTURE_HIGH, &(struct hls_options){HLS_BYTERANGE, "sig=0f1e", 0, file});
	buf_printf(&wanted, "#EXT-X-MAP:URI=\"%s\",BYTERANGE=\"%d@0\"\n", file, (int)FIXTURE_HIGH.init_size);
	assert_non_null(strstr(buf_text(&out), buf_text(&wanted)));
	wanted.length = 0;
	buf_printf(&wanted, "@%d\n%s\n", (int)FIXTURE_HIGH.segments.segments[0].offset, file);
	assert_non_null(strstr(buf_text(&out), buf_text(&wanted)));
	assert_null(strstr(buf_text(&out), "sig=0f1e"));
	assert_null(strstr(buf_text(&out), "../"));
	buf_free(&out);
	buf_free(&wanted);
}

static void media_by_segments(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	hls_media(&out, &FIXTURE_HIGH, &(struct hls_options){HLS_SEGMENTS, "expires=1767225600&sig=0f1e", 0, NULL});
	golden_check(&out, "media-segments.m3u8");
	buf_free(&out);
}

static void expect_target(uint32_t duration, uint32_t timescale, const char *target, const char *extinf)
{
	struct segment segment = {800, 1000, duration};
	struct rendition rendition = FIXTURE_HIGH;
	struct buf out;

	rendition.timescale = timescale;
	rendition.segments = (struct segment_table){&segment, 1};
	buf_init(&out, 1 << 16);
	hls_media(&out, &rendition, &RANGES);
	assert_non_null(strstr(buf_text(&out), target));
	assert_non_null(strstr(buf_text(&out), extinf));
	buf_free(&out);
}

static void target_duration_rounds(void **state)
{
	(void)state;
	expect_target(64999, 10000, "DURATION:6\n", "#EXTINF:6.499900,\n");
	expect_target(65000, 10000, "DURATION:7\n", "#EXTINF:6.500000,\n");
	expect_target(60000, 10000, "DURATION:6\n", "#EXTINF:6.000000,\n");
	expect_target(1, 48000, "DURATION:1\n", "#EXTINF:0.000021,\n");
	expect_target(UINT32_MAX, 8000, "DURATION:536871\n", "#EXTINF:536870.911875,\n");
}

/* What grows: the same lines but for its type and its end, whatever segments it has so far. */
static void media_that_grows(void **state)
{
	struct rendition growing = FIXTURE_HIGH;
	struct buf whole, part;

	(void)state;
	growing.work = "job-x.1/0.mp4";
	buf_init(&whole, 1 << 16);
	buf_init(&part, 1 << 16);
	hls_media(&whole, &FIXTURE_HIGH, &RANGES);
	for (size_t count = 1; count <= FIXTURE_HIGH.segments.count; count++) {
		const char *event, *vod = strstr(buf_text(&whole), "TYPE:VOD\n");

		growing.segments.count = count;
		buf_clear(&part);
		hls_media(&part, &growing, &RANGES);
		event = strstr(buf_text(&part), "TYPE:EVENT\n");
		assert_non_null(event);
		assert_null(strstr(event, "ENDLIST"));
		assert_memory_equal(buf_text(&part), buf_text(&whole), (size_t)(event - buf_text(&part)));
		event += strlen("TYPE:EVENT\n");
		vod += strlen("TYPE:VOD\n");
		assert_memory_equal(event, vod, strlen(event));
	}
	buf_free(&part);
	buf_free(&whole);
}

static void master_of_what_grows(void **state)
{
	struct rendition growing = fixture_rendition("high", "aac", "mp4a.40.2", 400000);
	struct buf out;

	(void)state;
	growing.work = "job-x.1/0.mp4";
	buf_init(&out, 1 << 16);
	hls_master(&out, &growing, 1, &RANGES);
	assert_non_null(strstr(buf_text(&out), "\n#EXT-X-START:TIME-OFFSET=0\n"));
	growing.work = NULL;
	buf_clear(&out);
	hls_master(&out, &growing, 1, &RANGES);
	assert_null(strstr(buf_text(&out), "START"));
	buf_free(&out);
}

/* A target that is right for the first segment stays right when others are two frames longer. */
static void target_duration_never_changes(void **state)
{
	struct segment segments[] = {{800, 1000, 154350}, {1800, 1000, 156398}, {2800, 1000, 1024}};
	struct rendition rendition = FIXTURE_HIGH;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	rendition.work = "job-x.1/0.mp4";
	for (size_t count = 1; count <= 3; count++) {
		rendition.segments = (struct segment_table){segments, count};
		if (count == 3)
			rendition.work = NULL;
		buf_clear(&out);
		hls_media(&out, &rendition, &RANGES);
		assert_non_null(strstr(buf_text(&out), "DURATION:4\n"));
	}
	buf_free(&out);
}

static void locale_does_not_matter(void **state)
{
	static const char *const comma[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR"};
	size_t i = 0;

	(void)state;
	while (i < 4 && setlocale(LC_ALL, comma[i]) == NULL)
		i++;
	if (i == 4) {
		print_message("# skipped: no locale with a decimal comma is installed\n");
		return;
	}
	expect_target(64999, 10000, "DURATION:6\n", "#EXTINF:6.499900,\n");
	setlocale(LC_ALL, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(master_ladder),
		cmocka_unit_test(master_codecs_and_query),
		cmocka_unit_test(master_without_twins),
		cmocka_unit_test(transport_streams),
		cmocka_unit_test(media_by_ranges),
		cmocka_unit_test(media_by_ranges_with_query),
		cmocka_unit_test(media_elsewhere),
		cmocka_unit_test(media_by_segments),
		cmocka_unit_test(target_duration_rounds),
		cmocka_unit_test(media_that_grows),
		cmocka_unit_test(master_of_what_grows),
		cmocka_unit_test(target_duration_never_changes),
		cmocka_unit_test(locale_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
