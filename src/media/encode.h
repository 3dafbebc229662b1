/* SPDX-License-Identifier: MIT */
/*
 * The fourth stage: PCM frames in, encoded frames out, for one rendition. The codec is a row of a table. AAC is
 * FFmpeg's own encoder, profile LC, with its default (two-loop) quantiser search.
 *
 * An encoder belongs to one thread at a time.
 */
#ifndef TONEARM_MEDIA_ENCODE_H
#define TONEARM_MEDIA_ENCODE_H

#include "conf/conf.h"
#include "package/cmaf.h"

#include <libavcodec/avcodec.h>
#include <stdint.h>

struct encode {
	AVCodecContext *codec;
	AVPacket *packet;
	enum cmaf_codec kind;
	uint32_t frame_samples; /* what each frame but the last must hold */
	uint32_t priming;       /* encoder delay in samples */
};

/* Receives one encoded frame; BYTES are valid during the call. An error ends the encoder's call and is returned by it. */
typedef enum err encode_sink(void *context, const void *bytes, size_t length, struct err_info *info);

/*
 * An encoder for RENDITION, which has passed profile_check(). *OUT is owned by the caller (encode_close()), NULL on
 * failure. ERR_UNPROCESSABLE, ERR_NO_MEMORY.
 */
enum err encode_open(const struct conf_rendition *rendition, struct encode **out, struct err_info *info);

/* Encodes FRAME (planar float, stays the caller's), NULL at the end, and hands what is ready to SINK. */
enum err encode_frame(
	struct encode *encode, const AVFrame *frame, encode_sink *sink, void *context, struct err_info *info);

/* NULL is fine. */
void encode_close(struct encode *encode);

#endif
