/* SPDX-License-Identifier: MIT */
/*
 * Edges: other places where /media/{track}/{file} is, close to listeners, and the addresses that make an edge let them
 * in. Which edge a listener is sent to is decided here, and only here.
 *
 *     cdn.edges, http.redirect_url ──► keys read, templates checked ──► struct cdn
 *     country ──► edge;  track, file, expiry, address ──► URL, its signature, cookies
 *
 * How an address is signed is the scheme of its edge:
 *
 *     none                not at all
 *     grant               with the query that manifests hand out (auth/ticket.h): the edge asks the origin, or passes
 *     hmac                with a token of `hash` over the template `sign`, put where the template `query` says
 *     fastly bunny akamai the same with their templates: Fastly's "URL token validation", bunny.net's "advanced token
 *                         authentication" (HS256), Akamai's EdgeAuth 2.0 with an access list
 *     cloudfront          CloudFront's signed URL
 *     cloudfront-cookies  CloudFront's signed cookies, for a domain that site and edge share
 *
 * In templates stand {path} (of the URL, from its first slash on), {directory} (up to its last slash),
 * {directory_escaped} (the same as a value in a query), {expires} (seconds since 1970), {address} (of the listener),
 * {track}, {file}, {key_id}, and in `query` {mac}. The key of a token is read as `key_format` says, the MAC written as
 * `encoding` does.
 *
 * CloudFront (developer guide, "Serve private content with signed URLs and signed cookies"): keys are RSA or, since
 * September 2025, ECDSA P-256; a policy is signed over its SHA-1, or since April 2026 its SHA-256 where
 * Hash-Algorithm=SHA256 (CloudFront-Hash-Algorithm in cookies) says so. `policy` is "canned" (one file), "custom" (all
 * files of the track) or "address" (these, from the listener's IPv4 address alone: CloudFront knows no other).
 *
 * Made before the threads and then only read: any thread may use it. No network.
 */
#ifndef TONEARM_STORAGE_CDN_H
#define TONEARM_STORAGE_CDN_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

#include <stdbool.h>
#include <stdint.h>

enum { CDN_COOKIES_MOST = 4 };

struct cdn;

/* What shall be heard, and by whom. */
struct cdn_want {
	const char *track, *file; /* of /media/{track}/{file}: no escapes needed */
	int64_t expires;          /* seconds since 1970, until when the address is to be good */
	const char *address;      /* of the listener */
	const char *country;      /* two capital letters; NULL or "" when unknown */
	const char *grant;        /* access_child_query() of auth/access.h: "" for a public track */
};

struct cdn_link {
	const char *edge; /* its name */
	const char *url;  /* absolute, signed */
	const char *cookies[CDN_COOKIES_MOST]; /* values of Set-Cookie that go along */
	size_t cookie_count;
};

/*
 * Reads the keys of all edges of CONF, which outlives *OUT. ERR_FORBIDDEN for a key file that others may read;
 * ERR_NOT_FOUND when it is not there; ERR_BAD_REQUEST, with the name of the edge, for a key or a template that is none.
 * *OUT is owned by the caller, NULL on failure.
 */
enum err cdn_open(const struct conf *conf, struct cdn **out, struct err_info *info);

/* Wipes the keys. NULL is fine. */
void cdn_close(struct cdn *cdn);

/* Whether there is an edge at all. */
bool cdn_has_edges(const struct cdn *cdn);

/*
 * Where WANT is to be had; text in ARENA. ERR_NOT_FOUND without edges; ERR_UNSUPPORTED when the edge takes no address
 * like the listener's; ERR_INTERNAL when OpenSSL does not sign. The caller then sends the bytes himself.
 */
enum err cdn_link(const struct cdn *cdn, const struct cdn_want *want, struct arena *arena, struct cdn_link *out,
	struct err_info *info);

#endif
