/* SPDX-License-Identifier: MIT */
/* Transport streams against a second opinion: a reader that knows nothing of the writer but the standard. */
#include "package/adts.h"
#include "package/cmaf_frames.h"
#include "package/cmaf_index.h"
#include "package/ts.h"
#include "package/ts_cmaf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmaf_file.h"

enum { FRAMES_MOST = 400, PID_PMT = 0x1000, PID_SOUND = 0x100, CLOCK = 90000 };
#define CLOCK_WRAP (INT64_C(1) << 33)

static unsigned char media[FRAMES_MOST][2048];
static struct ts_frame frames[FRAMES_MOST];

/* What a reader has found; counters live from segment to segment. */
struct reader {
	int counters[0x2000]; /* the last of each PID; -1 before the first */
	size_t packets;
	struct buf sound; /* elementary stream */
	int64_t first_pts, last_pts, last_pcr;
	size_t pes;
	uint64_t expected; /* bytes that the open PES packet still wants */
};

static void open_reader(struct reader *reader)
{
	memset(reader, 0, sizeof *reader);
	for (size_t i = 0; i < sizeof reader->counters / sizeof *reader->counters; i++)
		reader->counters[i] = -1;
	buf_init(&reader->sound, 1 << 24);
	reader->first_pts = reader->last_pcr = -1;
}

/* Bit by bit, as annex A draws it: 0 over the whole section, checksum included. */
static uint32_t checksum(const unsigned char *bytes, size_t length)
{
	uint32_t crc = UINT32_MAX;

	for (size_t bit = 0; bit < 8 * length; bit++) {
		uint32_t in = (uint32_t)bytes[bit / 8] >> (7 - bit % 8) & 1;
		uint32_t out = crc >> 31;

		crc <<= 1;
		if (in ^ out)
			crc ^= UINT32_C(0x04c11db7);
	}
	return crc;
}

static void read_section(const unsigned char *payload, size_t length, unsigned char table)
{
	size_t size = 3 + (size_t)((payload[2] & 0x0f) << 8 | payload[3]);

	assert_int_equal(payload[0], 0);
	assert_int_equal(payload[1], table);
	assert_true(size < length);
	assert_int_equal(checksum(payload + 1, size), 0);
	for (size_t i = 1 + size; i < length; i++)
		assert_int_equal(payload[i], 0xff);
	if (table == 0)
		assert_int_equal((payload[11] & 0x1f) << 8 | payload[12], PID_PMT);
	else
		assert_int_equal(payload[13], 0x0f);
}

static void begin_pes(struct reader *reader, const unsigned char *payload, size_t length)
{
	int64_t pts = (int64_t)(payload[9] & 0x0e) << 29 | payload[10] << 22 | (payload[11] & 0xfe) << 14 |
		      payload[12] << 7 | payload[13] >> 1;
	size_t size = (size_t)(payload[4] << 8 | payload[5]);

	assert_true(length > 14);
	assert_memory_equal(payload, "\0\0\1\xc0", 4);
	assert_int_equal(payload[6] & 0xc0, 0x80);
	assert_int_equal(payload[7] & 0xc0, 0x80);
	assert_int_equal(payload[8], 5);
	assert_int_equal(payload[9] & payload[11] & payload[13] & 1, 1);
	assert_int_equal(reader->expected, 0);
	reader->expected = size - 8;
	reader->first_pts = reader->pes++ == 0 ? pts : reader->first_pts;
	reader->last_pts = pts;
	/* The clock is at most 100 ms apart, and what comes with it is not late. */
	assert_true(reader->last_pcr >= 0 && (pts - reader->last_pcr + CLOCK_WRAP) % CLOCK_WRAP <= CLOCK);
}

