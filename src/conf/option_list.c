/* SPDX-License-Identifier: MIT */
/* Lists of groups: how each is read, and those of renditions, presets and keys. */
#include "conf/option_read.h"

#include "base/text.h"
#include "conf/preset.h"
#include "conf/profile.h"

#include <string.h>

bool option_has_others(const config_setting_t *group, const char *const *names, size_t count)
{
	int known = 0;

	for (size_t i = 0; i < count; i++)
		known += config_setting_get_member(group, names[i]) != NULL;
	return config_setting_length(group) != known;
}

static const char *name_of(const char *row)
{
	return *(const char *const *)(const void *)row;
}

void *option_read_list(
	const struct reader *reader, const config_setting_t *setting, const struct list_kind *kind, size_t *count)
{
	int length = config_setting_length(setting);
	char *rows;

	if (!config_setting_is_list(setting) || length < kind->filled || length > kind->most) {
		option_refuse(reader, setting, "a list of %s %d %s in ( ) is wanted",
			kind->filled ? "1 to" : "at most", kind->most, kind->rows);
		return NULL;
	}
	rows = arena_array(&reader->conf->arena, (size_t)length + 1, kind->size);
	for (*count = 0; *count < (size_t)length; ++*count) {
		const config_setting_t *group = config_setting_get_elem(setting, (unsigned)*count);
		char *row = rows + *count * kind->size;

		if (kind->read(reader, group, row) != ERR_OK)
			return NULL;
		for (const char *other = rows; other < row && !kind->repeats; other += kind->size) {
			if (name_of(row)[0] != '\0' && strcmp(name_of(other), name_of(row)) == 0) {
				option_refuse(reader, group, "\"%s\" is there twice", name_of(row));
				return NULL;
			}
		}
	}
	return rows;
}

/* A number of RUNG that may be left out: *OUT stays then. */
static enum err rung_number(const struct reader *reader, const config_setting_t *rung, const char *name, int64_t *out)
{
	const config_setting_t *setting = config_setting_get_member(rung, name);
	int64_t value;

	if (setting == NULL)
		return ERR_OK;
	if (!option_whole(setting, &value) || value < 0 || value > INT32_MAX)
		return option_refuse(reader, setting, "a whole number from 0 is wanted");
	*out = value;
	return ERR_OK;
}

static enum err read_rung(const struct reader *reader, const config_setting_t *rung, void *row)
{
	static const char *const names[] = {"quality", "codec", "container", "bit_rate", "sample_rate", "channels"};
	const char *quality = NULL, *codec = NULL, *container = NULL;
	struct arena *arena = &reader->conf->arena;
	struct conf_rendition *out = row;
	struct err_info reason;
	enum err err;

	if (!config_setting_is_group(rung) || option_has_others(rung, names, sizeof names / sizeof *names))
		return option_refuse(reader, rung,
			"quality, codec, container, bit_rate, sample_rate and channels are wanted, and nothing else");
	if (!config_setting_lookup_string(rung, "quality", &quality) || !text_is_word(quality, CONF_QUALITY_MOST))
		return option_refuse(
			reader, rung, "quality must be 1 to %d characters of a-z, 0-9 and -", (int)CONF_QUALITY_MOST);
	if (!config_setting_lookup_string(rung, "codec", &codec))
		return option_refuse(reader, rung, "codec is missing or no text");
	if (config_setting_get_member(rung, "container") != NULL &&
		!config_setting_lookup_string(rung, "container", &container))
		return option_refuse(reader, rung, "container is no text");
	*out = (struct conf_rendition){.sample_rate = -1, .channels = -1};
	err = rung_number(reader, rung, "bit_rate", &out->bit_rate);
	if (err == ERR_OK)
		err = rung_number(reader, rung, "sample_rate", &out->sample_rate);
	if (err == ERR_OK)
		err = rung_number(reader, rung, "channels", &out->channels);
	if (err != ERR_OK)
		return err;
	out->quality = arena_strdup(arena, quality);
	out->codec = arena_strdup(arena, codec);
	out->container = arena_strdup(arena, container);
	if (profile_complete(out, arena, &reason) != ERR_OK)
		return option_refuse(reader, rung, "%s", reason.detail);
	return ERR_OK;
}

enum err option_read_ladder(const struct reader *reader, const config_setting_t *setting)
{
	static const struct list_kind kind = {.rows = "renditions",
		.most = OPTION_LADDER_MOST,
		.size = sizeof(struct conf_rendition),
		.read = read_rung,
		.filled = true};

	reader->conf->ladder = option_read_list(reader, setting, &kind, &reader->conf->ladder_count);
	return reader->conf->ladder != NULL ? ERR_OK : ERR_BAD_REQUEST;
}

static enum err read_preset(const struct reader *reader, const config_setting_t *setting, void *row)
{
	const char *name = NULL, *filter = NULL;
	struct conf_preset *out = row;
	struct err_info reason;

