/* SPDX-License-Identifier: MIT */
/* Paths that are accepted hold nothing dangerous; what is encoded decodes to itself. */
#include "http/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct arena arena = {0};
	char *text = arena_memdup(&arena, bytes, length);
	char *path, *query;
	const char *again;

	if (url_decode_path((const char *)bytes, length, &arena, &path, NULL) == ERR_OK) {
		if (path[0] != '/' || strstr(path, "//") != NULL || strstr(path, "/../") != NULL ||
			strlen(path) > length)
			abort();
	}
	url_query_value(text, "a", &arena);
	query = arena_printf(&arena, "a=%s", url_encode(text, &arena));
	again = url_query_value(query, "a", &arena);
	if (again == NULL || strcmp(again, text) != 0)
		abort();
	arena_free(&arena);
	return 0;
}
