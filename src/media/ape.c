/* SPDX-License-Identifier: MIT */
#include "media/ape.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum {
	FOOTER = 32,
	ID3V1 = 128,
	TAG_MOST = 1 << 20,
	ITEMS_MOST = 256,
	ITEM_HEADER = 8,
	KEY_MOST = 255,
	BINARY_BITS = 6 /* of an item's flags: 0 is text */
};

static uint32_t get_le32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Whether a footer of a tag ends at END; *SIZE is then its length with the items, *ITEMS their number. */
static bool find_footer(int fd, off_t end, size_t *size, uint32_t *items)
{
	unsigned char footer[FOOTER];

	if (end < FOOTER || pread(fd, footer, sizeof footer, end - FOOTER) != FOOTER ||
		memcmp(footer, "APETAGEX", 8) != 0)
		return false;
	*size = get_le32(footer + 12);
	*items = get_le32(footer + 16);
	return *size >= FOOTER && *size <= TAG_MOST && (off_t)*size <= end && *items <= ITEMS_MOST;
}

/* One item at *AT, which has *LEFT bytes, and a NUL behind them. False when it is damaged. */
static bool take_item(char **at, size_t *left, struct tags *tags)
{
	char *key = *at + ITEM_HEADER, *value, kept;
	size_t size, length;
	bool text;

	if (*left < ITEM_HEADER)
		return false;
	size = get_le32((const unsigned char *)*at);
	text = (*(*at + 4) & BINARY_BITS) == 0;
	length = strnlen(key, *left - ITEM_HEADER);
	if (length == 0 || length > KEY_MOST || ITEM_HEADER + length + 1 > *left ||
		size > *left - ITEM_HEADER - length - 1)
		return false;
	value = key + length + 1;
	kept = value[size];
	value[size] = '\0';
	if (text)
		tags_set(tags, key, value);
	value[size] = kept;
	*left -= ITEM_HEADER + length + 1 + size;
	*at = value + size;
	return true;
}

void ape_read(int fd, struct tags *tags)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char *bytes, *at;
	uint32_t items;
	size_t left;

	if (!find_footer(fd, end, &left, &items)) {
		end -= ID3V1;
		if (!find_footer(fd, end, &left, &items))
			return;
	}
	bytes = malloc(left + 1);
	if (bytes == NULL)
		return;
	if (pread(fd, bytes, left, end - (off_t)left) == (ssize_t)left) {
		left -= FOOTER;
		bytes[left] = '\0';
		at = bytes;
		for (uint32_t i = 0; i < items && take_item(&at, &left, tags); i++)
			continue;
	}
	free(bytes);
}
