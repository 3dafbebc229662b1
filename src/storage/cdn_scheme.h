/* SPDX-License-Identifier: MIT */
/* The ways to sign an address, for cdn.c alone. */
#ifndef TONEARM_STORAGE_CDN_SCHEME_H
#define TONEARM_STORAGE_CDN_SCHEME_H

#include "storage/cdn.h"

#include <openssl/evp.h>

/* An edge with its key. */
struct cdn_edge {
	const struct conf_edge *conf;
	const char *sign, *query; /* templates: its own, or those of its scheme */
	const EVP_MD *hash;
	bool hex; /* how a MAC is written; else base64url */
	unsigned char *key; /* of tokens; owned */
	size_t key_size;
	EVP_PKEY *pkey; /* of CloudFront; owned */
};

/* The address before it is signed. */
struct cdn_place {
	const char *url;       /* absolute, no query */
	const char *path;      /* its part from the first slash on */
	const char *directory; /* the same up to the last slash */
};

/* Takes TEXT, the file of the key, and fills what EDGE needs of it. ERR_BAD_REQUEST. */
enum err cdn_token_set_up(struct cdn_edge *edge, const char *text, struct err_info *info);
enum err cdn_cloudfront_set_up(struct cdn_edge *edge, const char *text, struct err_info *info);

/* The query that signs PLACE, in ARENA. Errors of cdn_link(). */
enum err cdn_token_sign(const struct cdn_edge *edge, const struct cdn_place *place, const struct cdn_want *want,
	struct arena *arena, const char **query, struct err_info *info);

/* Fills the URL of OUT, or with COOKIES its cookies. Errors of cdn_link(). */
enum err cdn_cloudfront_sign(const struct cdn_edge *edge, const struct cdn_place *place, const struct cdn_want *want,
	bool cookies, struct arena *arena, struct cdn_link *out, struct err_info *info);

#endif
