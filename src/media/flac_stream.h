/* SPDX-License-Identifier: MIT */
/*
 * FLAC frames of several encoders as one stream (RFC 9639). They depend on nothing but their own samples, but each
 * encoder counts its frames from 0, and knows length, checksum and the sizes of frames of its own part only:
 *
 *     frame of an encoder ──flac_frame_number()──► frame of the stream ──flac_whole_frame()─┐
 *     samples of the stream ──flac_whole_sound()────────────────────────────────────────────┴─► STREAMINFO
 *
 * Numbering is pure and thread-safe; a whole belongs to one thread.
 */
#ifndef TONEARM_MEDIA_FLAC_STREAM_H
#define TONEARM_MEDIA_FLAC_STREAM_H

#include "base/err.h"

#include <libavutil/frame.h>
#include <libavutil/md5.h>
#include <stddef.h>
#include <stdint.h>

/* Of STREAMINFO; the most that a frame grows when it is numbered; what numbers of frames are below. */
enum { FLAC_STREAMINFO_BYTES = 34, FLAC_FRAME_GROWTH = 5 };
#define FLAC_FRAMES_MOST (UINT32_C(1) << 31)

/*
 * Writes FRAME of SIZE bytes, whose blocks are of a fixed size (section 9.1), to OUT, which has room for
 * FLAC_FRAME_GROWTH more, with NUMBER, below FLAC_FRAMES_MOST, and with checksums that are right. Returns its size, 0
 * when FRAME is none.
 */
size_t flac_frame_number(const uint8_t *frame, size_t size, uint32_t number, uint8_t *out);

/* What STREAMINFO tells of the whole stream (section 8.2). */
struct flac_whole {
	struct AVMD5 *md5;
	uint64_t samples;
	uint32_t least, most; /* bytes of a frame */
};

/* Of nothing so far. ERR_NO_MEMORY. Free it with flac_whole_free(). */
enum err flac_whole_init(struct flac_whole *whole, struct err_info *info);

/* The next samples, as an encoder takes them: FRAME has AV_SAMPLE_FMT_S16, or 24 bits in AV_SAMPLE_FMT_S32. */
void flac_whole_sound(struct flac_whole *whole, const AVFrame *frame);

/* The next frame, of SIZE bytes. */
void flac_whole_frame(struct flac_whole *whole, size_t size);

/* The end: puts what is known now into STREAMINFO, FLAC_STREAMINFO_BYTES of one of the encoders. */
void flac_whole_finish(struct flac_whole *whole, uint8_t *streaminfo);

/* A zeroed one is fine. */
void flac_whole_free(struct flac_whole *whole);

#endif
