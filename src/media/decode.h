/* SPDX-License-Identifier: MIT */
/*
 * The second stage: packets in, PCM frames out, with encoder delay and padding already taken off by FFmpeg where the
 * container tells them. Broken packets are stepped over, as players do; how many there were is counted, so that the
 * pipeline can judge.
 *
 * A decoder belongs to one thread.
 */
#ifndef TONEARM_MEDIA_DECODE_H
#define TONEARM_MEDIA_DECODE_H

#include "media/demux.h"

#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <stdint.h>

/* Sees PACKET before it is decoded. An error ends decode_next() and is returned by it. */
typedef enum err decode_tap(void *context, const AVPacket *packet, struct err_info *info);

struct decode {
	struct demux *demux; /* not owned */
	decode_tap *tap;     /* NULL, or set by the owner before the first frame, with its context */
	void *tap_context;
	AVCodecContext *codec;
	AVPacket *packet;
	bool draining;
	unsigned barren;  /* packets since one gave sound */
	int sample_rate;  /* of the first frame; later ones have the same */
	uint64_t samples; /* yielded so far, a channel */
	uint64_t packets, bad_packets;
	uint64_t bad_samples; /* of all channels */
};

/*
 * A decoder for the stream of DEMUX, which must outlive it. *OUT is owned by the caller (decode_close()), NULL on
 * failure.
 */
enum err decode_open(struct demux *demux, struct decode **out, struct err_info *info);

/*
 * The next frame in FRAME (a reference, the caller's), never an empty one; *END when there is none. ERR_UNPROCESSABLE
 * when the file goes on without ever giving sound, or changes its rate; ERR_NO_MEMORY, ERR_IO.
 */
enum err decode_next(struct decode *decode, AVFrame *frame, bool *end, struct err_info *info);

/* NULL is fine. */
void decode_close(struct decode *decode);

#endif
