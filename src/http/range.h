/* SPDX-License-Identifier: MIT */
/* Byte ranges, RFC 9110 section 14: a pure parser. Thread-safe, allocates nothing. */
#ifndef TONEARM_HTTP_RANGE_H
#define TONEARM_HTTP_RANGE_H

#include <stddef.h>
#include <stdint.h>

enum { RANGE_MOST = 32 };

struct range {
	uint64_t first, last; /* inclusive, last < size */
};

enum range_result {
	RANGE_NONE,         /* absent, of another unit, malformed or too many: answer 200 with everything */
	RANGE_OK,           /* answer 206 */
	RANGE_UNSATISFIABLE /* answer 416 */
};

/*
 * Reads HEADER (NULL when absent) against a representation of SIZE bytes. Satisfiable ranges land in OUT in
 * the order asked, *COUNT of them. More than RANGE_MOST ranges, or ranges that together cover more than
 * SIZE bytes twice over, are taken as an attack and ignored (RANGE_NONE; section 14.2 allows it).
 */
enum range_result range_parse(const char *header, uint64_t size, struct range out[static RANGE_MOST], size_t *count);

#endif
