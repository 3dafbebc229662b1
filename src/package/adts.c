/* SPDX-License-Identifier: MIT */
#include "package/adts.h"

#include <assert.h>

enum { AAC_LC = 2, VBR_FULLNESS = 0x7ff };

static const uint32_t rates[] = {
	96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350};
enum { RATES = sizeof rates / sizeof *rates };

static unsigned index_of(uint32_t rate)
{
	unsigned index = 0;

	while (index < RATES && rates[index] != rate)
		index++;
	return index;
}

bool adts_can_say(uint32_t sample_rate, uint32_t channels)
{
	return index_of(sample_rate) < RATES && (channels == 1 || channels == 2);
}

void adts_put(struct buf *out, uint32_t sample_rate, uint32_t channels, size_t length)
{
	uint64_t header = 0xfff1; /* syncword, MPEG-4, no checksum */
	size_t size = length + ADTS_HEADER;

	assert(adts_can_say(sample_rate, channels) && size <= ADTS_FRAME_MOST);
	header = header << 2 | (AAC_LC - 1);
	header = header << 4 | index_of(sample_rate);
	header = header << 4 | channels; /* private bit 0, three bits of channels */
	header = header << 4;            /* original, home, the two of copyright */
	header = header << 13 | size;
	header = header << 11 | VBR_FULLNESS;
	header = header << 2; /* one raw data block */
	buf_put_be24(out, (uint32_t)(header >> 32));
	buf_put_be32(out, (uint32_t)header);
}

bool adts_read(const unsigned char *bytes, size_t length, struct adts_frame *out)
{
	unsigned index;

	if (length < ADTS_HEADER || bytes[0] != 0xff || (bytes[1] & 0xf6) != 0xf0)
		return false;
	index = bytes[2] >> 2 & 15;
	*out = (struct adts_frame){
		.sample_rate = index < RATES ? rates[index] : 0,
		.channels = (uint32_t)((bytes[2] & 1) << 2 | bytes[3] >> 6),
		.header = bytes[1] & 1 ? ADTS_HEADER : ADTS_HEADER + 2,
		.size = (size_t)((bytes[3] & 3) << 11 | bytes[4] << 3 | bytes[5] >> 5),
	};
	return bytes[2] >> 6 == AAC_LC - 1 && adts_can_say(out->sample_rate, out->channels) && (bytes[6] & 3) == 0 &&
	       out->size == length && out->size > out->header;
}

void adts_config(const struct adts_frame *frame, unsigned char config[static 2])
{
	unsigned bits = AAC_LC << 11 | index_of(frame->sample_rate) << 7 | frame->channels << 3;

	config[0] = (unsigned char)(bits >> 8);
	config[1] = (unsigned char)bits;
}
