/* SPDX-License-Identifier: MIT */
/* The headers of tus: whatever they are, what is read of them is text, and an id where it names an upload. */
#include "http/tus.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *header = strndup((const char *)bytes, length);
	struct arena arena = {0};
	struct tus_metadata metadata;
	struct tus_checksum checksum;
	struct tus_concat concat;

	if (tus_metadata(header, &arena, &metadata, NULL) == ERR_OK) {
		for (size_t i = 0; i < metadata.count; i++) {
			if (tus_metadata_find(&metadata, metadata.pairs[i].name) != metadata.pairs[i].value)
				abort();
		}
	}
	if (tus_checksum(header, &arena, &checksum, NULL) == ERR_OK && checksum.length > DIGEST_MOST)
		abort();
	if (tus_concat(header, &arena, &concat, NULL) == ERR_OK) {
		for (size_t i = 0; i < concat.count; i++) {
			if (!id_valid(concat.parts[i]))
				abort();
		}
	}
	arena_free(&arena);
	free(header);
	return 0;
}
