/* SPDX-License-Identifier: MIT */
#include "auth/base64url.h"
#include "base/hash.h"
#include "http/url.h"
#include "storage/cdn_scheme.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *scheme, *sign, *query, *hash, *encoding, *key_format;
} known[] = {
	{"hmac", "{path}|{expires}", "expires={expires}&sig={mac}", "sha256", "hex", "text"},
	{"fastly", "{path}{expires}", "token={expires}_{mac}", "sha1", "hex", "base64"},
	{"bunny", "{path}{expires}", "token=HS256-{mac}&expires={expires}", "sha256", "base64url", "text"},
	{"akamai", "exp={expires}~acl={directory}*", "hdnts=exp={expires}~acl={directory}*~hmac={mac}", "sha256", "hex",
		"hex"},
};

/* What may stand in { }. */
enum field {
	FIELD_PATH,
	FIELD_DIRECTORY,
	FIELD_DIRECTORY_ESCAPED,
	FIELD_EXPIRES,
	FIELD_ADDRESS,
	FIELD_TRACK,
	FIELD_FILE,
	FIELD_KEY_ID,
	FIELD_MAC,
	FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {"path", "directory", "directory_escaped", "expires", "address",
	"track", "file", "key_id", "mac"};

/* The field that begins at TEXT, "{", and its length with the braces; FIELD_COUNT when none does. */
static enum field find_field(const char *text, size_t *length)
{
	for (int i = 0; i < FIELD_COUNT; i++) {
		size_t name = strlen(field_names[i]);

		*length = name + 2;
		if (strncmp(text + 1, field_names[i], name) == 0 && text[name + 1] == '}')
			return (enum field)i;
	}
	return FIELD_COUNT;
}

/* Whether TEMPLATE has only fields that are known, and each of NEEDED, a set of bits, but none of FORBIDDEN. */
static bool is_template(const char *template, unsigned needed, unsigned forbidden)
{
	unsigned seen = 0;
	size_t length;

	while ((template = strchr(template, '{')) != NULL) {
		enum field field = find_field(template, &length);

		if (field == FIELD_COUNT)
			return false;
		seen |= 1U << field;
		template += length;
	}
	return (seen & needed) == needed && (seen & forbidden) == 0;
}

static char *fill_in(const char *template, const char *const values[static FIELD_COUNT], struct arena *arena)
{
	char *out = arena_strdup(arena, "");
	size_t length;

	while (*template != '\0') {
		size_t plain = strcspn(template, "{");

		out = arena_printf(arena, "%s%.*s", out, (int)plain, template);
		template += plain;
		if (*template == '{') {
			out = arena_printf(arena, "%s%s", out, values[find_field(template, &length)]);
			template += length;
		}
	}
	return out;
}

/* Base64 with its padding (RFC 4648 section 4); 0 when TEXT is none. */
static size_t decode_base64(const char *text, size_t length, unsigned char *out)
{
	int size = length > 0 && length % 4 == 0 ? EVP_DecodeBlock(out, (const unsigned char *)text, (int)length) : -1;
	size_t padding = size <= 0 ? 0 : (size_t)(text[length - 1] == '=') + (size_t)(text[length - 2] == '=');

	return size <= 0 ? 0 : (size_t)size - padding;
}

static bool read_key(struct cdn_edge *edge, const char *text, const char *format)
{
	size_t length = strcspn(text, "\r\n");
	char *line = strndup(text, length);

	edge->key = malloc(length + 1);
	if (line == NULL || edge->key == NULL)
		abort();
	if (strcmp(format, "hex") == 0) {
		edge->key_size = hash_from_hex(line, edge->key, length / 2) ? length / 2 : 0;
	} else if (strcmp(format, "base64") == 0) {
		edge->key_size = decode_base64(line, length, edge->key);
	} else {
		memcpy(edge->key, line, length);
		edge->key_size = length;
	}
	OPENSSL_cleanse(line, length);
	free(line);
	return edge->key_size > 0;
}

static const char *first_of(const char *own, const char *standard)
{
	return own[0] != '\0' ? own : standard;
}

enum err cdn_token_set_up(struct cdn_edge *edge, const char *text, struct err_info *info)
{
	const struct conf_edge *conf = edge->conf;
	size_t i = 0;

	while (strcmp(known[i].scheme, conf->scheme) != 0)
		i++;
	edge->sign = first_of(conf->sign, known[i].sign);
	edge->query = first_of(conf->query, known[i].query);
	edge->hash = strcmp(first_of(conf->hash, known[i].hash), "sha1") == 0 ? EVP_sha1() : EVP_sha256();
	edge->hex = strcmp(first_of(conf->encoding, known[i].encoding), "hex") == 0;
	if (!is_template(edge->sign, 1U << FIELD_EXPIRES, 1U << FIELD_MAC))
		return err_set(info, ERR_BAD_REQUEST, "edge %s: sign has a field that is not known, or lacks {expires}",
			conf->name);
	if (!is_template(edge->query, 1U << FIELD_MAC, 0))
		return err_set(
			info, ERR_BAD_REQUEST, "edge %s: query has a field that is not known, or lacks {mac}", conf->name);
	if (!read_key(edge, text, first_of(conf->key_format, known[i].key_format)))
		return err_set(info, ERR_BAD_REQUEST, "edge %s: %s holds no key of its key_format", conf->name,
			conf->key_file);
	return ERR_OK;
}

enum err cdn_token_sign(const struct cdn_edge *edge, const struct cdn_place *place, const struct cdn_want *want,
	struct arena *arena, const char **query, struct err_info *info)
{
	const char *values[FIELD_COUNT] = {
		[FIELD_PATH] = place->path,
		[FIELD_DIRECTORY] = place->directory,
		[FIELD_DIRECTORY_ESCAPED] = url_encode(place->directory, arena),
		[FIELD_EXPIRES] = arena_printf(arena, "%" PRId64, want->expires),
		[FIELD_ADDRESS] = want->address,
		[FIELD_TRACK] = want->track,
		[FIELD_FILE] = want->file,
		[FIELD_KEY_ID] = edge->conf->key_id,
		[FIELD_MAC] = "",
	};
	const char *text = fill_in(edge->sign, values, arena);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	char *hex;

	if (HMAC(edge->hash, edge->key, (int)edge->key_size, (const unsigned char *)text, strlen(text), mac, &size) ==
		NULL)
		return err_set(info, ERR_INTERNAL, "edge %s: the address could not be signed", edge->conf->name);
	if (edge->hex) {
		hex = arena_alloc(arena, 2 * size + 1);
		hash_hex(mac, size, hex);
		values[FIELD_MAC] = hex;
	} else {
		values[FIELD_MAC] = base64url_encode(mac, size, arena);
	}
	*query = fill_in(edge->query, values, arena);
	return ERR_OK;
}
