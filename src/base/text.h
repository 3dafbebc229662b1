/* SPDX-License-Identifier: MIT */
/*
 * Text from outside: numbers read strictly, bytes turned into clean UTF-8. Thread-safe, no state.
 */
#ifndef TONEARM_BASE_TEXT_H
#define TONEARM_BASE_TEXT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads decimal digits and nothing else (no sign, space or leading "+") into OUT. False when TEXT is empty,
 * holds another character or exceeds MOST; OUT is then untouched.
 */
bool text_to_u64(const char *text, uint64_t most, uint64_t *out);

/* Whether TEXT is 1 to MOST characters of a-z, 0-9 and -, as what is named by people and stands in URLs. */
bool text_is_word(const char *text, size_t most);

/* The value of a hexadecimal digit of either case, -1 for any other character. */
int text_hex_digit(char c);

/*
 * LENGTH bytes as valid UTF-8 in a new heap string: invalid sequences (also overlong forms and surrogates,
 * RFC 3629) become U+FFFD, control characters (C0 but tab and newline, DEL, C1) are dropped. Never NULL.
 */
char *text_to_utf8(const char *bytes, size_t length);

/* Whether TEXT is valid UTF-8, as JSON takes it. */
bool text_is_utf8(const char *text);

/* Cuts TEXT in place to at most MOST bytes without splitting a UTF-8 sequence. */
void text_cut_utf8(char *text, size_t most);

/*
 * Both in one: TEXT as valid UTF-8 of at most MOST bytes in ARENA. NULL when TEXT is NULL or nothing but space is
 * left of it.
 */
char *text_clean(const char *text, size_t most, struct arena *arena);

#endif
