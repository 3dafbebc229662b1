/* SPDX-License-Identifier: MIT */
#include "model/segment_table.h"

enum { ENTRY = 8 };

static void put_be32(unsigned char *out, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		out[i] = (unsigned char)(value >> (8 * (3 - i)));
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
	const unsigned char *bytes = blob;
	size_t count = length / ENTRY;
	uint64_t offset = first_offset;

	if (length % ENTRY != 0)
		return err_set(info, ERR_INTERNAL, "A segment table has %zu bytes, which is no multiple of %d.", length,
			ENTRY);
	if (count > SEGMENT_TABLE_MOST)
		return err_set(info, ERR_INTERNAL, "A segment table has %zu segments, more than %d.", count,
			SEGMENT_TABLE_MOST);
	out->segments = arena_array(arena, count, sizeof *out->segments);
	out->count = count;
	for (size_t i = 0; i < count; i++) {
		struct segment *segment = &out->segments[i];

		segment->offset = offset;
		segment->size = get_be32(bytes + i * ENTRY);
		segment->duration = get_be32(bytes + i * ENTRY + 4);
		offset += segment->size;
	}
	return ERR_OK;
}
