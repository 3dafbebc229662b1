/* SPDX-License-Identifier: MIT */
#include "media/tags.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A value longer than this is cut before it is looked at: a tag can be as large as the file. */
enum { VALUE_MOST = 4096 };

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD, what text_to_utf8() puts in the place of bad bytes */

/* ISO 8859-1 as UTF-8 in a new heap string. */
static char *from_latin1(const char *bytes, size_t length)
{
	char *wide = malloc(2 * length + 1);
	size_t at = 0;
	char *clean;

	if (wide == NULL)
		abort();
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c < 0x80) {
			wide[at++] = (char)c;
		} else {
			wide[at++] = (char)(0xC0 | c >> 6);
			wide[at++] = (char)(0x80 | (c & 0x3F));
		}
	}
	clean = text_to_utf8(wide, at);
	free(wide);
	return clean;
}

/* Line breaks and tabs to spaces, none at either end. */
static void one_line(char *text)
{
	size_t from = 0;
	size_t length;

	for (char *c = text; *c != '\0'; c++) {
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	}
	while (text[from] == ' ')
		from++;
	length = strlen(text + from);
	memmove(text, text + from, length + 1);
	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
}

static void set_text(char out[static TAG_BYTES + 1], const char *value)
{
	size_t length = strnlen(value, VALUE_MOST);
	char *clean;

	if (out[0] != '\0')
		return;
	clean = text_to_utf8(value, length);
	/* Cutting at VALUE_MOST may split a character: that alone does not make it another encoding. */
	if (length < VALUE_MOST && strstr(clean, replacement) != NULL && strstr(value, replacement) == NULL) {
		free(clean);
		clean = from_latin1(value, length);
	}
	one_line(clean);
	text_cut_utf8(clean, TAG_BYTES);
	memcpy(out, clean, strlen(clean) + 1);
	free(clean);
}

static void set_number(int *out, const char *value, int least)
{
	int number = 0;

	if (*out != 0)
		return;
	while (*value == ' ')
		value++;
	for (int digits = 0; *value >= '0' && *value <= '9' && digits < 4; digits++)
		number = number * 10 + (*value++ - '0');
	if (number >= least && (*value < '0' || *value > '9'))
		*out = number;
}

void tags_set(struct tags *tags, const char *key, const char *value)
{
	if (strcasecmp(key, "title") == 0)
		set_text(tags->title, value);
	else if (strcasecmp(key, "artist") == 0 || strcasecmp(key, "author") == 0)
		set_text(tags->artist, value);
	else if (strcasecmp(key, "album") == 0)
		set_text(tags->album, value);
	else if (strcasecmp(key, "track") == 0)
		set_number(&tags->track, value, 1);
	else if (strcasecmp(key, "date") == 0 || strcasecmp(key, "year") == 0)
		set_number(&tags->year, value, 1000);
}
