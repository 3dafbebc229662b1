/* SPDX-License-Identifier: MIT */
#include "media/flac_stream.h"

#include <assert.h>
#include <libavutil/crc.h>
#include <libavutil/mem.h>
#include <string.h>

enum {
	SYNC_HIGH = 0xff, /* and blocks of a fixed size */
	SYNC_LOW = 0xf8,
	NUMBER_AT = 4, /* behind the codes of block size, rate, channels and bits */
	FOOTER = 2,
	FRAME_SIZES_AT = 4, /* in STREAMINFO */
	SAMPLES_AT = 13,    /* the lower half of that byte, and four more */
	MD5_AT = 18,
	BLOCK_SAMPLES = 1024
};

/* Bytes of the coded number that begins with LEAD (section 9.1.5), 0 when none does. */
static size_t number_length(uint8_t lead)
{
	size_t ones = 0;

	while (ones < 8 && (lead & 0x80U >> ones) != 0)
		ones++;
	return ones == 0 ? 1 : ones == 1 || ones == 8 ? 0 : ones;
}

static size_t put_number(uint8_t *out, uint32_t number)
{
	size_t length = 2;

	if (number < 0x80) {
		*out = (uint8_t)number;
		return 1;
	}
	while (number >> (5 * length + 1) != 0)
		length++;
	for (size_t i = length - 1; i > 0; i--, number >>= 6)
		out[i] = (uint8_t)(0x80 | (number & 0x3f));
	*out = (uint8_t)(0xff00U >> length | number);
	return length;
}

/* Bytes between number and checksum: the block size and the rate, where their codes say that they follow. */
static size_t uncommon_length(uint8_t codes)
{
	unsigned block = codes >> 4, rate = codes & 0xf;

	return (block == 6 ? 1U : block == 7 ? 2U : 0U) + (rate == 12 ? 1U : rate == 13 || rate == 14 ? 2U : 0U);
}

size_t flac_frame_number(const uint8_t *frame, size_t size, uint32_t number, uint8_t *out)
{
	size_t old, uncommon, header, rest;
	uint32_t crc;

	assert(number < FLAC_FRAMES_MOST);
	if (size <= NUMBER_AT || frame[0] != SYNC_HIGH || frame[1] != SYNC_LOW)
		return 0;
	old = number_length(frame[NUMBER_AT]);
	uncommon = uncommon_length(frame[2]);
	if (old == 0 || size < NUMBER_AT + old + uncommon + 1 + FOOTER)
		return 0;
	memcpy(out, frame, NUMBER_AT);
	header = NUMBER_AT + put_number(out + NUMBER_AT, number);
	memcpy(out + header, frame + NUMBER_AT + old, uncommon);
	header += uncommon;
	out[header] = (uint8_t)av_crc(av_crc_get_table(AV_CRC_8_ATM), 0, out, header);
	header++;
	rest = size - (NUMBER_AT + old + uncommon + 1) - FOOTER;
	memcpy(out + header, frame + size - FOOTER - rest, rest);
	crc = av_crc(av_crc_get_table(AV_CRC_16_ANSI), 0, out, header + rest);
	out[header + rest] = (uint8_t)crc; /* libavutil gives it with its bytes swapped */
	out[header + rest + 1] = (uint8_t)(crc >> 8);
	return header + rest + FOOTER;
}

enum err flac_whole_init(struct flac_whole *whole, struct err_info *info)
{
	*whole = (struct flac_whole){.md5 = av_md5_alloc(), .least = UINT32_MAX};
	if (whole->md5 == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for a checksum");
	av_md5_init(whole->md5);
	return ERR_OK;
}

/* COUNT samples of FRAME from number AT, of all channels, little-endian as they are hashed. Returns how many bytes. */
static size_t to_bytes(const AVFrame *frame, size_t at, size_t count, uint8_t *bytes)
{
	const int16_t *shorts = (const int16_t *)(const void *)frame->data[0] + at;
	const int32_t *longs = (const int32_t *)(const void *)frame->data[0] + at;

	if (frame->format == AV_SAMPLE_FMT_S16) {
		for (size_t i = 0; i < count; i++) {
			bytes[2 * i] = (uint8_t)shorts[i];
			bytes[2 * i + 1] = (uint8_t)(shorts[i] >> 8);
		}
		return 2 * count;
	}
	for (size_t i = 0; i < count; i++) {
		bytes[3 * i] = (uint8_t)(longs[i] >> 8);
		bytes[3 * i + 1] = (uint8_t)(longs[i] >> 16);
		bytes[3 * i + 2] = (uint8_t)(longs[i] >> 24);
	}
	return 3 * count;
}

void flac_whole_sound(struct flac_whole *whole, const AVFrame *frame)
{
	size_t count = (size_t)frame->nb_samples * (size_t)frame->ch_layout.nb_channels;
	uint8_t bytes[3 * BLOCK_SAMPLES];

	for (size_t at = 0; at < count; at += BLOCK_SAMPLES) {
		size_t block = count - at < BLOCK_SAMPLES ? count - at : BLOCK_SAMPLES;

		av_md5_update(whole->md5, bytes, to_bytes(frame, at, block, bytes));
	}
	whole->samples += (uint64_t)frame->nb_samples;
}

void flac_whole_frame(struct flac_whole *whole, size_t size)
{
	if (size < whole->least)
		whole->least = (uint32_t)size;
	if (size > whole->most)
		whole->most = (uint32_t)size;
}

static void put_be(uint8_t *out, size_t length, uint64_t value)
{
	for (; length > 0; value >>= 8)
		out[--length] = (uint8_t)value;
}

void flac_whole_finish(struct flac_whole *whole, uint8_t *streaminfo)
{
	put_be(streaminfo + FRAME_SIZES_AT, 3, whole->least);
	put_be(streaminfo + FRAME_SIZES_AT + 3, 3, whole->most);
	streaminfo[SAMPLES_AT] = (uint8_t)((streaminfo[SAMPLES_AT] & 0xf0U) | (whole->samples >> 32 & 0xf));
	put_be(streaminfo + SAMPLES_AT + 1, 4, whole->samples);
	av_md5_final(whole->md5, streaminfo + MD5_AT);
}

void flac_whole_free(struct flac_whole *whole)
{
	av_freep(&whole->md5);
}
