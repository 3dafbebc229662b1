/* SPDX-License-Identifier: MIT */
/*
 * The fourth stage: PCM frames in, encoded packets out, for one rendition. The encoder is that of the rendition's row
 * in conf/profile.h. AAC is FFmpeg's own, profile LC, with its default (two-loop) quantiser search; MP3 is LAME at a
 * constant bit rate; Opus has frames of 20 ms and a variable bit rate, Vorbis an average one; FLAC has blocks of one
 * length, so that segments can be cut at the same instants in all renditions. Lossless ones have 16 or 24 bits, to
 * which what has more is dithered (pack.h).
 *
 * An encoder belongs to one thread at a time.
 */
#ifndef TONEARM_MEDIA_ENCODE_H
#define TONEARM_MEDIA_ENCODE_H

#include "conf/profile.h"

#include <libavcodec/avcodec.h>
#include <stdint.h>

struct encode {
	AVCodecContext *codec;
	AVPacket *packet;
	AVFrame *piece; /* what the codec is given at a time */
	const struct profile *profile;
	uint32_t frame_samples; /* what each frame given must hold, but the last */
	uint32_t priming;       /* encoder delay in samples */
	uint64_t given;         /* samples so far */
};

/*
 * Receives one packet with its times in samples; it is valid during the call. FLAC's last is empty and has a new
 * STREAMINFO as side data. An error ends the encoder's call and is returned by it.
 */
typedef enum err encode_sink(void *context, AVPacket *packet, struct err_info *info);

/*
 * An encoder for RENDITION, which has passed profile_check() and has neither rate nor channels of the source; BITS is
 * 16 or 24. *OUT is owned by the caller (encode_close()), NULL on failure. ERR_UNPROCESSABLE, ERR_NO_MEMORY.
 */
enum err encode_open(const struct conf_rendition *rendition, int bits, struct encode **out, struct err_info *info);

/*
 * FRAME (planar float, stays the caller's), whose first sample is number PLACE of the stream, in the samples that the
 * encoder takes, so that others of its kind need not make them again. Looks at nothing that encode_frame() changes, in
 * whatever thread that runs. *OUT is owned by the caller (av_frame_free()), NULL on failure. ERR_NO_MEMORY.
 */
enum err encode_pack(
	const struct encode *encode, const AVFrame *frame, uint64_t place, AVFrame **out, struct err_info *info);

/*
 * Encodes FRAME (planar float, or from encode_pack(); stays the caller's), NULL at the end, and hands what is ready to
 * SINK.
 */
enum err encode_frame(
	struct encode *encode, const AVFrame *frame, encode_sink *sink, void *context, struct err_info *info);

/* NULL is fine. */
void encode_close(struct encode *encode);

#endif
