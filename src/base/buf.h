/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer with a limit. Appending past the limit sets `overflow` and drops the bytes, so a
 * builder can append freely and look once at the end. The bytes are always followed by a NUL that is not
 * counted. Belongs to one thread at a time.
 */
#ifndef TONEARM_BASE_BUF_H
#define TONEARM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;    /* heap, owned by the buffer; NULL while empty */
	size_t length; /* bytes in use */
	size_t room;
	size_t limit;  /* most bytes it may hold */
	bool overflow; /* something did not fit */
};

/* An empty buffer of at most LIMIT bytes. Allocates nothing yet. */
void buf_init(struct buf *buf, size_t limit);

/* Room for LENGTH more bytes at once, as far as the limit goes: only for speed. */
void buf_reserve(struct buf *buf, size_t length);

void buf_put(struct buf *buf, const void *bytes, size_t length);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* NUMBER in decimal with at least WIDTH (1 to 20) digits, zeros in front: several times as fast as buf_printf(). */
void buf_put_number(struct buf *buf, uint64_t number, size_t width);

/* C as text or a quoted attribute value of XML 1.0 has it (section 2.4): "&lt;" for "<". */
void buf_put_xml(struct buf *buf, char c);

/* Big-endian integers, as ISO BMFF has them. */
void buf_put_u8(struct buf *buf, uint8_t value);
void buf_put_be16(struct buf *buf, uint16_t value);
void buf_put_be24(struct buf *buf, uint32_t value);
void buf_put_be32(struct buf *buf, uint32_t value);
void buf_put_be64(struct buf *buf, uint64_t value);

/* Overwrites 4 bytes at OFFSET, which must lie within the length: for sizes known afterwards. */
void buf_set_be32(struct buf *buf, size_t offset, uint32_t value);

/* The text so far; "" while empty. Valid until the next append. */
const char *buf_text(const struct buf *buf);

/* Length back to 0 and overflow cleared; keeps the memory. */
void buf_clear(struct buf *buf);

/* Gives the memory back; the buffer is empty and keeps its limit. */
void buf_free(struct buf *buf);

#endif
