/* SPDX-License-Identifier: MIT */
#include "package/bmff.h"

#include <assert.h>

size_t bmff_begin(struct buf *out, const char *type)
{
	size_t start = out->length;

	buf_put_be32(out, 0);
	buf_put(out, type, 4);
	return start;
}

size_t bmff_begin_full(struct buf *out, const char *type, uint8_t version, uint32_t flags)
{
	size_t start = bmff_begin(out, type);

	buf_put_u8(out, version);
	buf_put_be24(out, flags);
	return start;
}

void bmff_end(struct buf *out, size_t start)
{
	assert(out->length - start <= UINT32_MAX);
	buf_set_be32(out, start, (uint32_t)(out->length - start));
}

void bmff_put_zeros(struct buf *out, size_t count)
{
	while (count-- > 0)
		buf_put_u8(out, 0);
}

uint32_t bmff_type(const char *type)
{
	const unsigned char *c = (const unsigned char *)type;

	return (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 | (uint32_t)c[2] << 8 | c[3];
}

struct bmff_span bmff_take_span(struct bmff_span *span, size_t length)
{
	struct bmff_span taken = {.bytes = span->bytes, .length = length};

	if (span->bad || length > span->length) {
		span->bad = true;
		span->length = 0;
		return (struct bmff_span){.bad = true};
	}
	span->bytes += length;
	span->length -= length;
	return taken;
}

uint64_t bmff_take(struct bmff_span *span, size_t width)
{
	struct bmff_span field = bmff_take_span(span, width);
	uint64_t value = 0;

	assert(width >= 1 && width <= 8);
	for (size_t i = 0; i < field.length; i++)
		value = value << 8 | field.bytes[i];
	return value;
}

bool bmff_next(struct bmff_span *span, struct bmff_box *out)
{
	uint64_t size;

	if (span->bad || span->length == 0)
		return false;
	size = bmff_take(span, 4);
	out->type = (uint32_t)bmff_take(span, 4);
	if (size < BMFF_HEADER)
		span->bad = true;
	out->payload = bmff_take_span(span, size < BMFF_HEADER ? 0 : (size_t)size - BMFF_HEADER);
	return !span->bad;
}

struct bmff_span bmff_only(struct bmff_span parent, const char *type)
{
	struct bmff_span found = {.bad = true};
	struct bmff_box box;
	size_t count = 0;

	while (bmff_next(&parent, &box)) {
		if (box.type == bmff_type(type)) {
			found = box.payload;
			count++;
		}
	}
	if (count != 1 || parent.bad)
		return (struct bmff_span){.bad = true};
	return found;
}
