/* SPDX-License-Identifier: MIT */
#include "model/segment_table.h"

enum { ENTRY = 8 };

static void put_be32(unsigned char *out, uint32_t value)
{
	for (int i = 3; i >= 0; i--, value >>= 8)
		out[i] = (unsigned char)value;
}

static uint32_t get_be32(const unsigned char *in)
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

void *segment_table_encode(const struct segment_table *table, struct arena *arena, size_t *length)
{
	unsigned char *blob = arena_array(arena, table->count, ENTRY);

	for (size_t i = 0; i < table->count; i++) {
		put_be32(blob + i * ENTRY, table->segments[i].size);
		put_be32(blob + i * ENTRY + 4, table->segments[i].duration);
	}
	*length = table->count * ENTRY;
	return blob;
}

enum err segment_table_decode(const void *blob, size_t length, uint64_t first_offset, struct arena *arena,
	struct segment_table *out, struct err_info *info)
{
	const unsigned char *at = blob;
	uint64_t offset = first_offset;

	if (length % ENTRY != 0 || length / ENTRY > SEGMENT_TABLE_MOST)
		return err_set(info, ERR_INTERNAL, "a segment table of %zu bytes is damaged", length);
	out->count = length / ENTRY;
	out->segments = arena_array(arena, out->count, sizeof *out->segments);
	for (size_t i = 0; i < out->count; i++, at += ENTRY) {
		out->segments[i].offset = offset;
		out->segments[i].size = get_be32(at);
		out->segments[i].duration = get_be32(at + 4);
		offset += out->segments[i].size;
	}
	return ERR_OK;
}
