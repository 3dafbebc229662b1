/* SPDX-License-Identifier: MIT */
/* range_parse(): what it gives lies within the representation. The first 8 bytes are the size. */
#include "http/range.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct range out[RANGE_MOST];
	uint64_t size;
	size_t count;
	char *header;

	if (length < sizeof size)
		return 0;
	memcpy(&size, bytes, sizeof size);
	header = strndup((const char *)bytes + sizeof size, length - sizeof size);
	if ((range_parse(header, size, out, &count) == RANGE_OK) != (count > 0) || count > RANGE_MOST)
		abort();
	for (size_t i = 0; i < count; i++) {
		if (out[i].first > out[i].last || out[i].last >= size)
			abort();
	}
	free(header);
	return 0;
}
