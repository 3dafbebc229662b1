/* SPDX-License-Identifier: MIT */
/*
 * Where the segments of a rendition lie in its one file: enough to write a playlist or to cut a segment out,
 * with no look at the file. Stored with the rendition row as a blob: 8 bytes a segment, big-endian
 * size (u32) and duration (u32), in order; segments follow each other without gaps up to the end of the file.
 */
#ifndef TONEARM_MODEL_SEGMENT_TABLE_H
#define TONEARM_MODEL_SEGMENT_TABLE_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct segment {
	uint64_t offset;   /* of its first byte in the file */
	uint32_t size;     /* bytes */
	uint32_t duration; /* in the rendition's timescale; the sum of its sample durations, priming included */
};

struct segment_table {
	struct segment *segments; /* in an arena */
	size_t count;
};

/* Most segments a table may hold: 48 hours of 1 s. */
enum { SEGMENT_TABLE_MOST = 172800 };

/* Bytes of the blob, in ARENA; *LENGTH is 8 * count. */
void *segment_table_encode(const struct segment_table *table, struct arena *arena, size_t *length);

/* The other way, with segments in ARENA. ERR_INTERNAL for a length that is no multiple of 8 or too many segments. */
enum err segment_table_decode(const void *blob, size_t length, uint64_t first_offset, struct arena *arena,
	struct segment_table *out, struct err_info *info);

#endif
