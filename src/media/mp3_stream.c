/* SPDX-License-Identifier: MIT */
#include "media/mp3_stream.h"

enum {
	HEADER = 4,
	CHECKSUM = 2,
	VERSION_1 = 3,
	VERSION_RESERVED = 1,
	LAYER_III = 1,
	MONO = 3,
	WINDOW_BITS = 4 /* window_switching_flag, block_type, mixed_block_flag */
};

/* Side information of one version: bytes with one channel and with two, bits of what is in it. */
struct layout {
	uint8_t bytes[2];
	uint8_t reach;   /* main_data_begin */
	uint8_t channel; /* of a granule; those of the last one come last */
	uint8_t window;  /* what is before window_switching_flag there */
};

static const struct layout full = {.bytes = {17, 32}, .reach = 9, .channel = 59, .window = 33},
			   halved = {.bytes = {9, 17}, .reach = 8, .channel = 63, .window = 38};

static unsigned bits(const uint8_t *data, size_t at, unsigned count)
{
	unsigned value = 0;

	for (; count > 0; count--, at++)
		value = value << 1 | ((unsigned)data[at / 8] >> (7 - at % 8) & 1U);
	return value;
}

/* The window of the last granule, SIDE being the side information of CHANNELS. */
static unsigned read_window(const uint8_t *side, const struct layout *layout, size_t channels)
{
	size_t at = 8U * layout->bytes[channels - 1] - channels * layout->channel;
	unsigned window = 0;

	for (size_t c = 0; c < channels; c++, at += layout->channel) {
		unsigned switched = bits(side, at + layout->window, 1);

		window = window << WINDOW_BITS | (switched ? bits(side, at + layout->window, WINDOW_BITS) : 0);
	}
	return window;
}

bool mp3_frame_read(uint8_t *data, size_t size, struct mp3_frame *frame)
{
	const struct layout *layout;
	size_t channels, side = HEADER;
	unsigned version;

	if (size < HEADER || bits(data, 0, 11) != 0x7ff)
		return false;
	version = bits(data, 11, 2);
	if (version == VERSION_RESERVED || bits(data, 13, 2) != LAYER_III)
		return false;
	layout = version == VERSION_1 ? &full : &halved;
	channels = bits(data, 24, 2) == MONO ? 1 : 2;
	if (bits(data, 15, 1) == 0) /* protection_bit: there is a checksum, of header and side information alone */
		side += CHECKSUM;
	if (size < side + layout->bytes[channels - 1])
		return false;
	frame->reach = bits(data + side, 0, layout->reach);
	frame->window = read_window(data + side, layout, channels);
	frame->room = data + side + layout->bytes[channels - 1];
	frame->size = size - (size_t)(frame->room - data);
	return true;
}

/* The main data byte BACK (1: the last one) before frame AT; NULL when FRAMES do not go back so far. */
static uint8_t *byte_before(const struct mp3_frame *frames, size_t at, size_t back)
{
	while (at > 0) {
		const struct mp3_frame *frame = &frames[--at];

		if (back <= frame->size)
			return frame->room + (frame->size - back);
		back -= frame->size;
	}
	return NULL;
}

bool mp3_join(const struct mp3_frame *old, const struct mp3_frame *fresh, size_t at)
{
	size_t reach = fresh[at].reach;

	if (at == 0 || old[at - 1].window != fresh[at - 1].window || reach > old[at].reach)
		return false;
	if (reach > 0 && (byte_before(old, at, reach) == NULL || byte_before(fresh, at, reach) == NULL))
		return false;
	for (size_t back = reach; back > 0; back--)
		*byte_before(old, at, back) = *byte_before(fresh, at, back);
	return true;
}
