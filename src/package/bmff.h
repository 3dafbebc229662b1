/* SPDX-License-Identifier: MIT */
/*
 * Boxes of the ISO base media file format (ISO/IEC 14496-12 section 4.2), written into a buf and read from memory.
 * Writing: begin a box, put its fields, end it; boxes nest. Reading: a span shrinks from the front as fields and boxes
 * are taken; a read past its end marks it bad and gives zeros, so that a parser may take all fields and look once. A
 * child never reaches beyond its parent. Thread-safe, no state.
 */
#ifndef TONEARM_PACKAGE_BMFF_H
#define TONEARM_PACKAGE_BMFF_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a box header with a 32-bit size, and of one with version and flags. */
enum { BMFF_HEADER = 8 };

/* Opens a box of the four characters TYPE at the end of OUT; the result goes to bmff_end(). */
size_t bmff_begin(struct buf *out, const char *type);

/* As bmff_begin(), with VERSION and the 24 bits FLAGS of a FullBox. */
size_t bmff_begin_full(struct buf *out, const char *type, uint8_t version, uint32_t flags);

/* Closes the box that began at START: its size, which must fit 32 bits, is filled in. */
void bmff_end(struct buf *out, size_t start);

/* COUNT zero bytes. */
void bmff_put_zeros(struct buf *out, size_t count);

struct bmff_span {
	const unsigned char *bytes;
	size_t length;
	bool bad; /* something was read past the end, or a box size made no sense */
};

struct bmff_box {
	uint32_t type;            /* bmff_type("moov") */
	struct bmff_span payload; /* without the header; of a FullBox with version and flags */
};

/* The four characters of TYPE as the number they are on the wire. */
uint32_t bmff_type(const char *type);

/* Takes a big-endian integer of WIDTH bytes (1 to 8); 0 and bad when fewer are left. */
uint64_t bmff_take(struct bmff_span *span, size_t width);

/* Takes LENGTH bytes as a span of their own; an empty one that is bad too when fewer are left. */
struct bmff_span bmff_take_span(struct bmff_span *span, size_t length);

/*
 * Takes the next box. False at the end, and when the bytes are no box with a 32-bit size that fits: span->bad tells
 * which. Sizes 0 and 1 ("to the end" and 64 bits) are refused: neither is found in a header or an index.
 */
bool bmff_next(struct bmff_span *span, struct bmff_box *out);

/*
 * The payload of the only child of that TYPE in PARENT; an empty, bad span when there is none, more than one, or PARENT
 * is malformed.
 */
struct bmff_span bmff_only(struct bmff_span parent, const char *type);

#endif
