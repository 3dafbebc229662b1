/* SPDX-License-Identifier: MIT */
/*
 * Bytes are collected in a window and taken from its front as far as they can be understood: all of a line, or all
 * that cannot be the start of a delimiter. What stays is always shorter than a header block and a delimiter,
 * so the window has room for more whenever it is asked.
 */
#include "http/multipart.h"

#include "http/multipart_header.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 64 * 1024, AROUND_MOST = 64 * 1024, PADDING_MOST = 128 };

enum state { PREAMBLE, DELIMITER, HEADERS, BODY, EPILOGUE };

struct multipart {
	struct multipart_sink sink;
	struct err_info failure; /* the first error, for ever */
	enum state state;
	size_t parts;
	size_t headers; /* bytes of this part's headers so far */
	size_t around;  /* bytes of preamble and epilogue */
	struct multipart_part part;
	char delimiter[4 + MULTIPART_BOUNDARY + 1]; /* CRLF "--" boundary */
	size_t delimiter_length;
	size_t used;
	char window[WINDOW];
};

enum err multipart_open(const char *content_type, const struct multipart_sink *sink, struct multipart **out,
	struct err_info *info)
{
	char boundary[MULTIPART_BOUNDARY + 1];
	struct multipart *multipart;
	enum err code;

	*out = NULL;
	code = multipart_boundary(content_type, boundary, info);
	if (code != ERR_OK)
		return code;
	multipart = calloc(1, sizeof *multipart);
	if (multipart == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory for the form");
	multipart->sink = *sink;
	snprintf(multipart->delimiter, sizeof multipart->delimiter, "\r\n--%s", boundary);
	multipart->delimiter_length = strlen(multipart->delimiter);
	/*
	 * The first delimiter may open the body: its CRLF is put there, so that all are alike (RFC 2046 section 5.1.1).
	 */
	memcpy(multipart->window, "\r\n", 2);
	multipart->used = 2;
	*out = multipart;
	return ERR_OK;
}

void multipart_free(struct multipart *multipart)
{
	free(multipart);
}

static void consume(struct multipart *multipart, size_t length)
{
	multipart->used -= length;
	memmove(multipart->window, multipart->window + length, multipart->used);
}

/* Bytes before the delimiter, or that surely do not belong to one; *FOUND says which. */
static size_t before_delimiter(const struct multipart *multipart, bool *found)
{
	const char *window = multipart->window;
	const char *at = memmem(window, multipart->used, multipart->delimiter, multipart->delimiter_length);
	size_t keep = multipart->delimiter_length - 1;

	*found = at != NULL;
	if (at != NULL)
		return (size_t)(at - window);
	if (keep > multipart->used)
		keep = multipart->used;
	while (keep > 0 && memcmp(window + multipart->used - keep, multipart->delimiter, keep) != 0)
		keep--;
	return multipart->used - keep;
}

static enum err skip_around(struct multipart *multipart, size_t length, struct err_info *info)
{
	multipart->around += length;
	if (multipart->around > AROUND_MOST)
		return err_set(info, ERR_BAD_REQUEST, "there is too much outside the parts of the form");
	consume(multipart, length);
	return ERR_OK;
}

/* Each step_ function takes what it can and sets *MORE when the next state should have a look. */
static enum err step_preamble(struct multipart *multipart, bool *more, struct err_info *info)
{
	size_t length = before_delimiter(multipart, more);
	enum err code = skip_around(multipart, length, info);

	if (code == ERR_OK && *more) {
		consume(multipart, multipart->delimiter_length);
		multipart->state = DELIMITER;
	}
	return code;
}

/* What follows a boundary: "--" at the end of all, or padding and CRLF. */
static enum err step_delimiter(struct multipart *multipart, bool *more, struct err_info *info)
{
	const char *window = multipart->window;
	size_t padding = 0;