static void read_pcr(struct reader *reader, const unsigned char *at)
{
	int64_t pcr = (int64_t)at[0] << 25 | at[1] << 17 | at[2] << 9 | at[3] << 1 | at[4] >> 7;

	if (reader->last_pcr >= 0)
		assert_in_range((pcr - reader->last_pcr + CLOCK_WRAP) % CLOCK_WRAP, 1, CLOCK / 10);
	assert_int_equal((at[4] & 1) << 8 | at[5], 0);
	reader->last_pcr = pcr;
}

static void read_packet(struct reader *reader, const unsigned char *packet, size_t index)
{
	int pid = (packet[1] & 0x1f) << 8 | packet[2], counter = packet[3] & 15, control = packet[3] >> 4 & 3;
	bool starts = packet[1] & 0x40;
	size_t at = 4;

	assert_int_equal(packet[0], 0x47);
	assert_true(control & 1);
	assert_int_equal(packet[1] & 0xa0, 0);
	if (reader->counters[pid] >= 0)
		assert_int_equal(counter, (reader->counters[pid] + 1) % 16);
	reader->counters[pid] = counter;
	if (control & 2) {
		if (packet[4] > 0 && packet[5] & 0x10)
			read_pcr(reader, packet + 6);
		at += 1 + packet[4];
	}
	assert_true(at < TS_PACKET);
	if (index < 2) {
		assert_int_equal(pid, index == 0 ? 0 : PID_PMT);
		read_section(packet + at, TS_PACKET - at, index == 0 ? 0 : 2);
		return;
	}
	assert_int_equal(pid, PID_SOUND);
	if (index == 2)
		assert_true(starts && packet[5] & 0x40);
	if (starts) {
		begin_pes(reader, packet + at, TS_PACKET - at);
		at += 14;
	}
	assert_true(TS_PACKET - at <= reader->expected);
	reader->expected -= TS_PACKET - at;
	buf_put(&reader->sound, packet + at, TS_PACKET - at);
}

static void read_segment(struct reader *reader, const struct buf *segment)
{
	assert_false(segment->overflow);
	assert_int_equal(segment->length % TS_PACKET, 0);
	for (size_t i = 0; i < segment->length / TS_PACKET; i++)
		read_packet(reader, (const unsigned char *)segment->data + i * TS_PACKET, i);
	assert_int_equal(reader->expected, 0);
}

/* The frames of the elementary stream are those from FIRST, COUNT of them. */
static void check_sound(const struct reader *reader, size_t first, size_t count, uint32_t rate, uint32_t channels)
{
	const unsigned char *at = (const unsigned char *)reader->sound.data;
	size_t left = reader->sound.length;
	struct adts_frame frame;

	for (size_t i = first; i < first + count; i++) {
		size_t size = frames[i].length + ADTS_HEADER;

		assert_true(left >= size);
		assert_true(adts_read(at, size, &frame));
		assert_int_equal(frame.sample_rate, rate);
		assert_int_equal(frame.channels, channels);
		assert_memory_equal(at + frame.header, frames[i].bytes, frames[i].length);
		at += size;
		left -= size;
	}
	assert_int_equal(left, 0);
}

static void make_frames(size_t least, size_t most)
{
	uint64_t seed = 7;

	for (size_t i = 0; i < FRAMES_MOST; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		memset(media[i], (int)i, sizeof media[i]);
		frames[i] = (struct ts_frame){media[i], least + (size_t)(seed >> 33) % (most - least + 1)};
	}
}

static void segments_go_on(void **state)
{
	static const uint32_t rates[] = {44100, 48000, 22050, 12000, 96000};
	struct reader reader;
	struct buf out;

	(void)state;
	make_frames(1, 1500);
	for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
		open_reader(&reader);
		buf_init(&out, 1 << 22);
		for (size_t i = 0, first = 0; first < FRAMES_MOST; i++) {
			size_t count = i == 0 ? 1 : 57 < FRAMES_MOST - first ? 57 : FRAMES_MOST - first;

			buf_clear(&out);
			ts_put(&out, &(struct ts_segment){.number = i,
					     .sample_rate = rates[r],
					     .channels = 1 + (uint32_t)r % 2,
					     .start = (int64_t)first * 1024 - 1024,
					     .frames = frames + first,
					     .count = count});
			read_segment(&reader, &out);
			first += count;
		}
		check_sound(&reader, 0, FRAMES_MOST, rates[r], 1 + (uint32_t)r % 2);
		assert_int_equal(reader.first_pts, (TS_START * INT64_C(1) * rates[r] - 1024 * 90000) / rates[r]);
		buf_free(&reader.sound);
		buf_free(&out);
	}
}

