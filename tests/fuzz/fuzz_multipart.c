/* SPDX-License-Identifier: MIT */
/*
 * The form parser gives the same parts whether it is fed at once or byte by byte. The first line of the input is
 * the Content-Type, the rest the body.
 */
#include "base/buf.h"
#include "http/multipart.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static enum err take_begin(void *context, const struct multipart_part *part, struct err_info *info)
{
	(void)info;
	buf_printf(context, "[%s|%s|%s]", part->name, part->filename, part->type);
	return ERR_OK;
}

static enum err take_data(void *context, const void *bytes, size_t length, struct err_info *info)
{
	(void)info;
	buf_put(context, bytes, length);
	return ERR_OK;
}

static enum err take_end(void *context, struct err_info *info)
{
	(void)info;
	buf_putc(context, ';');
	return ERR_OK;
}

static enum err parse(const char *type, const uint8_t *body, size_t length, size_t piece, struct buf *out)
{
	struct multipart_sink sink = {take_begin, take_data, take_end, out};
	struct multipart *multipart;
	enum err code = multipart_open(type, &sink, &multipart, NULL);

	for (size_t at = 0; at < length && code == ERR_OK; at += piece)
		code = multipart_feed(multipart, body + at, piece < length - at ? piece : length - at, NULL);
	if (code == ERR_OK)
		code = multipart_finish(multipart, NULL);
	multipart_free(multipart);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint8_t *line = memchr(bytes, '\n', length);
	struct buf whole, single;
	const uint8_t *body;
	char *type;

	if (line == NULL)
		return 0;
	type = strndup((const char *)bytes, (size_t)(line - bytes));
	body = line + 1;
	length -= (size_t)(body - bytes);
	buf_init(&whole, 1 << 20);
	buf_init(&single, 1 << 20);
	if (parse(type, body, length, length + 1, &whole) != parse(type, body, length, 1, &single))
		abort();
	if (whole.length != single.length || memcmp(buf_text(&whole), buf_text(&single), whole.length) != 0)
		abort();
	buf_free(&whole);
	buf_free(&single);
	free(type);
	return 0;
}
