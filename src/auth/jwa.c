/* SPDX-License-Identifier: MIT */
#include "auth/jwa.h"

#include <string.h>

static const struct jwa_row rows[] = {
	{JWA_HS256, "HS256", "oct", NULL, 32, 32},
	{JWA_HS384, "HS384", "oct", NULL, 48, 48},
	{JWA_HS512, "HS512", "oct", NULL, 64, 64},
	{JWA_RS256, "RS256", "RSA", NULL, 0, 0},
	{JWA_RS384, "RS384", "RSA", NULL, 0, 0},
	{JWA_RS512, "RS512", "RSA", NULL, 0, 0},
	{JWA_PS256, "PS256", "RSA", NULL, 0, 0},
	{JWA_ES256, "ES256", "EC", "P-256", 0, 64},
	{JWA_ES384, "ES384", "EC", "P-384", 0, 96},
	{JWA_EDDSA, "EdDSA", "OKP", "Ed25519", 0, 64},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const struct jwa_row *find(const char *name, size_t length)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
			return &rows[i];
	}
	return NULL;
}

const struct jwa_row *jwa_find(const char *name)
{
	return find(name, strlen(name));
}

unsigned jwa_of_key(const char *type, const char *curve)
{
	unsigned set = 0;

	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].type, type) == 0 &&
			(rows[i].curve == NULL || (curve != NULL && strcmp(rows[i].curve, curve) == 0)))
			set |= rows[i].jwa;
	}
	return set;
}

unsigned jwa_long_enough(unsigned set, size_t length)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (length < rows[i].secret_least)
			set &= ~(unsigned)rows[i].jwa;
	}
	return set;
}

enum err jwa_read(const char *words, unsigned *out, struct err_info *info)
{
	*out = 0;
	for (words += strspn(words, " "); *words != '\0';) {
		size_t length = strcspn(words, " ");
		const struct jwa_row *row = find(words, length);

		if (row == NULL)
			return err_set(info, ERR_BAD_REQUEST, "\"%.*s\" is no algorithm of tokens that is known here",
				length > 40 ? 40 : (int)length, words);
		*out |= row->jwa;
		words += length + strspn(words + length, " ");
	}
	return *out != 0 ? ERR_OK : err_set(info, ERR_BAD_REQUEST, "no algorithm is named");
}
