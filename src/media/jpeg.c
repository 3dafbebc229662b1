/* SPDX-License-Identifier: MIT */
#include "media/jpeg.h"

#include <stdbool.h>
#include <string.h>

enum {
	MARKER = 0xFF,
	START = 0xD8,
	END = 0xD9,
	BASELINE = 0xC0,
	HUFFMAN = 0xC4,
	SCAN = 0xDA,
	QUANTISATION = 0xDB,
	RESTART_INTERVAL = 0xDD,
	APP0 = 0xE0,
	RESTART_FIRST = 0xD0,
	RESTART_LAST = 0xD7,
	FRAME_LEAST = 9 /* bytes of a frame header that hold the size of the picture and the number of components */
};

static enum err bad(struct err_info *info, const char *what)
{
	return err_set(info, ERR_UNPROCESSABLE, "the picture is no plain JPEG: %s", what);
}

/* Up to the end of the file, which must be the end of the image: a marker may only restart. */
static enum err check_scan(const unsigned char *at, size_t length, struct err_info *info)
{
	if (length < 2 || at[length - 2] != MARKER || at[length - 1] != END)
		return bad(info, "it has no end");
	for (size_t i = 0; i + 2 < length; i++) {
		if (at[i] == MARKER && at[i + 1] != 0 && (at[i + 1] < RESTART_FIRST || at[i + 1] > RESTART_LAST))
			return bad(info, "there is more than one scan");
	}
	return ERR_OK;
}

/* PAYLOAD is what follows the marker, with its length. */
static enum err check_frame(const unsigned char *payload, size_t length, uint32_t side_most, struct err_info *info)
{
	uint32_t height, width;

	if (length < FRAME_LEAST)
		return bad(info, "its frame is cut off");
	height = (uint32_t)payload[3] << 8 | payload[4];
	width = (uint32_t)payload[5] << 8 | payload[6];
	if (width == 0 || height == 0 || width > side_most || height > side_most)
		return err_set(info, ERR_UNPROCESSABLE, "the picture has %u x %u pixels, not at most %u on a side",
			width, height, side_most);
	return ERR_OK;
}

static bool is_table(unsigned char marker)
{
	return marker == HUFFMAN || marker == QUANTISATION || marker == RESTART_INTERVAL;
}

enum err jpeg_check(const void *bytes, size_t length, uint32_t side_most, struct err_info *info)
{
	const unsigned char *at = bytes;
	size_t left = length;
	bool frame = false;

	if (left < 2 || at[0] != MARKER || at[1] != START)
		return bad(info, "it does not begin like one");
	at += 2;
	left -= 2;
	while (left >= 4 && at[0] == MARKER) {
		unsigned char marker = at[1];
		size_t size = (size_t)at[2] << 8 | at[3];

		if (size < 2 || size + 2 > left)
			return bad(info, "a segment is longer than the file");
		if (marker == BASELINE && !frame) {
			if (check_frame(at + 2, size, side_most, info) != ERR_OK)
				return info->code;
			frame = true;
		} else if (marker == SCAN && frame) {
			return check_scan(at + 2 + size, left - 2 - size, info);
		} else if (marker == APP0) {
			if (size != 16 || memcmp(at + 4, "JFIF", 5) != 0)
				return bad(info, "it has metadata");
		} else if (!is_table(marker)) {
			return bad(info, "it has a segment that it should not have");
		}
		at += size + 2;
		left -= size + 2;
	}
	return bad(info, "it ends without a picture");
}
