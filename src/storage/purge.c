/* SPDX-License-Identifier: MIT */
#include "storage/purge.h"

#include "base/hash.h"
#include "storage/credentials.h"
#include "storage/key_file.h"
#include "storage/s3_body.h"
#include "storage/sigv4.h"
#include "storage/transfer.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 10000, TOTAL_MS = 30000, ANSWER_MOST = 65536, HEADERS_MOST = 8 };

/* Wildcards of which CloudFront has at most 15 in the works at a time; tags of one request at the others. */
enum { CLOUDFRONT_TRACKS = 3, CLOUDFLARE_TAGS = 30, TAGS_AT_ONCE = 100 };

#define CLOUDFRONT_API "/2020-05-31/distribution/"

/* One cache being told. */
struct telling {
	const struct conf_purge *target;
	const struct purge *list;
	size_t count;
	const struct clock *clock;
	const atomic_bool *stop;
	struct arena arena;
	struct transfer *transfer;
	char *key; /* of key_file; NULL without one */
	size_t key_length;
};

/* A request to it. */
struct message {
	const char *method, *url, *body;
	struct transfer_header headers[HEADERS_MOST];
	size_t header_count;
	long also; /* a status that means that there was nothing; 0: none */
};

static bool is_kind(const struct conf_purge *target, const char *kind)
{
	return strcmp(target->kind, kind) == 0;
}

size_t purge_at_once(const struct conf_purge *target)
{
	if (is_kind(target, "cloudfront"))
		return CLOUDFRONT_TRACKS;
	return is_kind(target, "cloudflare") ? CLOUDFLARE_TAGS : TAGS_AT_ONCE;
}

static bool is_stopped(void *context)
{
	const struct telling *telling = context;

	return telling->stop != NULL && atomic_load(telling->stop);
}

static void add_header(struct message *message, const char *name, const char *value)
{
	message->headers[message->header_count++] = (struct transfer_header){name, value};
}

static enum err judge(const struct telling *telling, const struct message *message,
	const struct transfer_exchange *exchange, struct err_info *info)
{
	long status = exchange->status;
	enum err err = status == 429 || status >= 500 ? ERR_BUSY : ERR_IO;

	if (exchange->err != ERR_OK)
		return err_set(info, exchange->err, "cache %s: %s", telling->target->name, exchange->info.detail);
	if ((status >= 200 && status <= 299) || (message->also != 0 && status == message->also))
		return ERR_OK;
	return err_set(info, status == 401 || status == 403 ? ERR_FORBIDDEN : err, "cache %s answers with status %ld",
		telling->target->name, status);
}

static enum err tell(struct telling *telling, const struct message *message, struct err_info *info)
{
	struct transfer_exchange exchange = {.method = message->method,
		.url = message->url,
		.headers = message->headers,
		.header_count = message->header_count,
		.arena = &telling->arena};
	struct transfer_exchange *only = &exchange;
	struct s3_body body;
	struct transfer_body sent;
	enum err err;

	if (message->body != NULL) {
		s3_body_text(&body, message->body);
		sent = (struct transfer_body){strlen(message->body), s3_body_read, s3_body_rewind, &body};
		exchange.body = &sent;
	}
	buf_init(&exchange.answer, ANSWER_MOST);
	transfer_run(telling->transfer, &only, 1);
	err = judge(telling, message, &exchange, info);
	buf_free(&exchange.answer);
	return err;
}

/* The tags of all tracks, with BEFORE and AFTER around each and APART between them. */
static const char *tags(struct telling *telling, const char *before, const char *after, const char *apart)
{
	const char *out = "";

	for (size_t i = 0; i < telling->count; i++)
		out = arena_printf(&telling->arena, "%s%s%s%s%s", out, i == 0 ? "" : apart, before,
			telling->list[i].track, after);
	return out;
}

static enum err tell_varnish(struct telling *telling, struct err_info *info)
{
	bool ban = is_kind(telling->target, "varnish-ban");
	struct message message = {.method = "PURGE", .url = telling->target->url};

	add_header(&message, ban ? "x-ban-tags" : "xkey-purge", tags(telling, "", "", ban ? "|" : " "));
	if (telling->key != NULL)
		add_header(&message, "x-tonearm-purge", telling->key);
	return tell(telling, &message, info);
}

