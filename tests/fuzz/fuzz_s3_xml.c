/* SPDX-License-Identifier: MIT */
/* The XML of an object store: whatever it is, paths and texts stay within their limits and end well. */
#include "storage/s3_xml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	size_t elements;
};

static void look(void *context, const char *path, const char *text)
{
	struct seen *seen = context;
	size_t depth = 1;

	if (path[0] == '\0' || strlen(path) >= S3_XML_PATH || strlen(text) > S3_XML_TEXT)
		abort();
	for (; *path != '\0'; path++)
		depth += *path == '/';
	if (depth > S3_XML_DEPTH)
		abort();
	seen->elements++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = {0};
	enum err err = s3_xml_walk((const char *)data, size, look, &seen, NULL);

	/* A document has a root. */
	if (err == ERR_OK && seen.elements == 0)
		abort();
	return 0;
}
