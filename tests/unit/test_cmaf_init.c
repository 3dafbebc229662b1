/* SPDX-License-Identifier: MIT */
/* Each box of the init section, byte for byte against what the standard lays down. */
#include "package/cmaf_init.h"

#include "package/bmff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MATRIX "00010000 00000000 00000000 00000000 00010000 00000000 00000000 00000000 40000000"

static const struct cmaf_track AAC = {.codec = CMAF_AAC,
	.timescale = 44100,
	.sample_rate = 44100,
	.channels = 2,
	.bit_rate = 128000,
	.priming = 1024,
	.config = "\x12\x10",
	.config_size = 2};
static const unsigned char OPUS_CONFIG[] = {1, 2, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0x34, 0x12, 0};
static const struct cmaf_track OPUS = {.codec = CMAF_OPUS,
	.timescale = 48000,
	.sample_rate = 48000,
	.channels = 2,
	.priming = 312,
	.config = OPUS_CONFIG,
	.config_size = sizeof OPUS_CONFIG};
/* 96 kHz, 2 channels, 24 bits */
static const unsigned char FLAC_CONFIG[34] = {0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x17, 0x70, 0x03, 0x70};
static const struct cmaf_track FLAC = {.codec = CMAF_FLAC,
	.timescale = 96000,
	.sample_rate = 96000,
	.channels = 2,
	.config = FLAC_CONFIG,
	.config_size = sizeof FLAC_CONFIG};
static const struct cmaf_totals TOTALS = {
	.samples = 0x123456789, .average = 0x1f400, .peak = 0x20000, .frame_duration = 960};

static struct bmff_span descend(struct bmff_span span, const char *path)
{
	for (; *path != '\0'; path += 4)
		span = bmff_only(span, path);
	return span;
}

static void expect_bytes(struct bmff_span span, const char *hex)
{
	char found[4096] = "", wanted[4096];
	size_t length = 0;

	assert_false(span.bad);
	for (size_t i = 0; i < span.length; i++)
		snprintf(found + 2 * i, sizeof found - 2 * i, "%02x", span.bytes[i]);
	for (; *hex != '\0'; hex++) {
		if (*hex != ' ')
			wanted[length++] = *hex;
	}
	wanted[length] = '\0';
	assert_string_equal(found, wanted);
}

/* Expects the payload of the box at PATH, version and flags included, to be HEX. */
static void expect(const struct cmaf_track *track, const char *path, const char *hex)
{
	struct buf out;

	assert_int_equal(cmaf_init_check(track, NULL), ERR_OK);
	buf_init(&out, 1 << 16);
	cmaf_init_put(&out, track, &TOTALS);
	expect_bytes(descend((struct bmff_span){.bytes = (unsigned char *)out.data, .length = out.length}, path), hex);
	buf_free(&out);
}

static void movie_boxes(void **state)
{
	(void)state;
	expect(&AAC, "ftyp", "69736f36 00000000 69736f36 636d6663 64617368 6d703431");
	expect(&AAC, "moovmvhd",
		"01000000 0000000000000000 0000000000000000 0000ac44 0000000123456789 00010000 0100 0000 00000000 "
		"00000000 " MATRIX " 00000000 00000000 00000000 00000000 00000000 00000000 00000002");
	expect(&AAC, "moovmvexmehd", "01000000 0000000123456789");
	expect(&AAC, "moovmvextrex", "00000000 00000001 00000001 00000000 00000000 02000000");
}

static void track_boxes(void **state)
{
	(void)state;
	expect(&AAC, "moovtraktkhd",
		"01000007 0000000000000000 0000000000000000 00000001 00000000 0000000123456789 00000000 00000000 0000 "
		"0000 0100 "
		"0000 " MATRIX " 00000000 00000000");
	expect(&AAC, "moovtrakedtselst", "01000000 00000001 0000000123456789 0000000000000400 0001 0000");
	expect(&AAC, "moovtrakmdiamdhd", "00000000 00000000 00000000 0000ac44 00000000 55c4 0000");
	expect(&AAC, "moovtrakmdiahdlr", "00000000 00000000 736f756e 00000000 00000000 00000000 536f756e6400");
	expect(&AAC, "moovtrakmdiaminfsmhd", "00000000 0000 0000");
	expect(&AAC, "moovtrakmdiaminfdinfdref", "00000000 00000001 0000000c 75726c20 00000001");
}

static void sample_tables_are_empty(void **state)
{
	(void)state;
	expect(&AAC, "moovtrakmdiaminfstblstts", "00000000 00000000");
	expect(&AAC, "moovtrakmdiaminfstblstsc", "00000000 00000000");
	expect(&AAC, "moovtrakmdiaminfstblstsz", "00000000 00000000 00000000");
	expect(&AAC, "moovtrakmdiaminfstblstco", "00000000 00000000");
}

static void aac_sample_entry(void **state)
{
	(void)state;
	expect(&AAC, "moovtrakmdiaminfstblstsd",
		"00000000 00000001 0000005f 6d703461 000000000000 0001 0000000000000000 0002 0010 0000 0000 ac440000 "
		"00000027 65736473 00000000 03 19 0000 00 04 11 40 15 000000 00020000 0001f400 05 02 1210 06 01 02 "
		"00000014 62747274 00000000 00020000 0001f400");
}

