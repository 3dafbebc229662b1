/* SPDX-License-Identifier: MIT */
/*
 * What a file says of itself, clean: a stranger's tags go in key by key, as FFmpeg names them whatever the system (ID3,
 * Vorbis comments, MP4, RIFF INFO and bext), or as an APE tag has them, and come out as valid UTF-8 on one line (lyrics
 * keep theirs), bounded in length and number.
 *
 *     tags_set(), tags_add_chapter(), ape_read() ──► struct tags ──tags_json()──► the worker's report
 *                                                         ▲                           │
 *                                          what is stored └──tags_read(), checked ────┘
 *
 * No FFmpeg here. Pure.
 */
#ifndef TONEARM_MEDIA_TAGS_H
#define TONEARM_MEDIA_TAGS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { TAG_BYTES = 512, TAG_LYRICS_BYTES = 16384, TAG_CHAPTERS = 200, TAG_CHAPTER_BYTES = 128 };

struct tag_chapter {
	int64_t start_ms, end_ms;
	char title[TAG_CHAPTER_BYTES + 1];
};

/* A zeroed one is empty: "" and 0 where a file says nothing. */
struct tags {
	char title[TAG_BYTES + 1];
	char artist[TAG_BYTES + 1];
	char album[TAG_BYTES + 1];
	char album_artist[TAG_BYTES + 1];
	char composer[TAG_BYTES + 1];
	char genre[TAG_BYTES + 1];
	char comment[TAG_BYTES + 1];
	char copyright[TAG_BYTES + 1];
	char publisher[TAG_BYTES + 1];
	char isrc[TAG_BYTES + 1];
	char language[TAG_BYTES + 1];
	char date[TAG_BYTES + 1]; /* as the file writes it */
	int track, tracks;        /* 1 to 9999 */
	int disc, discs;
	int year; /* 1000 to 9999 */
	char lyrics[TAG_LYRICS_BYTES + 1];
	struct tag_chapter chapters[TAG_CHAPTERS];
	size_t chapter_count;
};

/*
 * Takes the tag KEY (any case) of VALUE (NUL-terminated, any bytes; both stay the caller's) if TAGS holds that kind and
 * has none of it yet. Bytes that are not UTF-8 are read as ISO 8859-1, as ID3v1 and RIFF INFO mean them; line breaks
 * become spaces, other control characters go. "3/12" is track 3 of 12, "1999-05-01" the year 1999; a number that makes
 * no sense is left out.
 */
void tags_set(struct tags *tags, const char *key, const char *value);

/* Puts the texts and numbers that OVER has in the place of those of TAGS. */
void tags_prefer(struct tags *tags, const struct tags *over);

/* The whole date where it begins with the year of TAGS, which may be another's than the file's; else NULL. */
const char *tags_date(const struct tags *tags);

/* Adds a chapter unless there are TAG_CHAPTERS or its times make no sense; TITLE may be NULL. */
void tags_add_chapter(struct tags *tags, int64_t start_ms, int64_t end_ms, const char *title);

/*
 * {"title", "artist", "album", "album_artist", "composer", "genre", "comment", "copyright", "publisher", "isrc",
 * "language", "date", "track", "tracks", "disc", "discs", "year", "lyrics", "chapters": [{"start_ms", "end_ms",
 * "title"?}]}: a member for each thing that is known. A new reference.
 */
json_t *tags_json(const struct tags *tags);

/* What tags_json() wrote, or somebody else: values of another type, range or cleanliness are left out or cleaned. */
void tags_read(const json_t *object, struct tags *out);

#endif
