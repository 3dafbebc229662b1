/* SPDX-License-Identifier: MIT */
/*
 * The first stage: packets of the one audio stream of a stranger's file. The demuxer is the one that the magic bytes
 * name, never one that FFmpeg guesses; it reads through our own callback from the inherited descriptor and can open
 * nothing else (no protocol, no nested file); its decoders are those of the format's row in a table. Pictures and other
 * streams are thrown away unread.
 *
 * A demuxer belongs to one thread at a time.
 */
#ifndef TONEARM_MEDIA_DEMUX_H
#define TONEARM_MEDIA_DEMUX_H

#include "base/err.h"
#include "media/magic.h"

#include <libavformat/avformat.h>
#include <stdbool.h>

struct demux_input; /* the descriptor behind FFmpeg's reader */

struct demux {
	AVFormatContext *format;
	AVStream *stream;       /* the audio stream, of FORMAT */
	const AVCodec *decoder; /* allowed for this format */
	bool end_known;         /* the container says at which sample the sound ends */
	struct demux_input *input;
};

/*
 * Opens the file behind FD (read with pread() only, stays the caller's) as MAGIC and reads its headers. ERR_UNSUPPORTED
 * for MAGIC_UNKNOWN and for a codec that the format's row does not have; ERR_UNPROCESSABLE for a broken file or one
 * without sound; ERR_NO_MEMORY, ERR_IO. *OUT is owned by the caller (demux_close()), NULL on failure.
 */
enum err demux_open(int fd, enum magic magic, struct demux **out, struct err_info *info);

/*
 * The next packet of the audio stream in PACKET (a reference, the caller's); *END at the end of the file, also when the
 * rest is unreadable.
 */
enum err demux_next(struct demux *demux, AVPacket *packet, bool *end, struct err_info *info);

/*
 * How many samples of a frame that begins at PTS (of the stream's time base) and has SAMPLES at RATE Hz are presented:
 * fewer than SAMPLES for the last frame of an MP4 whose edit list, or whose last sample's duration, ends within it
 * (ISO/IEC 14496-12 sections 8.6.1.2, 8.6.6). FFmpeg takes off whole packets only.
 */
int demux_presented(const struct demux *demux, int64_t pts, int samples, int rate);

/* Bytes of the file. */
int64_t demux_size(const struct demux *demux);

/* NULL is fine. */
void demux_close(struct demux *demux);

#endif
