/* SPDX-License-Identifier: MIT */
#include "media/mux_tags.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_BYTES = 32, CHAPTER_TEXT = 64 };

/* "3", or "3/12"; nothing when NUMBER is 0. */
static int set_number(AVDictionary **to, const char *key, int number, int of)
{
	char text[NUMBER_BYTES];

	if (number == 0)
		return 0;
	snprintf(text, sizeof text, of > 0 ? "%d/%d" : "%d", number, of);
	return av_dict_set(to, key, text, 0);
}

/* By FFmpeg's names, which each muxer turns into those of its container. */
static int set_texts(AVDictionary **to, const struct tags *tags, const char *lyrics, const char *isrc)
{
	const struct {
		const char *key, *value;
	} texts[] = {{"title", tags->title}, {"artist", tags->artist}, {"album", tags->album},
		{"album_artist", tags->album_artist}, {"composer", tags->composer}, {"genre", tags->genre},
		{"comment", tags->comment}, {"copyright", tags->copyright}, {"publisher", tags->publisher},
		{"language", tags->language}, {lyrics, tags->lyrics}, {isrc, tags->isrc}};
	int code = 0;

	for (size_t i = 0; code >= 0 && i < sizeof texts / sizeof *texts; i++) {
		if (texts[i].key != NULL && texts[i].value[0] != '\0')
			code = av_dict_set(to, texts[i].key, texts[i].value, 0);
	}
	if (code >= 0)
		code = set_number(to, "track", tags->track, tags->tracks);
	if (code >= 0)
		code = set_number(to, "disc", tags->disc, tags->discs);
	if (code >= 0 && tags_date(tags) != NULL)
		return av_dict_set(to, "date", tags_date(tags), 0);
	return code >= 0 ? set_number(to, "date", tags->year, 0) : code;
}

/* As FFmpeg writes them with Opus; with Vorbis and FLAC its muxers leave them out. */
static int set_chapter_comments(AVDictionary **to, const struct tags *tags)
{
	int code = 0;

	for (size_t i = 0; code >= 0 && i < tags->chapter_count; i++) {
		const struct tag_chapter *chapter = &tags->chapters[i];
		int s = (int)(chapter->start_ms / 1000);
		char key[CHAPTER_TEXT], time[CHAPTER_TEXT];

		snprintf(key, sizeof key, "CHAPTER%03zu", i);
		snprintf(time, sizeof time, "%02d:%02d:%02d.%03d", s / 3600, s / 60 % 60, s % 60,
			(int)(chapter->start_ms % 1000));
		code = av_dict_set(to, key, time, 0);
		snprintf(key, sizeof key, "CHAPTER%03zuNAME", i);
		if (code >= 0 && chapter->title[0] != '\0')
			code = av_dict_set(to, key, chapter->title, 0);
	}
	return code;
}

static int set_chapters(AVFormatContext *format, const struct tags *tags)
{
	int code = 0;

	if (tags->chapter_count == 0)
		return 0;
	format->chapters = av_calloc(tags->chapter_count, sizeof *format->chapters);
	for (size_t i = 0; code >= 0 && i < tags->chapter_count; i++) {
		const struct tag_chapter *from = &tags->chapters[i];
		AVChapter *chapter = format->chapters != NULL ? av_mallocz(sizeof *chapter) : NULL;

		if (chapter == NULL)
			return AVERROR(ENOMEM);
		format->chapters[format->nb_chapters++] = chapter;
		chapter->id = (int64_t)i;
		chapter->time_base = (AVRational){1, 1000};
		chapter->start = from->start_ms;
		chapter->end = from->end_ms;
		if (from->title[0] != '\0')
			code = av_dict_set(&chapter->metadata, "title", from->title, 0);
	}
	return code;
}

int mux_tags_set(AVFormatContext *format, const struct tags *tags)
{
	const char *name = format->oformat->name;
	bool id3 = strcmp(name, "mp3") == 0, riff = strcmp(name, "wav") == 0;
	/* ID3 has a frame of its own for lyrics (id3.h), RIFF INFO no place for them, and its ISRC is a source. */
	const char *lyrics = id3 || riff ? NULL : "lyrics", *isrc = id3 ? "TSRC" : riff ? NULL : "ISRC";
	int code = set_texts(&format->metadata, tags, lyrics, isrc);

	if (code < 0 || riff)
		return code;
	return id3 ? set_chapters(format, tags) : set_chapter_comments(&format->metadata, tags);
}