static enum err tell_fastly(struct telling *telling, struct err_info *info)
{
	struct message message = {.method = "POST",
		.url = arena_printf(&telling->arena, "%s/service/%s/purge", telling->target->url, telling->target->zone),
		.body = ""};

	add_header(&message, "accept", "application/json");
	add_header(&message, "fastly-key", telling->key);
	add_header(&message, "surrogate-key", tags(telling, "", "", " "));
	return tell(telling, &message, info);
}

static enum err tell_cloudflare(struct telling *telling, struct err_info *info)
{
	struct message message = {.method = "POST",
		.url = arena_printf(&telling->arena, "%s/client/v4/zones/%s/purge_cache", telling->target->url,
			telling->target->zone),
		.body = arena_printf(&telling->arena, "{\"tags\":[%s]}", tags(telling, "\"", "\"", ","))};

	add_header(&message, "authorization", arena_printf(&telling->arena, "Bearer %s", telling->key));
	add_header(&message, "content-type", "application/json");
	return tell(telling, &message, info);
}

/* The reference is made of what is asked for: asked for again after an answer was lost it is one invalidation. */
static const char *write_invalidation(struct telling *telling)
{
	static const char *const patterns[] = {"/media/%s/*", "/hls/%s/*", "/dash/%s/*", "/stream/%s*"};
	enum { PATTERNS = sizeof patterns / sizeof *patterns };
	struct arena *arena = &telling->arena;
	const char *paths = "", *asked = "";
	unsigned char hash[HASH_SIZE];
	char reference[HASH_HEX_SIZE];

	for (size_t i = 0; i < telling->count; i++) {
		const struct purge *purge = &telling->list[i];

		for (size_t j = 0; j < PATTERNS; j++) {
			const char *end = strchr(patterns[j], '%');

			paths = arena_printf(arena, "%s<Path>%.*s%s%s</Path>", paths, (int)(end - patterns[j]), patterns[j],
				purge->track, end + 2);
		}
		asked = arena_printf(arena, "%s%s %" PRId64 "\n", asked, purge->track, purge->asked_ms);
	}
	hash_sha256(asked, strlen(asked), hash);
	hash_hex(hash, sizeof hash, reference);
	return arena_printf(arena,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
		"<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">"
		"<Paths><Quantity>%zu</Quantity><Items>%s</Items></Paths>"
		"<CallerReference>tonearm-%.32s</CallerReference></InvalidationBatch>",
		telling->count * PATTERNS, paths, reference);
}

static enum err sign(struct telling *telling, struct message *message, const char *path, struct err_info *info)
{
	const struct credentials_places places = {
		.file = telling->target->key_file[0] != '\0' ? telling->target->key_file : NULL,
		.find_in_metadata = credentials_find_in_metadata};
	struct arena *arena = &telling->arena;
	const char *host = strstr(telling->target->url, "//") + 2;
	struct sigv4_pair headers[] = {{"content-type", "text/xml"}, {"host", arena_memdup(arena, host, strcspn(host, "/"))}};
	unsigned char hash[HASH_SIZE];
	char payload[HASH_HEX_SIZE];
	struct sigv4_request request = {.method = message->method,
		.path = path,
		.normalize = true,
		.headers = headers,
		.header_count = sizeof headers / sizeof *headers,
		.payload = payload,
		.region = "us-east-1",
		.service = "cloudfront",
		.time_s = clock_seconds(telling->clock)};
	struct sigv4_credentials keys;
	struct credentials *credentials;
	struct sigv4_signed made;
	enum err err = credentials_open(&places, telling->clock, &credentials, info);

	hash_sha256(message->body, strlen(message->body), hash);
	hash_hex(hash, sizeof hash, payload);
	if (err != ERR_OK)
		return err;
	err = credentials_get(credentials, &keys, info);
	if (err == ERR_OK)
		err = sigv4_sign(&request, &keys, arena, &made, info);
	if (err == ERR_OK) {
		add_header(message, "content-type", headers[0].value);
		add_header(message, "x-amz-date", made.date);
		add_header(message, "authorization", made.authorization);
		if (keys.session_token != NULL && keys.session_token[0] != '\0')
			add_header(message, "x-amz-security-token", arena_strdup(arena, keys.session_token));
	}
	credentials_free(credentials);
	return err;
}

