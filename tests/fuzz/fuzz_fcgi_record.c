/* SPDX-License-Identifier: MIT */
/*
 * A stream of FastCGI records reads the same in one go as in parts, never past its end, and the name-value pairs of
 * its contents lie within them. The first byte says how long the parts are.
 */
#include "base/buf.h"
#include "http/fcgi_record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MOST = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(int holds)
{
	if (!holds)
		abort();
}

/* Writes down type, id and content of each piece of *AT up to END; the end of a record as a byte of its own. */
static enum fcgi_record_result tell(
	struct fcgi_record_reader *reader, const uint8_t **at, const uint8_t *end, struct buf *out)
{
	struct fcgi_record_piece piece;
	enum fcgi_record_result result;

	while ((result = fcgi_record_read(reader, at, end, &piece)) == RECORD_PIECE) {
		check(piece.bytes <= end && piece.length <= (size_t)(end - piece.bytes) && *at <= end);
		for (size_t i = 0; i < piece.length; i++) {
			buf_put_u8(out, (uint8_t)piece.type);
			buf_put_be16(out, (uint16_t)piece.id);
			buf_put_u8(out, piece.bytes[i]);
		}
		if (piece.last)
			buf_put_u8(out, 0xff);
	}
	check(result == RECORD_BAD || *at == end);
	return result;
}

static void pairs(const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	unsigned char values[RECORD_VALUES_SIZE];
	struct fcgi_record_pair pair;

	while (fcgi_record_pair(&at, end, &pair))
		check(pair.name >= text && pair.value == pair.name + pair.name_length &&
			pair.value + pair.value_length == at);
	check(at <= end);
	check(fcgi_record_values(values, text, length, UINT32_MAX) <= sizeof values);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct fcgi_record_reader whole = {.have = 0}, parted = {.have = 0};
	enum fcgi_record_result result, again = RECORD_MORE;
	struct buf first, second;
	const uint8_t *at, *end;
	size_t part;

	if (length == 0)
		return 0;
	part = 1u + bytes[0];
	end = bytes + length;
	buf_init(&first, TEXT_MOST);
	buf_init(&second, TEXT_MOST);
	at = bytes + 1;
	result = tell(&whole, &at, end, &first);
	for (at = bytes + 1; at < end && again == RECORD_MORE;)
		again = tell(&parted, &at, (size_t)(end - at) < part ? end : at + part, &second);
	check(result == again);
	check(first.length == second.length && memcmp(buf_text(&first), buf_text(&second), first.length) == 0);
	check(fcgi_record_between(&whole) == fcgi_record_between(&parted));
	pairs((const char *)bytes + 1, length - 1);
	buf_free(&first);
	buf_free(&second);
	return 0;
}
