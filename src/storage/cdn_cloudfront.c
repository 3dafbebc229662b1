/* SPDX-License-Identifier: MIT */
#include "storage/cdn_scheme.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

enum { RSA_BITS = 2048 };

/* RSA of 2048 bits or ECDSA on P-256: what CloudFront takes. */
static bool is_fit(const EVP_PKEY *pkey)
{
	char group[32] = "";

	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA)
		return EVP_PKEY_get_bits(pkey) == RSA_BITS;
	return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC &&
	       EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) == 1 &&
	       strcmp(group, "prime256v1") == 0;
}

enum err cdn_cloudfront_set_up(struct cdn_edge *edge, const char *text, struct err_info *info)
{
	BIO *bio = BIO_new_mem_buf(text, -1);

	/* With an empty passphrase, as nobody is there to type one. */
	edge->pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, "");
	BIO_free(bio);
	ERR_clear_error();
	if (edge->pkey == NULL)
		return err_set(info, ERR_BAD_REQUEST, "edge %s: %s is no private key in PEM without a passphrase",
			edge->conf->name, edge->conf->key_file);
	if (!is_fit(edge->pkey))
		return err_set(info, ERR_BAD_REQUEST, "edge %s: CloudFront takes keys of RSA with %d bits or ECDSA P-256",
			edge->conf->name, (int)RSA_BITS);
	if (edge->conf->key_id[0] == '\0')
		return err_set(info, ERR_BAD_REQUEST, "edge %s: key_id is missing", edge->conf->name);
	edge->hash = strcmp(edge->conf->hash, "sha256") == 0 ? EVP_sha256() : EVP_sha1();
	return ERR_OK;
}

/* Base64 with the three characters that addresses do not take replaced. */
static char *encode(const void *bytes, size_t length, struct arena *arena)
{
	char *out = arena_alloc(arena, 4 * ((length + 2) / 3) + 1);

	EVP_EncodeBlock((unsigned char *)out, bytes, (int)length);
	for (char *c = out; *c != '\0'; c++) {
		if (*c == '+')
			*c = '-';
		else if (*c == '=')
			*c = '_';
		else if (*c == '/')
			*c = '~';
	}
	return out;
}

/* The signature of POLICY, encoded; NULL when OpenSSL fails. */
static const char *sign(const struct cdn_edge *edge, const char *policy, struct arena *arena)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t length = (size_t)EVP_PKEY_get_size(edge->pkey);
	unsigned char *bytes = arena_alloc(arena, length);
	const char *out = NULL;

	if (context != NULL && EVP_DigestSignInit(context, NULL, edge->hash, NULL, edge->pkey) == 1 &&
		EVP_DigestSign(context, bytes, &length, (const unsigned char *)policy, strlen(policy)) == 1)
		out = encode(bytes, length, arena);
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return out;
}

static bool is_ipv4(const char *address)
{
	struct in_addr ignored;

	return inet_pton(AF_INET, address, &ignored) == 1;
}

/* The text that is signed; the names stand in it because CloudFront makes a canned one anew, byte for byte. */
static char *write_policy(const char *resource, int64_t expires, const char *address, struct arena *arena)
{
	const char *from =
		address == NULL ? "" : arena_printf(arena, ",\"IpAddress\":{\"AWS:SourceIp\":\"%s/32\"}", address);

	return arena_printf(arena,
		"{\"Statement\":[{\"Resource\":\"%s\",\"Condition\":{\"DateLessThan\":{\"AWS:EpochTime\":%" PRId64 "}%s}}]}",
		resource, expires, from);
}

static void add_cookie(const struct cdn_edge *edge, const char *path, const char *name, const char *value,
	struct arena *arena, struct cdn_link *out)
{
	const char *domain = edge->conf->cookie_domain;

	out->cookies[out->cookie_count++] = arena_printf(arena,
		"CloudFront-%s=%s%s%s; Path=%s; Secure; HttpOnly; SameSite=None", name, value, domain[0] != '\0' ? "; Domain=" : "", domain, path);
}

enum err cdn_cloudfront_sign(const struct cdn_edge *edge, const struct cdn_place *place, const struct cdn_want *want,
	bool cookies, struct arena *arena, struct cdn_link *out, struct err_info *info)
{
	bool from_address = strcmp(edge->conf->policy, "address") == 0;
	bool custom = from_address || strcmp(edge->conf->policy, "custom") == 0;
	bool named_hash = EVP_MD_get_type(edge->hash) != NID_sha1;
	const char *resource = place->url, *policy, *signature, *term, *value;

	if (from_address && !is_ipv4(want->address))
		return err_set(info, ERR_UNSUPPORTED, "edge %s takes IPv4 addresses alone", edge->conf->name);
	if (custom)
		resource = arena_printf(arena, "%.*s%s*", (int)(strlen(place->url) - strlen(place->path)), place->url,
			place->directory);
	policy = write_policy(resource, want->expires, from_address ? want->address : NULL, arena);
	signature = sign(edge, policy, arena);
	if (signature == NULL)
		return err_set(info, ERR_INTERNAL, "edge %s: the policy could not be signed", edge->conf->name);
	term = custom ? "Policy" : "Expires";
	value = custom ? encode(policy, strlen(policy), arena) : arena_printf(arena, "%" PRId64, want->expires);
	if (!cookies) {
		out->url = arena_printf(arena, "%s?%s=%s&Signature=%s&Key-Pair-Id=%s%s", place->url, term, value,
			signature, edge->conf->key_id, named_hash ? "&Hash-Algorithm=SHA256" : "");
		return ERR_OK;
	}
	out->url = place->url;
	resource = custom ? place->directory : place->path;
	add_cookie(edge, resource, term, value, arena, out);
	add_cookie(edge, resource, "Signature", signature, arena, out);
	add_cookie(edge, resource, "Key-Pair-Id", edge->conf->key_id, arena, out);
	if (named_hash)
		add_cookie(edge, resource, "Hash-Algorithm", "SHA256", arena, out);
	return ERR_OK;
}
