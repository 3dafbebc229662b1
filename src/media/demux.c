/* SPDX-License-Identifier: MIT */
#include "media/demux.h"

#include "media/averror.h"
#include "media/io.h"

#include <errno.h>
#include <libavutil/avstring.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	IO_BYTES = 1 << 15,
	PROBE_BYTES = 5 << 20,
	ANALYSE_US = 5 * 1000000,
	STREAMS_MOST = 16,
	/*
	 * A demuxer that reads the file so many times over is going round in circles. Seeks in badly interleaved files
	 * read each block a few times.
	 */
	READS_MOST = 64,
	READS_EXTRA = 64 << 20,
	/* No size is taken at its word that a file states and does not have: the index of three days of AAC takes as much. */
	BLOCK_MOST = 256 << 20
};

struct demux_input {
	struct io_place place; /* first: see media/io.h */
	int64_t left;         /* bytes it may still read */
	bool failed;  /* the descriptor, not the file's content */
};

#define PCM_LITTLE "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le"
#define PCM_BIG "pcm_s8,pcm_s16be,pcm_s24be,pcm_s32be,pcm_f32be,pcm_f64be"

static const struct {
	const char *demuxer;
	const char *decoders;
} formats[MAGIC_COUNT] = {
	[MAGIC_MP3] = {"mp3", "mp3float,mp3"},
	[MAGIC_AAC] = {"aac", "aac"},
	[MAGIC_MP4] = {"mp4", "aac,alac"},
	[MAGIC_FLAC] = {"flac", "flac"},
	[MAGIC_OGG] = {"ogg", "vorbis,opus,flac"},
	[MAGIC_WAV] = {"wav", PCM_LITTLE},
	[MAGIC_RF64] = {"wav", PCM_LITTLE},
	[MAGIC_W64] = {"w64", PCM_LITTLE},
	[MAGIC_AIFF] = {"aiff", PCM_BIG ",pcm_s16le"},
	[MAGIC_WEBM] = {"webm", "vorbis,opus"},
};

static int read_input(void *opaque, uint8_t *bytes, int size)
{
	struct demux_input *input = opaque;
	ssize_t n = pread(input->place.fd, bytes, (size_t)size, input->place.at);

	if (n < 0) {
		input->failed = true;
		return AVERROR(EIO);
	}
	if (n == 0)
		return AVERROR_EOF;
	input->place.at += n;
	input->left -= n;
	return input->left < 0 ? AVERROR_INVALIDDATA : (int)n;
}

static enum err open_input(struct demux *demux, int fd, struct err_info *info)
{
	struct demux_input *input = calloc(1, sizeof *input);
	unsigned char *buffer = av_malloc(IO_BYTES);

	demux->input = input;
	demux->format = avformat_alloc_context();
	if (input == NULL || buffer == NULL || demux->format == NULL ||
		(demux->format->pb = avio_alloc_context(buffer, IO_BYTES, 0, input, read_input, NULL, io_seek)) ==
			NULL) {
		av_free(buffer);
		return err_set(info, ERR_NO_MEMORY, "no memory to open the file");
	}
	demux->format->flags |= AVFMT_FLAG_CUSTOM_IO;
	input->place.fd = fd;
	input->place.size = lseek(fd, 0, SEEK_END);
	if (input->place.size < 0)
		return err_set_errno(info, ERR_IO, errno, "the source cannot be read");
	if (input->place.size == 0)
		return err_set(info, ERR_UNPROCESSABLE, "the file is empty: upload it again");
	input->left = READS_EXTRA +
		      (input->place.size > INT64_MAX / READS_MOST - READS_EXTRA ? INT64_MAX / 2
								       : input->place.size * READS_MOST);
	return ERR_OK;
}

static enum err open_format(struct demux *demux, enum magic magic, struct err_info *info)
{
	AVFormatContext *format = demux->format;
	AVIOContext *io = format->pb;
	const AVInputFormat *demuxer;
	int code;

