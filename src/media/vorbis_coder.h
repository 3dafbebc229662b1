/* SPDX-License-Identifier: MIT */
/*
 * One encoder of libvorbis that goes through a whole stream but encodes only those blocks it is asked for: where the
 * blocks lie, and how long they are, depends on all the sound before, but is found in a small part of the time that
 * their encoding takes. What an encoded block depends on besides is the strongest sound before it, which is forgotten
 * by 6 dB a second. So encoders that share a stream between them give the blocks of one (vorbis_relay.h).
 *
 *     frame ──► lay blocks ──► skip, or encode ──► packet
 *
 * It gives the packets that FFmpeg's "libvorbis" gives for the same rendition, byte by byte (tests/unit/test_relay.c).
 *
 * A coder belongs to one thread at a time.
 */
#ifndef TONEARM_MEDIA_VORBIS_CODER_H
#define TONEARM_MEDIA_VORBIS_CODER_H

#include "base/err.h"
#include "conf/profile.h"

#include <libavcodec/packet.h>
#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

struct vorbis_coder;

/*
 * A coder for RENDITION of one or two channels, see encode_open(). *OUT is owned by the caller (vorbis_coder_close()),
 * NULL on failure. ERR_UNPROCESSABLE, ERR_NO_MEMORY.
 */
enum err vorbis_coder_open(const struct conf_rendition *rendition, struct vorbis_coder **out, struct err_info *info);

/* FRAME (planar float, stays the caller's) comes next; NULL: the stream ends. All blocks before have been taken. */
void vorbis_coder_frame(struct vorbis_coder *coder, const AVFrame *frame);

/*
 * Lays the next block; false when that needs more sound. *PLACE is how many samples of the stream are whole with it,
 * *NEXT the same of the one after.
 */
bool vorbis_coder_block(struct vorbis_coder *coder, int64_t *place, int64_t *next);

/* The packet of the block that was laid last; *OUT is the caller's. ERR_NO_MEMORY, ERR_UNPROCESSABLE. */
enum err vorbis_coder_encode(struct vorbis_coder *coder, AVPacket **out, struct err_info *info);

/* The samples that the first packet is said to have before the stream begins. */
int64_t vorbis_coder_priming(const struct vorbis_coder *coder);

/* NULL is fine. */
void vorbis_coder_close(struct vorbis_coder *coder);

#endif
