/* SPDX-License-Identifier: MIT */
/*
 * The places of credentials.h that need more than a look: a file and the metadata service. Included by that module
 * alone. Each returns ERR_NOT_FOUND when there is nothing, so that the next place is asked.
 */
#ifndef TONEARM_STORAGE_CREDENTIALS_PLACE_H
#define TONEARM_STORAGE_CREDENTIALS_PLACE_H

#include "storage/credentials.h"

/* What a place had. Zeroed when empty. */
struct credentials_found {
	const char *access_key, *secret_key, *session_token; /* owned; the token may be NULL */
	int64_t expires_s;                                   /* INT64_MAX: never, as far as anybody knows */
};

/* Copies the three; and wipes them. */
void credentials_found_set(
	struct credentials_found *found, const char *access_key, const char *secret_key, const char *session_token);
void credentials_found_free(struct credentials_found *found);

/* The section of the profile in the shared credentials file. ERR_FORBIDDEN (mode), ERR_UNPROCESSABLE, ERR_IO. */
enum err credentials_find_in_file(
	const struct credentials_places *places, struct credentials_found *found, struct err_info *info);

#endif
