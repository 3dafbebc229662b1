/* SPDX-License-Identifier: MIT */
/*
 * The XML of an S3 store, read over expat within limits: no document type and so no entities of its own, no deeper than
 * S3_XML_DEPTH, no text longer than S3_XML_TEXT. Thread-safe, no state.
 */
#ifndef TONEARM_STORAGE_S3_XML_H
#define TONEARM_STORAGE_S3_XML_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

enum { S3_XML_DEPTH = 16, S3_XML_TEXT = 8192, S3_XML_PATH = 512 };

/*
 * Told of the end of each element: PATH from the root on, "ListBucketResult/Contents/Key", and its own text, both valid
 * during the call. Namespaces are left out.
 */
typedef void s3_xml_element(void *context, const char *path, const char *text);

/* Walks the document of LENGTH bytes. ERR_IO: the store's answer cannot be read. */
enum err s3_xml_walk(
	const char *document, size_t length, s3_xml_element *element, void *context, struct err_info *info);

/* Appends TEXT with what XML reserves as references. */
void s3_xml_escape(struct buf *out, const char *text);

#endif