	if (!config_setting_is_group(setting) || config_setting_length(setting) != 2 ||
		!config_setting_lookup_string(setting, "name", &name) ||
		!config_setting_lookup_string(setting, "filter", &filter))
		return option_refuse(reader, setting, "name and filter are wanted, and nothing else");
	if (!text_is_word(name, PRESET_NAME_MOST))
		return option_refuse(
			reader, setting, "name must be 1 to %d characters of a-z, 0-9 and -", (int)PRESET_NAME_MOST);
	if (preset_check(filter, &reason) != ERR_OK)
		return option_refuse(reader, setting, "%s", reason.detail);
	out->name = arena_strdup(&reader->conf->arena, name);
	out->filter = arena_strdup(&reader->conf->arena, filter);
	return ERR_OK;
}

enum err option_read_presets(const struct reader *reader, const config_setting_t *setting)
{
	static const struct list_kind kind = {.rows = "presets",
		.most = OPTION_PRESETS_MOST,
		.size = sizeof(struct conf_preset),
		.read = read_preset};

	reader->conf->presets = option_read_list(reader, setting, &kind, &reader->conf->preset_count);
	return reader->conf->presets != NULL ? ERR_OK : ERR_BAD_REQUEST;
}

/* A text of KEY that may be left out: *OUT stays then. */
static bool key_text(const struct reader *reader, const config_setting_t *key, const char *name, const char **out)
{
	const char *text;

	if (config_setting_get_member(key, name) == NULL)
		return true;
	if (!config_setting_lookup_string(key, name, &text))
		return false;
	*out = arena_strdup(&reader->conf->arena, text);
	return true;
}

static enum err read_key(const struct reader *reader, const config_setting_t *setting, void *row)
{
	static const char *const names[] = {"id", "algorithms", "file", "secret"};
	static const char id_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/=+-";
	struct conf_key *out = row;

	*out = (struct conf_key){.id = "", .algorithms = ""};
	if (!config_setting_is_group(setting) || option_has_others(setting, names, sizeof names / sizeof *names) ||
		!key_text(reader, setting, "id", &out->id) ||
		!key_text(reader, setting, "algorithms", &out->algorithms) ||
		!key_text(reader, setting, "file", &out->file) || !key_text(reader, setting, "secret", &out->secret))
		return option_refuse(
			reader, setting, "texts id, algorithms and file or secret are wanted, and nothing else");
	if (strlen(out->id) > OPTION_KEY_ID_MOST || out->id[strspn(out->id, id_characters)] != '\0')
		return option_refuse(reader, setting, "id must be at most %d letters, digits and ._:/=+-",
			(int)OPTION_KEY_ID_MOST);
	if (out->algorithms[0] == '\0')
		return option_refuse(reader, setting, "algorithms is missing");
	if ((out->file == NULL) == (out->secret == NULL))
		return option_refuse(reader, setting, "one of file and secret is wanted");
	if (out->secret != NULL && strlen(out->secret) < OPTION_SECRET_LEAST)
		return option_refuse(reader, setting, "a secret needs at least %d characters", OPTION_SECRET_LEAST);
	if (out->file != NULL)
		out->file = option_absolute(reader, out->file);
	return ERR_OK;
}

/* One that takes no algorithms, and must have a name. */
static enum err read_secret(const struct reader *reader, const config_setting_t *setting, void *row)
{
	static const char id_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	static const char *const names[] = {"id", "secret"};
	struct conf_key *out = row;

	*out = (struct conf_key){.id = "", .algorithms = "", .secret = ""};
	if (!config_setting_is_group(setting) || option_has_others(setting, names, sizeof names / sizeof *names) ||
		!key_text(reader, setting, "id", &out->id) || !key_text(reader, setting, "secret", &out->secret))
		return option_refuse(reader, setting, "texts id and secret are wanted, and nothing else");
	if (out->id[0] == '\0' || strlen(out->id) > OPTION_KEY_ID_MOST ||
		out->id[strspn(out->id, id_characters)] != '\0')
		return option_refuse(
			reader, setting, "id must be 1 to %d letters, digits and ._-", (int)OPTION_KEY_ID_MOST);
	if (strlen(out->secret) < OPTION_SECRET_LEAST)
		return option_refuse(reader, setting, "a secret needs at least %d characters", OPTION_SECRET_LEAST);
	return ERR_OK;
}

enum err option_read_keys(const struct reader *reader, const struct option *option, const config_setting_t *setting)
{
	const struct list_kind kind = {.rows = "keys",
		.most = OPTION_KEYS_MOST,
		.size = sizeof(struct conf_key),
		.read = option->type == OPTION_KEYS ? read_key : read_secret};
	struct conf_keys *out = option_keys(reader->conf, option);

	out->keys = option_read_list(reader, setting, &kind, &out->count);
	return out->keys != NULL ? ERR_OK : ERR_BAD_REQUEST;
}
