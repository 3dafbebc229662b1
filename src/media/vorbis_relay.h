/* SPDX-License-Identifier: MIT */
/*
 * The relay (relay.h) for Vorbis, whose blocks are of two lengths: encoders that did not begin together would lay them
 * on different grids, which need not meet. So each goes through the whole stream from its start, lays all blocks, which
 * takes it little time, and encodes those of the spans that are its own, by turns, and a few before (vorbis_coder.h):
 *
 *     span       0         1         2         3
 *     coder 0 ═════════ ······░░ ═════════ ······░░     ═ encodes   ░ encodes to settle, and drops that
 *     coder 1 ······░░ ═════════ ······░░ ═════════     · lays blocks alone
 *
 * They are the packets of one encoder, byte by byte, unless the sound has fallen by more than 9 dB within the second and
 * a half before a span: the strongest sound before is then one that its coder has not encoded, and it encodes as one
 * that begins there would, for as long as the other is remembered.
 *
 * A relay belongs to one thread.
 */
#ifndef TONEARM_MEDIA_VORBIS_RELAY_H
#define TONEARM_MEDIA_VORBIS_RELAY_H

#include "media/encode.h"

struct vorbis_relay;

/*
 * A relay of CODERS for RENDITION, of which a frame holds FRAME samples at most. *OUT is owned by the caller
 * (vorbis_relay_close()), NULL on failure. As vorbis_coder_open(), and ERR_NO_MEMORY.
 */
enum err vorbis_relay_open(const struct conf_rendition *rendition, uint32_t frame, size_t coders,
	struct vorbis_relay **out, struct err_info *info);

/* As relay_frame(). */
enum err vorbis_relay_frame(
	struct vorbis_relay *relay, const AVFrame *frame, encode_sink *sink, void *context, struct err_info *info);

/* Ends the threads if they still run. NULL is fine. */
void vorbis_relay_close(struct vorbis_relay *relay);

#endif
