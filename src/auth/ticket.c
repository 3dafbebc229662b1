/* SPDX-License-Identifier: MIT */
#include "auth/ticket.h"

#include "auth/signed_url.h"
#include "base/hash.h"
#include "base/network.h"
#include "base/text.h"
#include "http/url.h"

#include <inttypes.h>
#include <string.h>

/* Bytes of the parameters that are read; what is longer is not ours. */
enum { TERM_MOST = 128 };

static const char *const words[] = {[TICKET_STREAM] = "sig", [TICKET_GRANT] = "grant"};

/* The terms as they stand in the query; "" where there is none. */
struct terms {
	const char *expires, *from, *network, *key, *origin, *signature;
};

static void sign(const char *secret, enum ticket_kind kind, const char *name, const struct terms *terms,
	struct arena *arena, unsigned char out[HASH_SIZE])
{
	const char *text = arena_printf(arena, "v2/%s|%s|%s|%s|%s|%s|%s", kind == TICKET_STREAM ? "stream" : "grant",
		terms->expires, terms->from, terms->network, terms->key, terms->origin, name);

	hash_hmac_sha256(secret, strlen(secret), text, strlen(text), out);
}

static bool is_plain(const struct terms *terms)
{
	return terms->from[0] == '\0' && terms->network[0] == '\0' && terms->key[0] == '\0' && terms->origin[0] == '\0';
}

static char *write_query(enum ticket_kind kind, const struct terms *terms, const char *signature, struct arena *arena)
{
	const char *from = terms->from[0] != '\0' ? "&from=" : "", *network = terms->network[0] != '\0' ? "&net=" : "";
	const char *key = terms->key[0] != '\0' ? "&key=" : "", *origin = terms->origin[0] != '\0' ? "&by=" : "";

	return arena_printf(arena, "expires=%s%s%s%s%s%s%s%s%s&%s=%s", terms->expires, from, terms->from, network,
		terms->network, key, terms->key, origin, terms->origin, words[kind], signature);
}

static const char *signature_of(const struct conf *conf, const struct ticket *ticket, const struct terms *terms,
	const char *secret, struct arena *arena)
{
	char *hex = arena_alloc(arena, HASH_HEX_SIZE);
	unsigned char mac[HASH_SIZE];

	if (!is_plain(terms)) {
		sign(secret, ticket->kind, ticket->name, terms, arena, mac);
		hash_hex(mac, sizeof mac, hex);
	} else if (ticket->kind == TICKET_STREAM) {
		signed_url_stream(conf->url_secret, ticket->name, ticket->expires, hex);
	} else {
		signed_url_grant(conf->url_secret, ticket->name, ticket->expires, hex);
	}
	return hex;
}

char *ticket_write(const struct conf *conf, const struct ticket *ticket, struct arena *arena)
{
	const struct conf_key *key = conf->url_keys.count > 0 ? &conf->url_keys.keys[0] : NULL;
	const struct terms terms = {
		.expires = arena_printf(arena, "%" PRId64, ticket->expires),
		.from = ticket->from == 0 ? "" : arena_printf(arena, "%" PRId64, ticket->from),
		.network = ticket->network,
		.key = key != NULL ? key->id : "",
		.origin = ticket->origin,
	};

	return write_query(ticket->kind, &terms,
		signature_of(conf, ticket, &terms, key != NULL ? key->secret : conf->url_secret, arena), arena);
}

/* False when the parameter is longer than any of ours, or holds what separates the terms. */
static bool take(const char *query, const char *name, struct arena *arena, const char **out)
{
	const char *value = url_query_value(query, name, arena);

	*out = value != NULL ? value : "";
	return strlen(*out) <= TERM_MOST && strchr(*out, '|') == NULL;
}

/* NULL when no key has this ID. */
static const char *secret_of(const struct conf *conf, const char *id)
{
	if (id[0] == '\0')
		return conf->url_secret;
	for (size_t i = 0; i < conf->url_keys.count; i++) {
		if (strcmp(conf->url_keys.keys[i].id, id) == 0)
			return conf->url_keys.keys[i].secret;
	}
	return NULL;
}

