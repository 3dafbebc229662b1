/* SPDX-License-Identifier: MIT */
#include "package/ts.h"

#include "package/adts.h"

#include <assert.h>

enum {
	PID_PAT = 0,
	PID_PMT = 0x1000,
	PID_SOUND = 0x100,
	PROGRAM = 1,
	STREAM_ADTS = 0x0f, /* 13818-1 table 2-34 */
	STREAM_ID = 0xc0,   /* table 2-22: audio */
	PAYLOAD = 184,
	COUNTERS = 16,
	CLOCK = 90000,
	CLOCK_EARLY = 9000, /* the clock reference goes this much before what comes with it */
	PCR_BYTES = 8,      /* an adaptation field with nothing else */
	PES_HEAD = 14,
	PES_MOST = 65535 - PES_HEAD + 6, /* of frames: PES_packet_length has 16 bits */
	FRAME_INDEX = 4                  /* bytes of a trun box that name a frame in CMAF */
};

#define CLOCK_MASK ((UINT64_C(1) << 33) - 1)

/* Frames of a PES packet: clock references are at most 100 ms apart (section 2.7.2). */
static size_t frames_each(uint32_t sample_rate)
{
	size_t frames = sample_rate / 10 / ADTS_SAMPLES;

	return frames > 0 ? frames : 1;
}

static void put_head(struct buf *out, unsigned pid, bool starts, unsigned control, uint64_t counter)
{
	buf_put_u8(out, 0x47);
	buf_put_be16(out, (uint16_t)((starts ? 0x4000U : 0) | pid));
	buf_put_u8(out, (uint8_t)(control << 4 | (unsigned)(counter % COUNTERS)));
}

static void put_filler(struct buf *out, size_t count)
{
	while (count-- > 0)
		buf_put_u8(out, 0xff);
}

/* Annex A. */
static uint32_t crc32_of(const unsigned char *bytes, size_t length)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		crc ^= (uint32_t)bytes[i] << 24;
		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc >> 31 ? UINT32_C(0x04c11db7) : 0);
	}
	return crc;
}

/* A packet with the one section TABLE of LENGTH bytes, to which its checksum comes (section 2.4.4). */
static void put_section(
	struct buf *out, unsigned pid, uint64_t counter, const unsigned char *table, size_t length)
{
	put_head(out, pid, true, 1, counter);
	buf_put_u8(out, 0);
	buf_put(out, table, length);
	buf_put_be32(out, crc32_of(table, length));
	put_filler(out, PAYLOAD - 1 - length - 4);
}

static void put_tables(struct buf *out, uint64_t number)
{
	/* table_id, section_length, transport_stream_id, version 0 that holds now, section 0 of 0 */
	static const unsigned char pat[] = {
		0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, PROGRAM, 0xe0 | PID_PMT >> 8, PID_PMT & 0xff};
	static const unsigned char pmt[] = {0x02, 0xb0, 18, 0, PROGRAM, 0xc1, 0, 0, 0xe0 | PID_SOUND >> 8,
		PID_SOUND & 0xff, 0xf0, 0, STREAM_ADTS, 0xe0 | PID_SOUND >> 8, PID_SOUND & 0xff, 0xf0, 0};

	put_section(out, PID_PAT, number, pat, sizeof pat);
	put_section(out, PID_PMT, number, pmt, sizeof pmt);
}

/* What lies FRAME frames into SEGMENT, on the clock. */
static uint64_t clock_at(const struct ts_segment *segment, size_t frame)
{
	int64_t samples = segment->start + (int64_t)frame * ADTS_SAMPLES;
	int64_t ticks = samples * CLOCK + (int64_t)segment->sample_rate * TS_START;

	assert(ticks >= 0);
	return (uint64_t)ticks / segment->sample_rate & CLOCK_MASK;
}

/* Section 2.4.3.7: header with PTS alone, then FRAMES frames from FIRST. */
static void put_pes(struct buf *out, const struct ts_segment *segment, size_t first, size_t frames, size_t length)
{
	uint64_t pts = clock_at(segment, first);

	buf_put_be24(out, 1);
	buf_put_u8(out, STREAM_ID);
	buf_put_be16(out, (uint16_t)(length + PES_HEAD - 6));
	buf_put_be16(out, 0x8480); /* aligned to a frame; PTS */
	buf_put_u8(out, 5);
	buf_put_u8(out, (uint8_t)(0x21 | (pts >> 29 & 0x0e)));
	buf_put_be16(out, (uint16_t)((pts >> 14 & 0xfffe) | 1));
	buf_put_be16(out, (uint16_t)((pts << 1 & 0xfffe) | 1));
	for (size_t i = first; i < first + frames; i++) {
		const struct ts_frame *frame = &segment->frames[i];

		adts_put(out, segment->sample_rate, segment->channels, frame->length);
		buf_put(out, frame->bytes, frame->length);
	}
}

