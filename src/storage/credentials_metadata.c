/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "storage/credentials_place.h"
#include "storage/transfer.h"

#include <openssl/crypto.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MOST = 65536, WAIT_MS = 2000, TOKEN_S = 21600 };

#define SERVICE "http://169.254.169.254"
#define ROLES "/latest/meta-data/iam/security-credentials/"

/* One question; *OUT is the answer's text in ARENA. ERR_NOT_FOUND also for anything but 200. */
static enum err ask(struct transfer *transfer, const char *method, const char *url,
	const struct transfer_header *header, struct arena *arena, char **out)
{
	struct transfer_exchange exchange = {
		.method = method, .url = url, .headers = header, .header_count = 1, .arena = arena};
	struct transfer_exchange *list[] = {&exchange};
	enum err err = ERR_NOT_FOUND;

	buf_init(&exchange.answer, ANSWER_MOST);
	transfer_run(transfer, list, 1);
	if (exchange.err == ERR_OK && exchange.status == 200) {
		*out = arena_strdup(arena, buf_text(&exchange.answer));
		err = ERR_OK;
	}
	if (exchange.answer.data != NULL)
		OPENSSL_cleanse(exchange.answer.data, exchange.answer.length);
	buf_free(&exchange.answer);
	return err;
}

static const char *member(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Reads the keys of a role out of the answer TEXT. */
static enum err read_keys(const char *text, struct credentials_found *found, struct err_info *info)
{
	json_t *object = NULL;
	const char *access_key, *secret_key, *expires;
	struct tm tm = {0};
	enum err err;

	if (json_read_object(text, strlen(text), &object, NULL) != ERR_OK)
		return err_set(info, ERR_UNPROCESSABLE, "the metadata service's keys are no JSON");
	access_key = member(object, "AccessKeyId");
	secret_key = member(object, "SecretAccessKey");
	expires = member(object, "Expiration");
	if (access_key == NULL || secret_key == NULL || expires == NULL ||
		strptime(expires, "%Y-%m-%dT%H:%M:%S", &tm) == NULL) {
		err = err_set(info, ERR_UNPROCESSABLE, "the metadata service's answer lacks a key or its expiry");
	} else {
		credentials_found_set(found, access_key, secret_key, member(object, "Token"));
		found->expires_s = (int64_t)timegm(&tm);
		err = ERR_OK;
	}
	json_decref(object);
	return err;
}

/* Asks for the token, the role and its keys. */
static enum err ask_all(struct transfer *transfer, const char *service, struct arena *arena,
	struct credentials_found *found, struct err_info *info)
{
	struct transfer_header header = {
		"x-aws-ec2-metadata-token-ttl-seconds", arena_printf(arena, "%d", TOKEN_S)};
	char *token, *role, *keys;
	enum err err;

	if ((err = ask(transfer, "PUT", arena_printf(arena, "%s/latest/api/token", service), &header, arena, &token)) !=
		ERR_OK)
		return err;
	header = (struct transfer_header){"x-aws-ec2-metadata-token", token};
	if ((err = ask(transfer, "GET", arena_printf(arena, "%s" ROLES, service), &header, arena, &role)) != ERR_OK)
		return err;
	role[strcspn(role, "\r\n")] = '\0';
	err = ask(transfer, "GET", arena_printf(arena, "%s" ROLES "%s", service, sigv4_encode(role, false, arena)),
		&header, arena, &keys);
	if (err != ERR_OK)
		return err;
	err = read_keys(keys, found, info);
	OPENSSL_cleanse(keys, strlen(keys));
	return err;
}

enum err credentials_find_in_metadata(
	const struct credentials_places *places, struct credentials_found *found, struct err_info *info)
{
	const char *service = places->metadata_url != NULL ? places->metadata_url : SERVICE;
	long wait_ms = places->metadata_ms > 0 ? places->metadata_ms : WAIT_MS;
	struct transfer_limits limits = {
		.connect_ms = wait_ms, .total_ms = wait_ms, .slow_s = 1, .parallel = 1, .direct = true};
	struct transfer *transfer;
	struct arena arena = {0};
	enum err err;

	if (strcmp(service, "off") == 0)
		return ERR_NOT_FOUND;
	if ((err = transfer_open(&limits, &transfer, info)) != ERR_OK)
		return err;
	err = ask_all(transfer, service, &arena, found, info);
	transfer_close(transfer);
	arena_free(&arena);
	return err;
}