	if (magic == MAGIC_UNKNOWN)
		return magic_refuse(info);
	demuxer = av_find_input_format(formats[magic].demuxer);
	if (demuxer == NULL)
		return err_set(info, ERR_UNSUPPORTED, "the FFmpeg library here cannot read %s", magic_name(magic));
	format->io_open = io_open_nothing;
	format->max_streams = STREAMS_MOST;
	format->probesize = PROBE_BYTES;
	format->max_analyze_duration = ANALYSE_US;
	format->protocol_whitelist = av_strdup("");
	format->format_whitelist = av_strdup(demuxer->name);
	format->codec_whitelist = av_strdup(formats[magic].decoders);
	if (format->protocol_whitelist == NULL || format->format_whitelist == NULL || format->codec_whitelist == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory to open the file");
	av_max_alloc(BLOCK_MOST);
	/* On failure it frees the context but not our reader. */
	code = avformat_open_input(&demux->format, NULL, demuxer, NULL);
	if (code < 0) {
		av_freep(&io->buffer);
		avio_context_free(&io);
		return averror_set(info, code, "the file is damaged, upload it again: it cannot be opened");
	}
	for (unsigned i = 0; i < format->nb_streams; i++) {
		if (format->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
			format->streams[i]->discard = AVDISCARD_ALL;
	}
	code = avformat_find_stream_info(format, NULL);
	return code < 0 ? averror_set(info, code, "the file is damaged, upload it again: its headers cannot be read")
			: ERR_OK;
}

static enum err choose_stream(struct demux *demux, enum magic magic, struct err_info *info)
{
	AVFormatContext *format = demux->format;
	int index = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
	const AVCodec *decoder;

	if (index < 0)
		return err_set(info, ERR_UNPROCESSABLE, "there is no sound in the file: upload one that has some");
	demux->stream = format->streams[index];
	decoder = avcodec_find_decoder(demux->stream->codecpar->codec_id);
	if (decoder == NULL || av_match_list(decoder->name, formats[magic].decoders, ',') <= 0)
		return err_set(info, ERR_UNSUPPORTED,
			"sound coded as %s in a file of the format %s is not taken: convert it to FLAC and upload that",
			avcodec_get_name(demux->stream->codecpar->codec_id), magic_name(magic));
	demux->decoder = decoder;
	demux->end_known = magic == MAGIC_MP4;
	for (unsigned i = 0; i < format->nb_streams; i++)
		format->streams[i]->discard = (int)i == index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
	return ERR_OK;
}

enum err demux_open(int fd, enum magic magic, struct demux **out, struct err_info *info)
{
	struct demux *demux = calloc(1, sizeof *demux);
	enum err err;

	*out = NULL;
	if (demux == NULL)
		return err_set(info, ERR_NO_MEMORY, "no memory to open the file");
	err = open_input(demux, fd, info);
	if (err == ERR_OK)
		err = open_format(demux, magic, info);
	if (err == ERR_OK)
		err = choose_stream(demux, magic, info);
	if (err != ERR_OK) {
		demux_close(demux);
		return err;
	}
	*out = demux;
	return ERR_OK;
}

enum err demux_next(struct demux *demux, AVPacket *packet, bool *end, struct err_info *info)
{
	*end = false;
	for (;;) {
		int code = av_read_frame(demux->format, packet);

		if (demux->input->failed)
			return err_set(info, ERR_IO, "the source cannot be read");
		if (code == AVERROR(ENOMEM))
			return averror_set(info, code, "the file cannot be read");
		if (code < 0) {
			*end = true;
			return ERR_OK;
		}
		if (packet->stream_index == demux->stream->index)
			return ERR_OK;
		av_packet_unref(packet);
	}
}

/* The time stamp of the last packet that is presented; AV_NOPTS_VALUE when there is no index to tell. */
static int64_t last_presented(const struct demux *demux)
{
	int count = avformat_index_get_entries_count(demux->stream);

	while (count > 0) {
		const AVIndexEntry *entry = avformat_index_get_entry(demux->stream, --count);

		if ((entry->flags & AVINDEX_DISCARD_FRAME) == 0)
			return entry->timestamp;
	}
	return AV_NOPTS_VALUE;
}

int demux_presented(const struct demux *demux, int64_t pts, int samples, int rate)
{
	const AVStream *stream = demux->stream;
	int64_t left;

	if (!demux->end_known || pts == AV_NOPTS_VALUE || stream->duration <= 0 || pts != last_presented(demux))
		return samples;
	left = av_rescale_q(stream->duration - pts, stream->time_base, (AVRational){1, rate});
	return left > 0 && left < samples ? (int)left : samples;
}

int64_t demux_size(const struct demux *demux)
{
	return demux->input->place.size;
}

void demux_close(struct demux *demux)
{
	AVIOContext *io;

	if (demux == NULL)
		return;
	if (demux->format != NULL) {
		io = demux->format->pb;
		avformat_close_input(&demux->format);
		if (io != NULL) {
			av_freep(&io->buffer);
			avio_context_free(&io);
		}
	}
	free(demux->input);
	free(demux);
}