/* An adaptation field of SIZE bytes in all, with a clock reference when PCR is not NULL (section 2.4.3.4). */
static void put_adaptation(struct buf *out, size_t size, bool random_access, const uint64_t *pcr)
{
	if (size == 0)
		return;
	buf_put_u8(out, (uint8_t)(size - 1));
	if (size == 1)
		return;
	buf_put_u8(out, (uint8_t)((random_access ? 0x40 : 0) | (pcr != NULL ? 0x10 : 0)));
	if (pcr != NULL) {
		buf_put_be32(out, (uint32_t)(*pcr >> 1));
		buf_put_be16(out, (uint16_t)((*pcr & 1) << 15 | 0x7e00));
	}
	put_filler(out, size - (pcr != NULL ? PCR_BYTES : 2));
}

static size_t packets_for(size_t length)
{
	size_t first = PAYLOAD - PCR_BYTES;

	return length <= first ? 1 : 1 + (length - first + PAYLOAD - 1) / PAYLOAD;
}

/* LENGTH bytes of a PES packet in COUNT packets, at least a byte in each. */
static void put_packets(struct buf *out, const char *bytes, size_t length, size_t count, uint64_t counter,
	bool random_access, uint64_t pcr)
{
	for (size_t i = 0; i < count; i++) {
		size_t room = i == 0 ? PAYLOAD - PCR_BYTES : PAYLOAD;
		size_t most = length - (count - 1 - i);
		size_t taken = most < room ? most : room;

		put_head(out, PID_SOUND, i == 0, taken == PAYLOAD ? 1 : 3, counter + i);
		put_adaptation(out, PAYLOAD - taken, i == 0 && random_access, i == 0 ? &pcr : NULL);
		buf_put(out, bytes, taken);
		bytes += taken;
		length -= taken;
	}
}

/* How many frames from FIRST go into one PES packet, and their bytes with headers. */
static size_t next_frames(const struct ts_segment *segment, size_t first, size_t *length)
{
	size_t most = frames_each(segment->sample_rate), frames = 0;

	*length = 0;
	while (frames < most && first + frames < segment->count) {
		size_t size = segment->frames[first + frames].length + ADTS_HEADER;

		if (*length + size > PES_MOST)
			break;
		*length += size;
		frames++;
	}
	return frames;
}

void ts_put(struct buf *out, const struct ts_segment *segment)
{
	struct buf pes;
	size_t first = 0, counter = 0;

	assert(segment->count > 0);
	buf_init(&pes, PES_HEAD + PES_MOST);
	put_tables(out, segment->number);
	while (first < segment->count) {
		size_t length, frames = next_frames(segment, first, &length), packets;

		buf_clear(&pes);
		put_pes(&pes, segment, first, frames, length);
		packets = packets_for(pes.length);
		if (first + frames == segment->count)
			packets += (COUNTERS - (counter + packets) % COUNTERS) % COUNTERS;
		put_packets(out, pes.data, pes.length, packets, counter, first == 0,
			(clock_at(segment, first) - CLOCK_EARLY) & CLOCK_MASK);
		counter += packets;
		first += frames;
	}
	buf_free(&pes);
}

uint32_t ts_bandwidth(uint32_t peak, uint32_t sample_rate, uint32_t segment_ms)
{
	uint64_t frames = (sample_rate + ADTS_SAMPLES - 1) / ADTS_SAMPLES;
	uint64_t pes = frames / frames_each(sample_rate) + 1;
	uint64_t bytes = peak / 8 + frames * (ADTS_HEADER - FRAME_INDEX) + pes * (PES_HEAD + PCR_BYTES);
	/* Those that a segment begins with and is filled up by; the last may be half as long as the others. */
	uint64_t extra = 2 * UINT64_C(1000) * (2 + COUNTERS - 1) / segment_ms;
	uint64_t bits = (bytes / PAYLOAD + pes + extra + 2) * TS_PACKET * 8;

	return bits < UINT32_MAX ? (uint32_t)bits : UINT32_MAX;
}