static void opus_sample_entry_and_roll(void **state)
{
	(void)state;
	expect(&OPUS, "moovtrakmdiaminfstblstsd",
		"00000000 00000001 0000004b 4f707573 000000000000 0001 0000000000000000 0002 0010 0000 0000 bb800000 "
		"00000013 644f7073 00 02 0138 0000bb80 1234 00 00000014 62747274 00000000 00020000 0001f400");
	expect(&OPUS, "moovtrakmdiaminfstblsgpd", "01000000 726f6c6c 00000002 00000001 fffc");
}

static void opus_channel_mapping_is_kept(void **state)
{
	static const unsigned char config[] = {1, 6, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5};
	struct cmaf_track track = OPUS;

	(void)state;
	track.channels = 6;
	track.config = config;
	track.config_size = sizeof config;
	expect(&track, "moovtrakmdiaminfstblstsd",
		"00000000 00000001 00000053 4f707573 000000000000 0001 0000000000000000 0006 0010 0000 0000 bb800000 "
		"0000001b 644f7073 00 06 0000 0000bb80 0000 01 04 02 000401020305 00000014 62747274 00000000 00020000 "
		"0001f400");
}

static void flac_sample_entry(void **state)
{
	(void)state;
	expect(&FLAC, "moovtrakmdiaminfstblstsd",
		"00000000 00000001 0000006a 664c6143 000000000000 0001 0000000000000000 0002 0018 0000 0000 bb800000 "
		"00000032 64664c61 00000000 80 000022 1000 1000 000000 000000 17700370 00000000 "
		"00000000000000000000000000000000 00000014 62747274 00000000 00020000 0001f400");
}

/* What stands for RATE in the sample entry of TRACK, in hertz. */
static unsigned entry_rate(const struct cmaf_track *track, uint32_t rate)
{
	struct cmaf_track other = *track;
	struct bmff_span entry;
	struct buf out;
	unsigned found;

	other.sample_rate = other.timescale = rate;
	buf_init(&out, 1 << 16);
	cmaf_init_put(&out, &other, &TOTALS);
	entry = descend((struct bmff_span){.bytes = (unsigned char *)out.data, .length = out.length},
		"moovtrakmdiaminfstblstsd");
	bmff_take_span(&entry, 8 + 8 + 24);
	found = (unsigned)bmff_take(&entry, 4);
	assert_false(entry.bad);
	assert_int_equal(found & UINT16_MAX, 0);
	buf_free(&out);
	return found >> 16;
}

static void rates_past_16_bits(void **state)
{
	(void)state;
	assert_int_equal(entry_rate(&FLAC, 44100), 44100);
	assert_int_equal(entry_rate(&FLAC, 88200), 44100);
	assert_int_equal(entry_rate(&FLAC, 192000), 48000);
	assert_int_equal(entry_rate(&FLAC, 65537), 65535);
	assert_int_equal(entry_rate(&AAC, 48000), 48000);
	assert_int_equal(entry_rate(&AAC, 96000), 0);
}

static void size_does_not_depend_on_totals(void **state)
{
	const struct cmaf_track *tracks[] = {&AAC, &OPUS, &FLAC};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct buf empty, full;

		buf_init(&empty, 1 << 16);
		buf_init(&full, 1 << 16);
		cmaf_init_put(&empty, tracks[i], &(struct cmaf_totals){0});
		cmaf_init_put(&full, tracks[i], &TOTALS);
		assert_int_equal(empty.length, full.length);
		buf_free(&empty);
		buf_free(&full);
	}
}

static void expect_refused(struct cmaf_track track)
{
	struct err_info info = {0};

	assert_int_equal(cmaf_init_check(&track, &info), ERR_UNPROCESSABLE);
	assert_true(info.detail[0] != '\0');
}

static void refuses_what_cannot_be_written(void **state)
{
	struct cmaf_track track;

	(void)state;
	track = AAC;
	track.timescale = 0;
	expect_refused(track);
	track = AAC;
	track.timescale = CMAF_TIMESCALE_MOST + 1;
	expect_refused(track);
	track = AAC;
	track.sample_rate = 0;
	expect_refused(track);
	track = AAC;
	track.channels = 0;
	expect_refused(track);
	track = AAC;
	track.channels = 256;
	expect_refused(track);
	track = AAC;
	track.config_size = 1;
	expect_refused(track);
	track = AAC;
	track.config_size = 65;
	expect_refused(track);
	track = OPUS;
	track.channels = 1; /* OpusHead says 2 */
	expect_refused(track);
	track = OPUS;
	track.config_size = 10;
	expect_refused(track);
	track = FLAC;
	track.config_size = 33;
	expect_refused(track);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(movie_boxes),
		cmocka_unit_test(track_boxes),
		cmocka_unit_test(sample_tables_are_empty),
		cmocka_unit_test(aac_sample_entry),
		cmocka_unit_test(opus_sample_entry_and_roll),
		cmocka_unit_test(opus_channel_mapping_is_kept),
		cmocka_unit_test(flac_sample_entry),
		cmocka_unit_test(rates_past_16_bits),
		cmocka_unit_test(size_does_not_depend_on_totals),
		cmocka_unit_test(refuses_what_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
