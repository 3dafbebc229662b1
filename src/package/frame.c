/* SPDX-License-Identifier: MIT */
#include "package/frame.h"

#include <stdbool.h>

enum { OPUS_MOST = 5760, FLAC_HEAD = 6, FLAC_NUMBER_MOST = 7 };

uint32_t frame_opus(const unsigned char *bytes, size_t length)
{
	static const uint32_t silk[] = {480, 960, 1920, 2880}, hybrid[] = {480, 960}, celt[] = {120, 240, 480, 960};
	unsigned config, frames;
	uint32_t each;

	if (length < 1)
		return 0;
	config = bytes[0] >> 3;
	if (config < 12)
		each = silk[config % 4];
	else
		each = config < 16 ? hybrid[config % 2] : celt[config % 4];
	if ((bytes[0] & 3) < 3)
		frames = (bytes[0] & 3) == 0 ? 1 : 2;
	else
		frames = length < 2 ? 0 : bytes[1] & 63;
	return frames * each <= OPUS_MOST ? frames * each : 0;
}

/* The bytes that the coded number at BYTES takes, as UTF-8 does with one to seven bytes; 0 when it is none. */
static size_t number_length(unsigned char first)
{
	size_t length = 0;

	while (length < 8 && first & 0x80U >> length)
		length++;
	if (length == 0)
		return 1;
	return length == 1 || length > FLAC_NUMBER_MOST ? 0 : length;
}

uint32_t frame_flac(const unsigned char *bytes, size_t length)
{
	unsigned code;
	size_t at;

	if (length < FLAC_HEAD || bytes[0] != 0xff || (bytes[1] & 0xfe) != 0xf8)
		return 0;
	code = bytes[2] >> 4;
	at = number_length(bytes[4]);
	if (code == 0 || at == 0 || length < 4 + at + 2)
		return 0;
	at += 4;
	if (code == 1)
		return 192;
	if (code <= 5)
		return 144U << code;
	if (code == 6)
		return bytes[at] + 1U;
	if (code == 7)
		return (uint32_t)(bytes[at] << 8 | bytes[at + 1]) + 1;
	return 1U << code;
}

uint32_t frame_mp3(const unsigned char *bytes, size_t length)
{
	bool layer3;
	unsigned version;

	if (length < 4 || bytes[0] != 0xff || (bytes[1] & 0xe0) != 0xe0)
		return 0;
	version = bytes[1] >> 3 & 3; /* 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5 */
	layer3 = (bytes[1] >> 1 & 3) == 1;
	if (!layer3 || version == 1)
		return 0;
	return version == 3 ? 1152 : 576;
}
