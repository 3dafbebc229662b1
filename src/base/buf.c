/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t limit)
{
	*buf = (struct buf){.limit = limit};
}

/* Makes room for LENGTH more bytes and the NUL; false when that passes the limit. */
static bool make_room(struct buf *buf, size_t length)
{
	size_t room = buf->room > 0 ? buf->room : 256;

	if (buf->overflow || length > buf->limit - buf->length) {
		buf->overflow = true;
		return false;
	}
	while (room - buf->length <= length)
		room *= 2;
	if (room != buf->room) {
		char *data = realloc(buf->data, room);

		if (data == NULL)
			abort();
		buf->data = data;
		buf->room = room;
	}
	return true;
}

void buf_reserve(struct buf *buf, size_t length)
{
	size_t left = buf->limit - buf->length;

	make_room(buf, length < left ? length : left);
}

void buf_put(struct buf *buf, const void *bytes, size_t length)
{
	if (!make_room(buf, length))
		return;
	if (length > 0)
		memcpy(buf->data + buf->length, bytes, length);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_put(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c)
{
	buf_put(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	size_t left = buf->room - buf->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(left > 0 ? buf->data + buf->length : NULL, left, format, args);
	va_end(args);
	if (length < 0 || !make_room(buf, (size_t)length)) {
		buf->overflow = true;
		if (left > 0)
			buf->data[buf->length] = '\0';
		return;
	}
	if ((size_t)length >= left) {
		va_start(args, format);
		vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
		va_end(args);
	}
	buf->length += (size_t)length;
}

void buf_put_number(struct buf *buf, uint64_t number, size_t width)
{
	char digits[20];
	size_t at = sizeof digits;

	assert(width <= sizeof digits);
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (sizeof digits - at < width)
		digits[--at] = '0';
	buf_put(buf, digits + at, sizeof digits - at);
}

void buf_put_xml(struct buf *buf, char c)
{
	switch (c) {
	case '&':
		buf_puts(buf, "&amp;");
		break;
	case '<':
		buf_puts(buf, "&lt;");
		break;
	case '>':
		buf_puts(buf, "&gt;");
		break;
	case '"':
		buf_puts(buf, "&quot;");
		break;
	default:
		buf_putc(buf, c);
	}
}

void buf_put_u8(struct buf *buf, uint8_t value)
{
	buf_put(buf, &value, 1);
}

static void put_be(struct buf *buf, uint64_t value, size_t width)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < width; i++)
		bytes[i] = (unsigned char)(value >> (8 * (width - 1 - i)));
	buf_put(buf, bytes, width);
}

void buf_put_be16(struct buf *buf, uint16_t value)
{
	put_be(buf, value, 2);
}

void buf_put_be24(struct buf *buf, uint32_t value)
{
	put_be(buf, value, 3);
}

void buf_put_be32(struct buf *buf, uint32_t value)
{
	put_be(buf, value, 4);
}

void buf_put_be64(struct buf *buf, uint64_t value)
{
	put_be(buf, value, 8);
}

void buf_set_be32(struct buf *buf, size_t offset, uint32_t value)
{
	if (buf->overflow)
		return;
	assert(offset + 4 <= buf->length);
	for (size_t i = 0; i < 4; i++)
		buf->data[offset + i] = (char)(unsigned char)(value >> (8 * (3 - i)));
}

const char *buf_text(const struct buf *buf)
{
	return buf->data == NULL ? "" : buf->data;
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	buf->overflow = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->limit);
}
