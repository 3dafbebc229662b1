/* SPDX-License-Identifier: MIT */
#include "media/aac_window.h"

enum {
	ID_SCE = 0, /* id_syn_ele, 3 bits, then element_instance_tag, 4 bits */
	ID_CPE = 1,
	HEADER_BITS = 7,
	GLOBAL_GAIN_BITS = 8,
	ICS_RESERVED_BITS = 1,
	LONGEST_BYTES = 3
};

static unsigned bits(const uint8_t *data, unsigned at, unsigned count)
{
	unsigned value = 0;

	for (; count > 0; count--, at++)
		value = value << 1 | ((unsigned)data[at / 8] >> (7 - at % 8) & 1U);
	return value;
}

bool aac_window_read(const uint8_t *data, size_t size, struct aac_window *window)
{
	unsigned at = HEADER_BITS;

	if (size < LONGEST_BYTES)
		return false;
	switch (bits(data, 0, 3)) {
	case ID_SCE:
		at += GLOBAL_GAIN_BITS;
		break;
	case ID_CPE:
		if (bits(data, at++, 1) == 0) /* common_window */
			return false;
		break;
	default:
		return false;
	}
	at += ICS_RESERVED_BITS;
	window->sequence = (uint8_t)bits(data, at, 2);
	window->shape = (uint8_t)bits(data, at + 2, 1);
	return true;
}