static enum err check_signature(const struct conf *conf, enum ticket_kind kind, const char *name,
	const struct terms *terms, struct arena *arena, struct err_info *info)
{
	const char *secret = secret_of(conf, terms->key);
	unsigned char ours[HASH_SIZE], theirs[HASH_SIZE];

	if (secret == NULL)
		return err_set_why(info, ERR_FORBIDDEN, "unknown-key", "the signature names a key that is not used any more");
	if (!hash_from_hex(terms->signature, theirs, sizeof theirs))
		return err_set_why(info, ERR_FORBIDDEN, "malformed", "the signature is not %d hexadecimal digits", 2 * HASH_SIZE);
	sign(secret, kind, name, terms, arena, ours);
	if (!hash_equal(ours, theirs, sizeof ours))
		return err_set_why(info, ERR_FORBIDDEN, "signature", "the signature does not fit this address");
	return ERR_OK;
}

/* The signature was good: who reads these reasons was given the address. */
static enum err check_terms(const struct terms *terms, const char *address, const struct clock *clock,
	struct ticket *ticket, struct err_info *info)
{
	uint64_t expires = 0, from = 0;

	if (!text_to_u64(terms->expires, INT64_MAX, &expires) ||
		(terms->from[0] != '\0' && !text_to_u64(terms->from, INT64_MAX, &from)))
		return err_set_why(info, ERR_FORBIDDEN, "malformed", "`expires` is not a number of seconds");
	ticket->expires = (int64_t)expires;
	ticket->from = (int64_t)from;
	if (ticket->expires <= clock_seconds(clock))
		return err_set_why(info, ERR_FORBIDDEN, "expired", "the address has expired");
	if (ticket->from > clock_seconds(clock))
		return err_set_why(info, ERR_FORBIDDEN, "not-yet", "the address is not good yet");
	if (terms->network[0] != '\0' && !network_holds(terms->network, address))
		return err_set_why(info, ERR_FORBIDDEN, "address", "the address is for another place");
	return ERR_OK;
}

static enum err check(const struct conf *conf, const struct terms *terms, const char *address,
	const struct clock *clock, struct arena *arena, struct ticket *ticket, struct err_info *info)
{
	enum err err = ERR_OK;

	if (!is_plain(terms))
		err = check_signature(conf, ticket->kind, ticket->name, terms, arena, info);
	else if (ticket->kind == TICKET_STREAM)
		err = signed_url_check_stream(
			conf->url_secret, ticket->name, terms->expires, terms->signature, clock, info);
	else
		err = signed_url_check_grant(
			conf->url_secret, ticket->name, terms->expires, terms->signature, clock, info);
	return err == ERR_OK ? check_terms(terms, address, clock, ticket, info) : err;
}

enum err ticket_read(const struct conf *conf, enum ticket_kind kind, const char *name, const char *query,
	const char *address, const struct clock *clock, struct arena *arena, struct ticket *out, struct err_info *info)
{
	struct terms terms;
	enum err err;

	if (!take(query, words[kind], arena, &terms.signature) || !take(query, "expires", arena, &terms.expires) ||
		!take(query, "from", arena, &terms.from) || !take(query, "net", arena, &terms.network) ||
		!take(query, "key", arena, &terms.key) || !take(query, "by", arena, &terms.origin))
		return err_set_why(info, ERR_FORBIDDEN, "signature", "the signature does not fit this address");
	if (terms.signature[0] == '\0' || terms.expires[0] == '\0')
		return err_set(info, ERR_NOT_FOUND, "there is no signature");
	*out = (struct ticket){.kind = kind, .name = name, .network = terms.network, .origin = terms.origin};
	err = check(conf, &terms, address, clock, arena, out, info);
	if (err == ERR_OK)
		out->query = write_query(kind, &terms, terms.signature, arena);
	return err;
}