static enum err tell_cloudfront(struct telling *telling, struct err_info *info)
{
	const char *path = arena_printf(&telling->arena, CLOUDFRONT_API "%s/invalidation", telling->target->zone);
	struct message message = {.method = "POST",
		.url = arena_printf(&telling->arena, "%s%s", telling->target->url, path),
		.body = write_invalidation(telling)};
	enum err err = sign(telling, &message, path, info);

	return err == ERR_OK ? tell(telling, &message, info) : err;
}

static enum err tell_address(struct telling *telling, const char *address, struct err_info *info)
{
	bool refresh = is_kind(telling->target, "nginx-refresh");
	struct message message = {.method = refresh ? "GET" : "PURGE",
		.url = arena_printf(&telling->arena, "%s%s", telling->target->url, address),
		.also = 404};
	enum err err;

	if (telling->key != NULL)
		add_header(&message, "x-tonearm-purge", telling->key);
	err = tell(telling, &message, info);
	/* What it is made anew of the origin may refuse: that it did is kept then. */
	return refresh && err == ERR_FORBIDDEN ? err_clear(info) : err;
}

/* BEFORE, each word of WORDS and AFTER as an address. */
static enum err tell_each(struct telling *telling, const char *words, const char *before, const char *after,
	struct err_info *info)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && *words != '\0') {
		size_t length = strcspn(words, " ");

		err = tell_address(telling,
			arena_printf(&telling->arena, "%s%.*s%s", before, (int)length, words, after), info);
		words += length + strspn(words + length, " ");
	}
	return err;
}

static enum err tell_nginx(struct telling *telling, struct err_info *info)
{
	struct arena *arena = &telling->arena;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < telling->count; i++) {
		const struct purge *purge = &telling->list[i];

		err = tell_each(telling, purge->files, arena_printf(arena, "/media/%s/", purge->track), "", info);
		if (err == ERR_OK)
			err = tell_each(telling, purge->qualities, arena_printf(arena, "/hls/%s/", purge->track),
				"/playlist.m3u8", info);
		if (err == ERR_OK)
			err = tell_address(telling, arena_printf(arena, "/hls/%s/master.m3u8", purge->track), info);
		if (err == ERR_OK)
			err = tell_address(telling, arena_printf(arena, "/dash/%s/manifest.mpd", purge->track), info);
	}
	return err;
}

static const struct {
	const char *kind;
	enum err (*tell)(struct telling *telling, struct err_info *info);
	bool by_key; /* key_file holds one line; it must be there with `needs_key` */
	bool needs_key;
} kinds[] = {
	{"varnish", tell_varnish, true, false},
	{"varnish-ban", tell_varnish, true, false},
	{"nginx", tell_nginx, true, false},
	{"nginx-refresh", tell_nginx, true, true},
	{"cloudfront", tell_cloudfront, false, false},
	{"fastly", tell_fastly, true, true},
	{"cloudflare", tell_cloudflare, true, true},
};

static enum err tell_by(struct telling *telling, size_t kind, struct err_info *info)
{
	const struct conf_purge *target = telling->target;
	const struct transfer_limits limits = {.connect_ms = CONNECT_MS,
		.total_ms = TOTAL_MS,
		.slow_s = 1,
		.parallel = 1,
		.cancelled = is_stopped,
		.context = telling};
	enum err err = ERR_OK;

	if (kinds[kind].by_key && (kinds[kind].needs_key || target->key_file[0] != '\0'))
		err = key_file_read("cache", target->name, target->key_file, &telling->key, &telling->key_length, info);
	if (err == ERR_OK && telling->key != NULL)
		telling->key[strcspn(telling->key, "\r\n")] = '\0';
	if (err == ERR_OK)
		err = transfer_open(&limits, &telling->transfer, info);
	return err == ERR_OK ? kinds[kind].tell(telling, info) : err;
}

enum err purge_tell(const struct conf_purge *target, const struct purge *list, size_t count, const struct clock *clock,
	const atomic_bool *stop, struct err_info *info)
{
	struct telling telling = {.target = target, .list = list, .count = count, .clock = clock, .stop = stop};
	size_t kind = 0;
	enum err err;

	while (!is_kind(target, kinds[kind].kind))
		kind++;
	err = tell_by(&telling, kind, info);
	if (telling.transfer != NULL)
		transfer_close(telling.transfer);
	if (telling.key != NULL)
		OPENSSL_cleanse(telling.key, telling.key_length);
	free(telling.key);
	arena_free(&telling.arena);
	return err;
}
