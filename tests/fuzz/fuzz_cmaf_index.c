/* SPDX-License-Identifier: MIT */
/* cmaf_index_read() on any bytes: what it accepts must lie within the file, and so must the frames of its segments. */
#include "package/cmaf_frames.h"
#include "package/cmaf_index.h"
#include "package/ts.h"
#include "package/ts_cmaf.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

/* Segment INDEX, as frames and as a transport stream. */
static void take_segment(const unsigned char *bytes, const struct rendition *rendition, size_t index, struct arena *arena)
{
	const struct segment *segment = &rendition->segments.segments[index];
	const unsigned char *end = bytes + segment->offset + segment->size;
	struct cmaf_frame *frames;
	struct buf out;
	size_t count;

	if (cmaf_frames(bytes + segment->offset, segment->size, arena, &frames, &count, NULL) != ERR_OK)
		return;
	for (size_t i = 0; i < count; i++)
		assert(frames[i].bytes > bytes && frames[i].length > 0 && frames[i].bytes + frames[i].length <= end);
	buf_init(&out, 1 << 20);
	if (ts_cmaf_fits(rendition) &&
		ts_cmaf_put(&out, rendition, index, bytes + segment->offset, arena, NULL) == ERR_OK)
		assert(out.length > 0 && out.length % TS_PACKET == 0);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct rendition rendition = {0};
	struct arena arena = {0};

	assert(fd >= 0 && pwrite(fd, bytes, length, 0) == (ssize_t)length);
	if (cmaf_index_read(fd, &arena, &rendition, NULL) == ERR_OK) {
		const struct segment_table *table = &rendition.segments;
		uint64_t end = table->segments[0].offset;

		assert(rendition.init_size == rendition.index_offset);
		assert(rendition.index_offset + rendition.index_size <= end);
		for (size_t i = 0; i < table->count; i++) {
			assert(table->segments[i].offset == end && table->segments[i].duration > 0);
			end += table->segments[i].size;
			take_segment(bytes, &rendition, i, &arena);
		}
		assert(end == length && rendition.peak_bandwidth >= rendition.average_bandwidth);
	}
	arena_free(&arena);
	close(fd);
	return 0;
}
