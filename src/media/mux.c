/* SPDX-License-Identifier: MIT */
#include "media/mux.h"

#include "media/averror.h"
#include "media/io.h"
#include "media/gain_file.h"
#include "media/write_at.h"

#include <libavformat/avformat.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IO_BYTES = 1 << 16, NUMBER_BYTES = 32, CHAPTER_TEXT = 64 };

struct mux {
	struct io_place place; /* first: see media/io.h */
	AVFormatContext *format;
	AVRational time_base;    /* of the packets that come */
	struct err_info failure; /* why the descriptor could not be written */
	bool begun, gain_room;
};

static int write_output(void *opaque, uint8_t *bytes, int length)
{
	struct mux *mux = opaque;

	if (write_at(mux->place.fd, (uint64_t)mux->place.at, bytes, (size_t)length, &mux->failure) != ERR_OK)
		return AVERROR(EIO);
	mux->place.at += length;
	if (mux->place.at > mux->place.size)
		mux->place.size = mux->place.at;
	return length;
}

/* "3", or "3/12"; nothing when NUMBER is 0. */
static int set_number(AVDictionary **to, const char *key, int number, int of)
{
	char text[NUMBER_BYTES];

	if (number == 0)
		return 0;
	snprintf(text, sizeof text, of > 0 ? "%d/%d" : "%d", number, of);
	return av_dict_set(to, key, text, 0);
}

/* By FFmpeg's names, which each muxer turns into those of its container, but for ISRC, for which it has none. */
static int set_tags(AVDictionary **to, const struct tags *tags, const char *isrc)
{
	const struct {
		const char *key, *value;
	} texts[] = {{"title", tags->title}, {"artist", tags->artist}, {"album", tags->album},
		{"album_artist", tags->album_artist}, {"composer", tags->composer}, {"genre", tags->genre},
		{"comment", tags->comment}, {"copyright", tags->copyright}, {"publisher", tags->publisher},
		{"language", tags->language}, {"lyrics", tags->lyrics}, {isrc, tags->isrc}};
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

/* NULL: no place for it. RIFF INFO has an ISRC, which is a source. */
static const char *isrc_key(const char *format)
{
	if (strcmp(format, "mp3") == 0)
		return "TSRC";
	return strcmp(format, "wav") == 0 ? NULL : "ISRC";
}

static int open_format(struct mux *mux, const char *name, const AVCodecContext *codec, const struct tags *tags)
{
	unsigned char *buffer = NULL;
	AVStream *stream;
	int code = avformat_alloc_output_context2(&mux->format, NULL, name, NULL);

	if (code < 0)
		return code;
	buffer = av_malloc(IO_BYTES);
	stream = avformat_new_stream(mux->format, NULL);
	if (buffer != NULL)
		mux->format->pb = avio_alloc_context(buffer, IO_BYTES, 1, mux, NULL, write_output, io_seek);
	if (mux->format->pb == NULL || stream == NULL) {
		if (mux->format->pb == NULL)
			av_free(buffer);
		return AVERROR(ENOMEM);
	}
	mux->format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
	mux->format->io_open = io_open_nothing;
	stream->time_base = codec->time_base;
	code = avcodec_parameters_from_context(stream->codecpar, codec);
	if (code >= 0)
		code = set_tags(&mux->format->metadata, tags, isrc_key(name));
	if (code >= 0)
		code = strcmp(name, "mp3") == 0 ? set_chapters(mux->format, tags)
						: set_chapter_comments(&mux->format->metadata, tags);
	return code;
}

/* What gain_file_write() will find its place in; FLAC's muxer leaves more than enough by itself. */
static int leave_room(struct mux *mux, const char *name, AVDictionary **options)
{
	char holder[GAIN_FILE_OGG_ROOM + 1];

	if (strcmp(name, "mp3") == 0)
		mux->format->metadata_header_padding = GAIN_FILE_ROOM;
	if (strcmp(name, "wav") == 0)
		return av_dict_set(options, "write_bext", "1", 0);
	if (strcmp(name, "ogg") != 0)
		return 0;
	memset(holder, 'x', GAIN_FILE_OGG_ROOM);
	holder[GAIN_FILE_OGG_ROOM] = '\0';
	return av_dict_set(&mux->format->metadata, GAIN_FILE_HOLDER, holder, 0);
}

/* An MP3 file whose delay is not known has no Xing frame: readers would take it for one of 529 samples. */
static int begin(struct mux *mux, const char *name, const AVCodecContext *codec)
{
	AVDictionary *options = NULL;
	int code = 0;

	if (strcmp(name, "wav") == 0)
		code = av_dict_set(&options, "rf64", "auto", 0);
	/* Half a second: FFmpeg's reader cannot tell the length of Vorbis that fits on one page. */
	if (strcmp(name, "ogg") == 0)
		code = av_dict_set(&options, "page_duration", "500000", 0);
	if (strcmp(name, "mp3") == 0)
		code = av_dict_set(&options, "id3v2_version", "3", 0); /* what all players read */
	if (strcmp(name, "mp3") == 0 && codec->initial_padding == 0)
		code = av_dict_set(&options, "write_xing", "0", 0);
	if (code >= 0 && mux->gain_room)
		code = leave_room(mux, name, &options);
	if (code >= 0)
		code = avformat_write_header(mux->format, &options);
	av_dict_free(&options);
	mux->begun = code >= 0;
	return code;
}

static enum err judge(const struct mux *mux, int code, struct err_info *info)
{
	if (mux->failure.code != ERR_OK) {
		*info = mux->failure;
		return info->code;
	}
	return code >= 0 ? ERR_OK : averror_set(info, code, "a rendition cannot be written");
}

enum err mux_open(const char *name, const AVCodecContext *codec, const struct tags *tags, bool gain_room, int fd,
	struct mux **out, struct err_info *info)
{
	struct mux *mux = calloc(1, sizeof *mux);
	enum err err;
	int code;

	*out = NULL;
	if (mux == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory to write a rendition");
	mux->place.fd = fd;
	mux->gain_room = gain_room;
	mux->time_base = codec->time_base;
	code = open_format(mux, name, codec, tags);
	if (code >= 0)
		code = begin(mux, name, codec);
	err = judge(mux, code, info);
	if (err != ERR_OK)
		mux_close(mux);
	else
		*out = mux;
	return err;
}

enum err mux_packet(struct mux *mux, AVPacket *packet, struct err_info *info)
{
	packet->stream_index = 0;
	av_packet_rescale_ts(packet, mux->time_base, mux->format->streams[0]->time_base);
	return judge(mux, av_write_frame(mux->format, packet), info);
}

enum err mux_finish(struct mux *mux, const struct loudness *loudness, struct err_info *info)
{
	int code = av_write_trailer(mux->format);
	enum err err;

	mux->begun = false;
	avio_flush(mux->format->pb);
	err = judge(mux, code, info);
	if (err == ERR_OK && mux->gain_room)
		err = gain_file_write(mux->place.fd, mux->format->oformat->name, loudness, info);
	return err;
}

void mux_close(struct mux *mux)
{
	if (mux == NULL)
		return;
	if (mux->begun) /* frees what the muxer holds; what it writes nobody reads */
		av_write_trailer(mux->format);
	if (mux->format != NULL) {
		if (mux->format->pb != NULL)
			av_freep(&mux->format->pb->buffer);
		avio_context_free(&mux->format->pb);
		avformat_free_context(mux->format);
	}
	free(mux);
}
