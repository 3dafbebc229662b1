/* SPDX-License-Identifier: MIT */
/*
 * The words by which the nouns of this room store their states.
 */
#ifndef TONEARM_MODEL_WORDS_H
#define TONEARM_MODEL_WORDS_H

#include <stddef.h>

/* The place of WORD (may be NULL) among COUNT words; -1 when it is none of them. */
int word_find(const char *const *words, size_t count, const char *word);

#endif
