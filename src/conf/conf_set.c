/* SPDX-License-Identifier: MIT */
/* Changes one value of a configuration file and leaves every other byte of it as it is. */
#include "conf/conf.h"

#include "base/buf.h"
#include "base/fs.h"
#include "conf/conf_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 1 << 20, FILE_MODE = 0600 };

/* Past blanks and comments. */
static const char *skip_blank(const char *text)
{
	for (;;) {
		const char *after = *text == '"' ? text : conf_text_skip(text);

		if (after == text && !isspace((unsigned char)*text))
			return text;
		text = after == text ? text + 1 : after;
	}
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

/*
 * The value of the setting NAME among those that begin at TEXT: what follows its ":" or "=". NULL when there is none
 * before the end of TEXT or of the group it lies in.
 */
static const char *find_setting(const char *text, const char *name)
{
	size_t length = strlen(name);
	int depth = 0;

	while (*text != '\0' && depth >= 0) {
		const char *after = conf_text_skip(text);
		size_t word = 0;

		if (after > text) {
			text = after;
			continue;
		}
		while (in_word(text[word]))
			word++;
		if (word > 0) {
			after = skip_blank(text + word);
			if (depth == 0 && word == length && memcmp(text, name, word) == 0 &&
				(*after == ':' || *after == '='))
				return skip_blank(after + 1);
			text += word;
			continue;
		}
		depth += strchr("{([", *text) != NULL;
		depth -= strchr("})]", *text) != NULL;
		text++;
	}
	return NULL;
}

/* The length of a text or a number at TEXT. */
static size_t value_length(const char *text)
{
	const char *after = conf_text_skip(text);

	return after > text ? (size_t)(after - text) : strcspn(text, ";,} \t\r\n#");
}

/* TEXT with the setting in it. */
static void edit(struct buf *out, const char *text, const char *section, const char *name, const char *value)
{
	const char *group = find_setting(text, section);
	const char *at;

	if (group == NULL || *group != '{') {
		buf_printf(out, "%s\n%s:\n{\n\t%s = \"%s\";\n};\n", text, section, name, value);
		return;
	}
	at = find_setting(group + 1, name);
	if (at == NULL) {
		buf_put(out, text, (size_t)(group + 1 - text));
		buf_printf(out, "\n\t%s = \"%s\";%s", name, value, group + 1);
		return;
	}
	buf_put(out, text, (size_t)(at - text));
	buf_printf(out, "\"%s\"%s", value, at + value_length(at));
}

/* What cannot be read does not get into the place of what can. */
static enum err put_in_place(const char *path, const struct buf *text, struct err_info *info)
{
	struct conf *conf = NULL;
	struct buf beside;
	enum err err;

	buf_init(&beside, FILE_MOST);
	buf_printf(&beside, "%s.new", path);
	err = fs_write_file(buf_text(&beside), text->data, text->length, FILE_MODE, info);
	if (err == ERR_OK)
		err = conf_read(buf_text(&beside), &conf, info);
	conf_free(conf);
	if (err == ERR_OK)
		err = fs_rename(buf_text(&beside), path, info);
	else
		unlink(buf_text(&beside));
	buf_free(&beside);
	return err;
}

enum err conf_set(const char *path, const char *section, const char *name, const char *value, struct err_info *info)
{
	struct buf changed;
	size_t length;
	char *text;
	enum err err = fs_read_file(path, FILE_MOST, &text, &length, info);

	if (err != ERR_OK)
		return err;
	buf_init(&changed, 2 * FILE_MOST);
	edit(&changed, text, section, name, value);
	err = put_in_place(path, &changed, info);
	explicit_bzero(text, length);
	free(text);
	buf_free(&changed);
	return err;
}