	if (multipart->used < 2)
		return ERR_OK;
	if (memcmp(window, "--", 2) == 0) {
		multipart->state = EPILOGUE;
		consume(multipart, 2);
		*more = true;
		return ERR_OK;
	}
	while (padding < multipart->used && (window[padding] == ' ' || window[padding] == '\t'))
		padding++;
	if (padding > PADDING_MOST)
		return err_set(info, ERR_BAD_REQUEST, "a boundary of the form is followed by too much space");
	if (multipart->used - padding < 2)
		return ERR_OK;
	if (memcmp(window + padding, "\r\n", 2) != 0)
		return err_set(info, ERR_BAD_REQUEST, "a boundary of the form does not end its line");
	if (++multipart->parts > MULTIPART_PARTS)
		return err_set(info, ERR_TOO_LARGE, "the form has more than %d parts", MULTIPART_PARTS);
	consume(multipart, padding + 2);
	multipart->part = (struct multipart_part){0};
	multipart->headers = 0;
	multipart->state = HEADERS;
	*more = true;
	return ERR_OK;
}

static enum err step_headers(struct multipart *multipart, bool *more, struct err_info *info)
{
	const char *end = memmem(multipart->window, multipart->used, "\r\n", 2);
	size_t length = end == NULL ? multipart->used : (size_t)(end - multipart->window);
	enum err code;

	if (multipart->headers + length > MULTIPART_HEADER_BYTES)
		return err_set(info, ERR_BAD_REQUEST, "the headers of a part are longer than %d bytes",
			MULTIPART_HEADER_BYTES);
	if (end == NULL)
		return ERR_OK;
	*more = true;
	if (length == 0) {
		consume(multipart, 2);
		multipart->state = BODY;
		return multipart->sink.begin(multipart->sink.context, &multipart->part, info);
	}
	code = multipart_header(multipart->window, length, &multipart->part, info);
	multipart->headers += length + 2;
	consume(multipart, length + 2);
	return code;
}

static enum err step_body(struct multipart *multipart, bool *more, struct err_info *info)
{
	bool found;
	size_t length = before_delimiter(multipart, &found);
	enum err code = ERR_OK;

	if (length > 0)
		code = multipart->sink.data(multipart->sink.context, multipart->window, length, info);
	if (code != ERR_OK)
		return code;
	consume(multipart, length);
	if (!found)
		return ERR_OK;
	consume(multipart, multipart->delimiter_length);
	multipart->state = DELIMITER;
	*more = true;
	return multipart->sink.end(multipart->sink.context, info);
}

static enum err step(struct multipart *multipart, bool *more, struct err_info *info)
{
	*more = false;
	switch (multipart->state) {
	case PREAMBLE:
		return step_preamble(multipart, more, info);
	case DELIMITER:
		return step_delimiter(multipart, more, info);
	case HEADERS:
		return step_headers(multipart, more, info);
	case BODY:
		return step_body(multipart, more, info);
	case EPILOGUE:
		break;
	}
	return skip_around(multipart, multipart->used, info);
}

enum err multipart_feed(struct multipart *multipart, const void *bytes, size_t length, struct err_info *info)
{
	const char *at = bytes;
	enum err code = multipart->failure.code;

	while (length > 0 && code == ERR_OK) {
		size_t room = WINDOW - multipart->used;
		size_t piece = length < room ? length : room;
		bool more = true;

		memcpy(multipart->window + multipart->used, at, piece);
		multipart->used += piece;
		at += piece;
		length -= piece;
		while (more && code == ERR_OK)
			code = step(multipart, &more, &multipart->failure);
	}
	if (code != ERR_OK) {
		multipart->failure.code = code;
		if (info != NULL)
			*info = multipart->failure;
	}
	return code;
}

enum err multipart_finish(struct multipart *multipart, struct err_info *info)
{
	if (multipart->failure.code != ERR_OK) {
		if (info != NULL)
			*info = multipart->failure;
		return multipart->failure.code;
	}
	if (multipart->state != EPILOGUE)
		return err_set(info, ERR_BAD_REQUEST, "the form breaks off before its closing boundary");
	return ERR_OK;
}
