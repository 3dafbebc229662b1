/* SPDX-License-Identifier: MIT */
#include "http/url.h"

#include "base/text.h"
#include "http/request.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The byte of the escape at TEXT ("%2F", LEFT bytes there), -1 when it is none. */
static int escaped_byte(const char *text, size_t left)
{
	int high, low;

	if (left < 3)
		return -1;
	high = text_hex_digit(text[1]);
	low = text_hex_digit(text[2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool clean_utf8(const char *text, size_t length)
{
	char *clean = text_to_utf8(text, length);
	bool same = strlen(clean) == length && memcmp(clean, text, length) == 0;

	free(clean);
	return same;
}

/* No ".", ".." or empty segment; a single slash at the end is no segment. */
static bool segments_good(const char *path)
{
	while (*path == '/') {
		size_t length = strcspn(++path, "/");

		if (length == 0 && *path == '/')
			return false;
		if ((length == 1 && path[0] == '.') || (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += length;
	}
	return true;
}

enum err url_decode_path(const char *raw, size_t length, struct arena *arena, char **out, struct err_info *info)
{
	bool ascii = true;
	size_t used = 0;
	char *path;

	*out = NULL;
	if (length > REQUEST_URI_MOST)
		return err_set(info, ERR_URI_TOO_LONG, "the path is longer than %d bytes", REQUEST_URI_MOST);
	if (length == 0 || raw[0] != '/')
		return err_set(info, ERR_BAD_REQUEST, "the path does not start with a slash");
	path = arena_alloc(arena, length + 1);
	for (size_t at = 0; at < length; at++) {
		int byte = (unsigned char)raw[at];

		if (byte == '%') {
			byte = escaped_byte(raw + at, length - at);
			at += 2;
			if (byte < 0 || byte == '/')
				return err_set(info, ERR_BAD_REQUEST, "the path holds a bad escape");
		}
		if (byte < 0x20 || byte == 0x7F)
			return err_set(info, ERR_BAD_REQUEST, "the path holds a control byte");
		ascii &= byte < 0x80;
		path[used++] = (char)byte;
	}
	if (!ascii && !clean_utf8(path, used))
		return err_set(info, ERR_BAD_REQUEST, "the path is not UTF-8");
	if (!segments_good(path))
		return err_set(info, ERR_BAD_REQUEST, "the path holds an empty or relative segment");
	*out = path;
	return ERR_OK;
}

/* Decodes a form-urlencoded name or value; NULL for a bad escape or a NUL. */
static char *form_decode(const char *text, size_t length, struct arena *arena)
{
	char *out = arena_alloc(arena, length + 1);
	size_t used = 0;

	for (size_t at = 0; at < length; at++) {
		int byte = (unsigned char)text[at];

		if (byte == '+') {
			byte = ' ';
		} else if (byte == '%') {
			byte = escaped_byte(text + at, length - at);
			at += 2;
			if (byte <= 0)
				return NULL;
		}
		out[used++] = (char)byte;
	}
	return out;
}

/* Whether the LENGTH bytes AT, encoded, are NAME. */
static bool is_name(const char *at, size_t length, const char *name, struct arena *arena)
{
	const char *found;

	if (memchr(at, '%', length) == NULL && memchr(at, '+', length) == NULL)
		return strlen(name) == length && memcmp(at, name, length) == 0;
	found = form_decode(at, length, arena);
	return found != NULL && strcmp(found, name) == 0;
}

char *url_query_value(const char *query, const char *name, struct arena *arena)
{
	while (*query != '\0') {
		size_t length = strcspn(query, "&");
		size_t name_length = strcspn(query, "=&");

		if (is_name(query, name_length, name, arena)) {
			if (name_length == length)
				return arena_strdup(arena, "");
			return form_decode(query + name_length + 1, length - name_length - 1, arena);
		}
		query += length;
		query += *query == '&';
	}
	return NULL;
}

char *url_encode(const char *text, struct arena *arena)
{
	static const char digits[] = "0123456789ABCDEF";
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *out = arena_array(arena, strlen(text) + 1, 3);
	size_t used = 0;

	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (strchr(unreserved, *text) != NULL) {
			out[used++] = *text;
			continue;
		}
		out[used++] = '%';
		out[used++] = digits[byte >> 4];
		out[used++] = digits[byte & 15];
	}
	return out;
}
