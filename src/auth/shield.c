/* SPDX-License-Identifier: MIT */
#include "auth/shield.h"

#include "base/hash.h"

#include <ctype.h>
#include <string.h>

/* The field's value; as fields are found by their names in lower case. */
static const char *find_value(const struct conf *conf, const struct request *request)
{
	char *name = arena_strdup(request->arena, conf->shield_header);

	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return request_header(request, name);
}

/* Of the hashes, so that not even the length shows. */
static bool is_secret(const char *value, const char *secret)
{
	unsigned char theirs[HASH_SIZE], ours[HASH_SIZE];

	hash_sha256(value, strlen(value), theirs);
	hash_sha256(secret, strlen(secret), ours);
	return hash_equal(theirs, ours, sizeof ours);
}

enum err shield_check(const struct conf *conf, const struct request *request, struct err_info *info)
{
	const char *value;
	bool known = false;

	if (conf->shield_secrets.count == 0)
		return ERR_OK;
	value = find_value(conf, request);
	for (size_t i = 0; value != NULL && i < conf->shield_secrets.count; i++)
		known |= is_secret(value, conf->shield_secrets.keys[i].secret);
	return known ? ERR_OK : err_set_why(info, ERR_FORBIDDEN, "shield", "this is to be had at the edge alone");
}
