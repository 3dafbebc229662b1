/* SPDX-License-Identifier: MIT */
#include "http/fcgi_record.h"

#include <stdio.h>
#include <string.h>

enum { FASTCGI_1 = 1, LONG_LENGTH = 0x80 };

static size_t less(size_t a, size_t b)
{
	return a < b ? a : b;
}

bool fcgi_record_between(const struct fcgi_record_reader *reader)
{
	return reader->have == 0 || (reader->have == RECORD_HEADER && reader->content == 0 && reader->padding == 0);
}

/* Steps over the padding of the record before and gathers a header. False while that is not complete. */
static bool take_header(struct fcgi_record_reader *reader, const unsigned char **at, const unsigned char *end)
{
	size_t take;

	if (reader->have == RECORD_HEADER) {
		take = less(reader->padding, (size_t)(end - *at));
		*at += take;
		reader->padding -= take;
		if (reader->padding > 0)
			return false;
		reader->have = 0;
	}
	take = less(RECORD_HEADER - reader->have, (size_t)(end - *at));
	if (take > 0)
		memcpy(reader->header + reader->have, *at, take);
	*at += take;
	reader->have += take;
	return reader->have == RECORD_HEADER;
}

enum fcgi_record_result fcgi_record_read(struct fcgi_record_reader *reader, const unsigned char **at,
	const unsigned char *end, struct fcgi_record_piece *out)
{
	const unsigned char *header = reader->header;

	if (reader->content == 0) {
		if (!take_header(reader, at, end))
			return RECORD_MORE;
		if (header[0] != FASTCGI_1)
			return RECORD_BAD;
		reader->content = (size_t)header[4] << 8 | header[5];
		reader->padding = header[6];
	}
	*out = (struct fcgi_record_piece){
		.type = header[1],
		.id = (unsigned)header[2] << 8 | header[3],
		.bytes = *at,
		.length = less(reader->content, (size_t)(end - *at)),
	};
	if (out->length == 0 && reader->content > 0)
		return RECORD_MORE;
	*at += out->length;
	reader->content -= out->length;
	out->last = reader->content == 0;
	return RECORD_PIECE;
}

static bool take_length(const char **at, const char *end, size_t *out)
{
	const unsigned char *bytes = (const unsigned char *)*at;

	if (*at == end)
		return false;
	if (bytes[0] < LONG_LENGTH) {
		*out = bytes[0];
		*at += 1;
		return true;
	}
	if (end - *at < 4)
		return false;
	*out = (size_t)(bytes[0] & 0x7f) << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
	*at += 4;
	return true;
}

bool fcgi_record_pair(const char **at, const char *end, struct fcgi_record_pair *out)
{
	const char *next = *at;

	if (!take_length(&next, end, &out->name_length) || !take_length(&next, end, &out->value_length) ||
		out->name_length > (size_t)(end - next) || out->value_length > (size_t)(end - next) - out->name_length)
		return false;
	out->name = next;
	out->value = next + out->name_length;
	*at = out->value + out->value_length;
	return true;
}

void fcgi_record_header(unsigned char out[static RECORD_HEADER], int type, unsigned id, size_t length)
{
	const unsigned char header[RECORD_HEADER] = {FASTCGI_1, (unsigned char)type, (unsigned char)(id >> 8),
		(unsigned char)id, (unsigned char)(length >> 8), (unsigned char)length};

	memcpy(out, header, sizeof header);
}

void fcgi_record_end(unsigned char out[static RECORD_END_SIZE], unsigned id, int status)
{
	memset(out, 0, RECORD_END_SIZE);
	fcgi_record_header(out, RECORD_END_REQUEST, id, RECORD_END_SIZE - RECORD_HEADER);
	out[RECORD_HEADER + 4] = (unsigned char)status;
}

void fcgi_record_unknown(unsigned char out[static RECORD_END_SIZE], int type)
{
	memset(out, 0, RECORD_END_SIZE);
	fcgi_record_header(out, RECORD_UNKNOWN_TYPE, 0, RECORD_END_SIZE - RECORD_HEADER);
	out[RECORD_HEADER] = (unsigned char)type;
}

static bool asks_for(const char *query, size_t length, const char *name)
{
	const char *end = query + length;
	struct fcgi_record_pair pair;

	while (fcgi_record_pair(&query, end, &pair)) {
		if (pair.name_length == strlen(name) && memcmp(pair.name, name, pair.name_length) == 0)
			return true;
	}
	return false;
}

size_t fcgi_record_values(unsigned char out[static RECORD_VALUES_SIZE], const char *query, size_t length, unsigned most)
{
	const struct {
		const char *name;
		unsigned value;
	} known[] = {{"FCGI_MAX_CONNS", most}, {"FCGI_MAX_REQS", most}, {"FCGI_MPXS_CONNS", 1}};
	size_t used = RECORD_HEADER;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char value[16];
		size_t name_length = strlen(known[i].name);
		size_t value_length = (size_t)snprintf(value, sizeof value, "%u", known[i].value);

		if (!asks_for(query, length, known[i].name))
			continue;
		out[used++] = (unsigned char)name_length;
		out[used++] = (unsigned char)value_length;
		memcpy(out + used, known[i].name, name_length);
		memcpy(out + used + name_length, value, value_length);
		used += name_length + value_length;
	}
	fcgi_record_header(out, RECORD_GET_VALUES_RESULT, 0, used - RECORD_HEADER);
	return used;
}
