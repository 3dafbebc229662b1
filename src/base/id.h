/* SPDX-License-Identifier: MIT */
/*
 * Identifiers of tracks, jobs and uploads: 26 lower-case Crockford base32 characters, 48 bits of time in
 * milliseconds and 80 random bits (a ULID in lower case), so that they sort by birth, cannot be guessed and
 * survive file systems that fold case. Thread-safe.
 */
#ifndef TONEARM_BASE_ID_H
#define TONEARM_BASE_ID_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

enum { ID_LENGTH = 26, ID_SIZE = ID_LENGTH + 1 };

/* A new identifier, NUL-terminated; CLOCK as in clock.h. Aborts when the kernel has no randomness. */
void id_new(const struct clock *clock, char out[static ID_SIZE]);

/* The least identifier that anything born at MS (milliseconds since 1970) or later has. */
void id_least(int64_t ms, char out[static ID_SIZE]);

/* True for exactly 26 characters of the alphabet: anything else never reaches a path or a query. */
bool id_valid(const char *text);

/* COUNT random bytes (at most 64) as 2*COUNT lower-case hex digits and a NUL: for secrets and nonces. */
void id_random_hex(size_t count, char *out);

/*
 * 32 lower-case hex digits and a NUL that no other call gives, in no process: for what needs a name and no secret, with no
 * word to the kernel.
 */
void id_unique_hex(char out[static 33]);

#endif
