/* SPDX-License-Identifier: MIT */
/*
 * The header fields that multipart/form-data needs: those of a part, and the boundary. Room-internal, pure,
 * thread-safe.
 */
#ifndef TONEARM_HTTP_MULTIPART_HEADER_H
#define TONEARM_HTTP_MULTIPART_HEADER_H

#include "http/multipart.h"

/*
 * The boundary parameter of CONTENT_TYPE (RFC 2046 section 5.1.1) into OUT. ERR_UNSUPPORTED for another media type,
 * ERR_BAD_REQUEST when it is missing or holds a character that no boundary may have.
 */
enum err multipart_boundary(const char *content_type, char out[static MULTIPART_BOUNDARY + 1], struct err_info *info);

/*
 * Reads one field LINE (LENGTH bytes, without CRLF) into PART: Content-Disposition and Content-Type, others are passed
 * over. ERR_BAD_REQUEST for a line that is no field, a NUL, or a name that is too long.
 */
enum err multipart_header(const char *line, size_t length, struct multipart_part *part, struct err_info *info);

#endif