static void the_clock_wraps(void **state)
{
	const int64_t start = CLOCK_WRAP / CLOCK * 48000 - 10 * 48000 - 20 * 1024;
	struct reader reader;
	struct buf out;

	(void)state;
	make_frames(300, 400);
	open_reader(&reader);
	buf_init(&out, 1 << 22);
	ts_put(&out, &(struct ts_segment){
			     .sample_rate = 48000, .channels = 2, .start = start, .frames = frames, .count = 100});
	read_segment(&reader, &out);
	assert_true(reader.first_pts > reader.last_pts);
	buf_free(&reader.sound);
	buf_free(&out);
}

static void bandwidth_is_a_bound(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 22);
	for (size_t size = 50; size < 1500; size += 50) {
		uint32_t peak = (uint32_t)((size + 4) * 8 * 44100 / 1024);
		double seconds = 172 * 1024 / 44100.0;

		make_frames(size, size);
		buf_clear(&out);
		ts_put(&out, &(struct ts_segment){
				     .sample_rate = 44100, .channels = 2, .frames = frames, .count = 172});
		assert_true((double)out.length * 8 / seconds <= ts_bandwidth(peak, 44100, 4000));
		assert_true((double)out.length * 8 / seconds * 1.1 + 20000 >= ts_bandwidth(peak, 44100, 4000));
	}
	assert_int_equal(ts_bandwidth(UINT32_MAX, 44100, 1000), UINT32_MAX);
	buf_free(&out);
}

/* 14496-3 table 1.A.6, bit by bit. */
static void adts_headers(void **state)
{
	static const unsigned char wanted[] = {0xff, 0xf1, 0x50, 0x80, 0x1f, 0xff, 0xfc};
	unsigned char bytes[300] = {0}, config[2];
	struct adts_frame frame;
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	adts_put(&out, 44100, 2, 248);
	assert_int_equal(out.length, 7);
	assert_memory_equal(out.data, wanted, 7);
	memcpy(bytes, wanted, 7);
	assert_true(adts_read(bytes, 255, &frame));
	assert_int_equal(frame.size, 255);
	adts_config(&frame, config);
	assert_memory_equal(config, "\x12\x10", 2);
	assert_false(adts_read(bytes, 254, &frame));
	assert_false(adts_read(bytes, 6, &frame));
	bytes[6] |= 1; /* two raw data blocks */
	assert_false(adts_read(bytes, 255, &frame));
	memcpy(bytes, wanted, 7);
	bytes[2] = 0x10; /* AAC Main */
	assert_false(adts_read(bytes, 255, &frame));
	memcpy(bytes, wanted, 7);
	bytes[1] = 0xf0; /* with a checksum */
	assert_true(adts_read(bytes, 255, &frame));
	assert_int_equal(frame.header, 9);
	assert_false(adts_can_say(44000, 2));
	assert_false(adts_can_say(44100, 3));
	buf_free(&out);
}

/* A file of cmaf.c in two segments, and its index. */
static struct bmff_span make_file(struct arena *arena, struct rendition *rendition)
{
	const struct cmaf_track track = {.codec = CMAF_AAC,
		.timescale = 44100,
		.sample_rate = 44100,
		.channels = 2,
		.priming = 1024,
		.config = "\x12\x10",
		.config_size = 2,
		.segments_expected = 2};
	struct cmaf_file file = cmaf_file_open();
	struct cmaf_output output = cmaf_file_output(&file);
	struct cmaf_writer *writer;
	struct err_info info;
	struct bmff_span bytes;

