/* SPDX-License-Identifier: MIT */
/* Base64 with padding (RFC 4648 section 4), read strictly. Over OpenSSL; thread-safe, no state. */
#ifndef TONEARM_BASE_BASE64_H
#define TONEARM_BASE_BASE64_H

#include "base/arena.h"

#include <stddef.h>

/*
 * The bytes that the LENGTH characters at TEXT stand for, in ARENA, a NUL added, and their number; none for none. NULL
 * when TEXT has a character outside of the alphabet, another padding than it must have, or is as long as INT_MAX.
 */
unsigned char *base64_decode(const char *text, size_t length, struct arena *arena, size_t *out_length);

#endif
