/* SPDX-License-Identifier: MIT */
/*
 * Title, artist, album, track number and year of a file as clean text: what a stranger's tags hold goes in key by key,
 * as FFmpeg names them, and comes out as valid UTF-8 on one line, bounded in length. No FFmpeg here. Pure.
 */
#ifndef TONEARM_MEDIA_TAGS_H
#define TONEARM_MEDIA_TAGS_H

enum { TAG_BYTES = 512 };

/* A zeroed one is empty: "" and 0 where a file says nothing. */
struct tags {
	char title[TAG_BYTES + 1];
	char artist[TAG_BYTES + 1];
	char album[TAG_BYTES + 1];
	int track; /* 1 to 9999 */
	int year;  /* 1000 to 9999 */
};

/*
 * Takes the tag KEY (any case) of VALUE (NUL-terminated, any bytes; both stay the caller's) if TAGS holds that kind and
 * has none of it yet. Bytes that are not UTF-8 are read as ISO 8859-1, as ID3v1 and RIFF INFO mean them; line breaks
 * become spaces, other control characters go. "3/12" is track 3, "1999-05-01" the year 1999; a number that makes no
 * sense is left out.
 */
void tags_set(struct tags *tags, const char *key, const char *value);

#endif
