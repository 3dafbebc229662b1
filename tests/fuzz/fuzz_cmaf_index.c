/* SPDX-License-Identifier: MIT */
/* cmaf_index_read() on any bytes: what it accepts must lie within the file. */
#include "package/cmaf_index.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

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
		}
		assert(end == length && rendition.peak_bandwidth >= rendition.average_bandwidth);
	}
	arena_free(&arena);
	close(fd);
	return 0;
}