	make_frames(100, 200);
	assert_int_equal(cmaf_open(&track, &output, &writer, &info), ERR_OK);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(cmaf_sample(writer, frames[i].bytes, frames[i].length, 1024, &info), ERR_OK);
		if (i == 59)
			assert_int_equal(cmaf_cut(writer, &info), ERR_OK);
	}
	assert_int_equal(cmaf_finish(writer, 99 * 1024 - 100, &info), ERR_OK);
	cmaf_free(writer);
	*rendition = (struct rendition){.quality = "high"};
	assert_int_equal(cmaf_index_read(file.fd, arena, rendition, &info), ERR_OK);
	bytes = cmaf_file_bytes(&file);
	close(file.fd);
	return bytes;
}

static void from_cmaf(void **state)
{
	struct arena arena = {0};
	struct rendition rendition, other;
	struct bmff_span file = make_file(&arena, &rendition);
	struct err_info info;
	struct reader reader;
	struct buf out;

	(void)state;
	open_reader(&reader);
	buf_init(&out, 1 << 20);
	assert_true(ts_cmaf_fits(&rendition));
	for (size_t i = 0; i < 2; i++) {
		const unsigned char *segment = file.bytes + rendition.segments.segments[i].offset;

		buf_clear(&out);
		assert_int_equal(ts_cmaf_put(&out, &rendition, i, segment, &arena, &info), ERR_OK);
		read_segment(&reader, &out);
	}
	check_sound(&reader, 0, 100, 44100, 2);
	assert_int_equal(reader.last_pts, TS_START + 95 * 1024 * INT64_C(90000) / 44100);
	other = rendition;
	snprintf(other.codecs, sizeof other.codecs, "mp4a.40.5");
	assert_false(ts_cmaf_fits(&other));
	other = rendition;
	other.sample_rate = other.timescale = 44000;
	assert_false(ts_cmaf_fits(&other));
	buf_free(&reader.sound);
	buf_free(&out);
	out.limit = TS_PACKET;
	assert_int_equal(ts_cmaf_put(&out, &rendition, 0, file.bytes + rendition.segments.segments[0].offset, &arena,
				 &info),
		ERR_TOO_LARGE);
	buf_free(&out);
	arena_free(&arena);
	free((void *)(uintptr_t)file.bytes);
}

/* Whatever a byte is changed into, the frames lie within the segment or there are none. */
static void broken_segments(void **state)
{
	struct arena arena = {0};
	struct rendition rendition;
	struct bmff_span file = make_file(&arena, &rendition);
	const struct segment *segment = &rendition.segments.segments[0];
	unsigned char *bytes = malloc(segment->size);
	struct cmaf_frame *found;
	struct err_info info;
	size_t count;

	(void)state;
	assert_non_null(bytes);
	for (size_t at = 0; at < 600; at++) {
		for (int change = 1; change < 256; change <<= 1) {
			memcpy(bytes, file.bytes + segment->offset, segment->size);
			bytes[at] ^= (unsigned char)change;
			if (cmaf_frames(bytes, segment->size, &arena, &found, &count, &info) != ERR_OK)
				continue;
			for (size_t i = 0; i < count; i++)
				assert_true(found[i].bytes >= bytes && found[i].length > 0 &&
					    found[i].bytes + found[i].length <= bytes + segment->size);
		}
	}
	for (size_t length = 0; length < 600; length++)
		assert_int_equal(cmaf_frames(bytes, length, &arena, &found, &count, &info), ERR_UNPROCESSABLE);
	free(bytes);
	arena_free(&arena);
	free((void *)(uintptr_t)file.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_go_on),
		cmocka_unit_test(the_clock_wraps),
		cmocka_unit_test(bandwidth_is_a_bound),
		cmocka_unit_test(adts_headers),
		cmocka_unit_test(from_cmaf),
		cmocka_unit_test(broken_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
