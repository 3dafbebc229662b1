/* SPDX-License-Identifier: MIT */
/*
 * Comments of Vorbis, Opus and FLAC (Vorbis I section 5, RFC 7845 section 5.2, RFC 9639 section 8.6) changed in the
 * head of a file, which is in memory, without a byte more or less. Pure.
 */
#ifndef TONEARM_MEDIA_GAIN_COMMENT_H
#define TONEARM_MEDIA_GAIN_COMMENT_H

#include "media/gain_text.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * HEAD are the first LENGTH bytes of the file. TEXT NULL: nothing is told. In Ogg the comment GAIN_FILE_HOLDER becomes
 * what is told and padding, and the checksums of its pages are made anew; in FLAC room comes from the PADDING block.
 * False when the file is not built so or there is too little room; HEAD is then untouched.
 */
bool gain_comment_ogg(unsigned char *head, size_t length, const struct gain_text *text);
bool gain_comment_flac(unsigned char *head, size_t length, const struct gain_text *text);

#endif
