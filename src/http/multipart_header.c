/* SPDX-License-Identifier: MIT */
#include "http/multipart_header.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t");
}

/*
 * Reads a token or quoted string at *AT into OUT and steps over it. In quotes, a backslash hides a quote or a
 * backslash only: some clients send paths of Windows as they are. False when it does not fit or the quote is open.
 */
static bool read_value(const char **at, char *out, size_t size)
{
	const char *in = *at;
	bool quoted = *in == '"';
	size_t used = 0;

	in += quoted;
	while (*in != '\0' && (quoted ? *in != '"' : strchr("; \t", *in) == NULL)) {
		if (quoted && *in == '\\' && (in[1] == '"' || in[1] == '\\'))
			in++;
		if (used == size - 1)
			return false;
		out[used++] = *in++;
	}
	out[used] = '\0';
	if (quoted && *in != '"')
		return false;
	*at = in + quoted;
	return true;
}

/* The value of parameter NAME in "; name=value; ..." into OUT, left alone when absent. False when it cannot be read. */
static bool read_parameter(const char *parameters, const char *name, char *out, size_t size)
{
	char other[MULTIPART_HEADER_BYTES + 1];

	for (const char *at = skip_space(parameters); *at == ';'; at = skip_space(at)) {
		const char *start = skip_space(at + 1);
		size_t length = strcspn(start, "=; \t");
		bool wanted = length == strlen(name) && strncasecmp(start, name, length) == 0;

		at = start + length;
		if (*at != '=')
			continue;
		at++;
		if (wanted)
			return read_value(&at, out, size);
		if (!read_value(&at, other, sizeof other))
			return false;
	}
	return true;
}

enum err multipart_boundary(const char *content_type, char out[static MULTIPART_BOUNDARY + 1], struct err_info *info)
{
	static const char type[] = "multipart/form-data";
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_,-./:=? ";
	size_t length = sizeof type - 1;

	out[0] = '\0';
	if (strncasecmp(content_type, type, length) != 0 || strchr("; \t", content_type[length]) == NULL)
		return err_set(info, ERR_UNSUPPORTED, "the body is not multipart/form-data");
	if (!read_parameter(content_type + length, "boundary", out, MULTIPART_BOUNDARY + 1) || out[0] == '\0')
		return err_set(info, ERR_BAD_REQUEST, "multipart/form-data has no usable boundary");
	length = strlen(out);
	if (strspn(out, allowed) != length || out[length - 1] == ' ')
		return err_set(info, ERR_BAD_REQUEST, "the boundary holds a character that is not allowed");
	return ERR_OK;
}

static bool read_disposition(const char *value, struct multipart_part *part)
{
	value += strcspn(value, "; \t");
	return read_parameter(value, "name", part->name, sizeof part->name) &&
		read_parameter(value, "filename", part->filename, sizeof part->filename);
}

enum err multipart_header(const char *line, size_t length, struct multipart_part *part, struct err_info *info)
{
	char text[MULTIPART_HEADER_BYTES + 1];
	char *colon;
	const char *value;

	if (length >= sizeof text || memchr(line, '\0', length) != NULL)
		return err_set(info, ERR_BAD_REQUEST, "a part of the form has a bad header");
	memcpy(text, line, length);
	text[length] = '\0';
	colon = strchr(text, ':');
	if (colon == NULL || colon == text)
		return err_set(info, ERR_BAD_REQUEST, "a part of the form has a bad header");
	*colon = '\0';
	value = skip_space(colon + 1);
	if (strcasecmp(text, "Content-Disposition") == 0) {
		if (!read_disposition(value, part))
			return err_set(info, ERR_BAD_REQUEST, "a part of the form has a name that cannot be read");
	} else if (strcasecmp(text, "Content-Type") == 0) {
		if (strlen(value) >= sizeof part->type)
			return err_set(info, ERR_BAD_REQUEST, "a part of the form has a type that is too long");
		memcpy(part->type, value, strlen(value) + 1);
	}
	return ERR_OK;
}
