/* SPDX-License-Identifier: MIT */
/* Lists of groups whose settings are all text, each kind of group a table of its members. */
#include "conf/option_read.h"

#include <string.h>

#define AT(field) .offset = offsetof(struct conf_edge, field)

const struct option_member option_edge_members[] = {
	{"name", AT(name), .kind = MEMBER_NAME, .required = true},
	{"url", AT(url), .kind = MEMBER_URL, .required = true},
	{"countries", AT(countries)},
	{"continents", AT(continents)},
	{"scheme", AT(scheme), .standard = "grant",
		.words = "none grant hmac fastly bunny akamai cloudfront cloudfront-cookies"},
	{"key_id", AT(key_id)},
	{"key_file", AT(key_file), .kind = MEMBER_FILE},
	{"key_format", AT(key_format), .words = "text hex base64"},
	{"hash", AT(hash), .words = "sha1 sha256"},
	{"encoding", AT(encoding), .words = "hex base64url"},
	{"sign", AT(sign)},
	{"query", AT(query)},
	{"policy", AT(policy), .words = "canned custom address"},
	{"cookie_domain", AT(cookie_domain)},
};
const size_t option_edge_member_count = sizeof option_edge_members / sizeof option_edge_members[0];

#undef AT
#define AT(field) .offset = offsetof(struct conf_purge, field)

const struct option_member option_purge_members[] = {
	{"name", AT(name), .kind = MEMBER_NAME, .required = true},
	{"kind", AT(kind), .required = true,
		.words = "varnish varnish-ban nginx nginx-refresh cloudfront fastly cloudflare"},
	{"url", AT(url), .kind = MEMBER_URL, .required = true},
	{"zone", AT(zone)},
	{"key_file", AT(key_file), .kind = MEMBER_FILE},
};
const size_t option_purge_member_count = sizeof option_purge_members / sizeof option_purge_members[0];

static const char **member_text(const struct option_member *member, void *group)
{
	return (const char **)(void *)((char *)group + member->offset);
}

static bool is_word(const char *words, const char *text)
{
	size_t length = strlen(text);

	while (*words != '\0') {
		size_t word = strcspn(words, " ");

		if (word == length && memcmp(words, text, length) == 0)
			return true;
		words += word + strspn(words + word, " ");
	}
	return false;
}

static bool is_name(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return length >= 1 && length <= OPTION_KEY_ID_MOST && text[length] == '\0';
}

static enum err read_member(const struct reader *reader, const struct option_member *member,
	const config_setting_t *setting, const char **out)
{
	const char *text = config_setting_get_string(setting);

	if (text == NULL)
		return option_refuse(reader, setting, "text in quotes is wanted");
	if (member->required && text[0] == '\0')
		return option_refuse(reader, setting, "it must not be empty");
	if (member->kind == MEMBER_NAME && !is_name(text))
		return option_refuse(
			reader, setting, "1 to %d letters, digits and ._- are wanted", (int)OPTION_KEY_ID_MOST);
	if (member->words != NULL && !is_word(member->words, text))
		return option_refuse(reader, setting, "\"%.40s\" is none of: %s", text, member->words);
	if (member->kind == MEMBER_URL && option_check_url(reader, setting, text) != ERR_OK)
		return ERR_BAD_REQUEST;
	*out = member->kind == MEMBER_FILE && text[0] != '\0' ? option_absolute(reader, text)
							      : arena_strdup(&reader->conf->arena, text);
	return ERR_OK;
}

static enum err read_group(const struct reader *reader, const struct option_member *members, size_t count,
	const config_setting_t *setting, void *group)
{
	int found = 0;

	if (!config_setting_is_group(setting))
		return option_refuse(reader, setting, "a group in { } is wanted");
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *of = config_setting_get_member(setting, members[i].name);
		const char **out = member_text(&members[i], group);
		enum err err = ERR_OK;

		*out = members[i].standard != NULL ? members[i].standard : "";
		if (of != NULL)
			err = read_member(reader, &members[i], of, out);
		else if (members[i].required)
			err = option_refuse(reader, setting, "%s is missing", members[i].name);
		if (err != ERR_OK)
			return err;
		found += of != NULL;
	}
	return found == config_setting_length(setting) ? ERR_OK
						       : option_refuse(reader, setting, "it has a setting that is not known here");
}

static enum err read_edge(const struct reader *reader, const config_setting_t *setting, void *row)
{
	return read_group(reader, option_edge_members, option_edge_member_count, setting, row);
}

enum err option_read_edges(const struct reader *reader, const config_setting_t *setting)
{
	static const struct list_kind kind = {.rows = "edges",
		.most = OPTION_EDGES_MOST,
		.size = sizeof(struct conf_edge),
		.read = read_edge};

	reader->conf->edges = option_read_list(reader, setting, &kind, &reader->conf->edge_count);
	return reader->conf->edges != NULL ? ERR_OK : ERR_BAD_REQUEST;
}

static enum err read_purge(const struct reader *reader, const config_setting_t *setting, void *row)
{
	return read_group(reader, option_purge_members, option_purge_member_count, setting, row);
}

enum err option_read_purges(const struct reader *reader, const config_setting_t *setting)
{
	static const struct list_kind kind = {.rows = "caches",
		.most = OPTION_PURGES_MOST,
		.size = sizeof(struct conf_purge),
		.read = read_purge};

	reader->conf->purges = option_read_list(reader, setting, &kind, &reader->conf->purge_count);
	return reader->conf->purges != NULL ? ERR_OK : ERR_BAD_REQUEST;
}
