/* SPDX-License-Identifier: MIT */
#include "media/mux.h"

#include "media/averror.h"
#include "media/io.h"
#include "media/gain_file.h"
#include "media/id3.h"
#include "media/mux_tags.h"
#include "media/write_at.h"

#include <libavformat/avformat.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { IO_BYTES = 1 << 16 };

struct mux {
	struct io_place place; /* first: see media/io.h */
	AVFormatContext *format;
	AVRational time_base;    /* of the packets that come */
	struct err_info failure; /* why the descriptor could not be written */
	struct buf id3;          /* a tag beside what the muxer writes; empty: none */
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
	return code >= 0 ? mux_tags_set(mux->format, tags) : code;
}

/* What gain_file_write() will find its place in; FLAC's muxer leaves more than enough by itself. */
static int leave_room(struct mux *mux, const char *name, AVDictionary **options)
{
	char holder[GAIN_FILE_OGG_ROOM + 1];

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
		code = av_dict_set(&options, "id3v2_version", "0", 0); /* it is there already */
	if (strcmp(name, "mp3") == 0 && codec->initial_padding == 0)
		code = av_dict_set(&options, "write_xing", "0", 0);
	if (code >= 0 && mux->gain_room)
		code = leave_room(mux, name, &options);
	if (code >= 0 && strcmp(name, "mp3") == 0)
		avio_write(mux->format->pb, (const unsigned char *)mux->id3.data, (int)mux->id3.length);
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
	buf_init(&mux->id3, ID3_MOST);
	code = open_format(mux, name, codec, tags);
	err = judge(mux, code, info);
	if (err == ERR_OK && (strcmp(name, "mp3") == 0 || strcmp(name, "wav") == 0))
		err = id3_make(tags, gain_room ? GAIN_FILE_ROOM : 0, &mux->id3, info);
	if (err == ERR_OK)
		err = judge(mux, begin(mux, name, codec), info);
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
	if (err == ERR_OK && strcmp(mux->format->oformat->name, "wav") == 0)
		err = id3_append_chunk(mux->place.fd, &mux->id3, info);
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
	buf_free(&mux->id3);
	free(mux);
}
