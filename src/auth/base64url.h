/* SPDX-License-Identifier: MIT */
/*
 * base64url without padding (RFC 4648 section 5, RFC 7515 section 2), read strictly: characters outside of the alphabet
 * and bits left over in the last character are refused, as two texts would else be one. Over cjose; thread-safe.
 */
#ifndef TONEARM_AUTH_BASE64URL_H
#define TONEARM_AUTH_BASE64URL_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* True for one byte or more in the one spelling they have. */
bool base64url_canonical(const char *text, size_t length);

/* The bytes of TEXT in ARENA, a NUL added, and their number; NULL when it is not canonical. */
unsigned char *base64url_decode(const char *text, size_t length, struct arena *arena, size_t *out_length);

/* LENGTH bytes, at least 1, as text in ARENA. */
char *base64url_encode(const void *bytes, size_t length, struct arena *arena);

#endif
