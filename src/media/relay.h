/* SPDX-License-Identifier: MIT */
/*
 * One stream by encoders that relieve each other, so that a rendition which is the only one, or takes longer than all
 * others together, keeps all cores busy instead of one. The sound is cut into spans; each has an encoder and a thread
 * of its own, some of them at a time. An encoder begins a little before its span, so that it has settled when it takes
 * over, and goes on a little beyond it:
 *
 *     frames   ├────────── span 0 ──────────┼────────── span 1 ──────────┼── ...
 *     encoder 0 ═══════════════════════════════╗
 *     encoder 1                       ░░░░╚═════════════════════════════════╗
 *                               settling  └┬┘ here it takes over
 *
 * It takes over at the first frame that fits, in the stretch that both have encoded (seam.h). What that means depends
 * on the codec:
 *
 * AAC     Both have the same window before it (aac_window.h): the halves of the two frames at the seam then belong
 *         together, as AAC-LC frames depend on nothing else of their neighbours. Where there is no such frame, it takes
 *         over at the last one.
 * MP3     The same, and the new frame reaches no further back into the bit reservoir than the one whose place it takes,
 *         so that there is room for what it needs there (mp3_stream.h). LAME gives a granule the more bits the harder it
 *         is than those of the half second around it: so the new encoder begins with silence, spends what it has when
 *         the sound sets in, and has the same measure as the old one, but less in its reservoir, when it has settled.
 *         Where there is no such frame all the same, the old encoder goes on with the next span, too.
 * Opus    All frames are alike: from 64 kbit/s on libopus never leaves CELT. What a decoder remembers besides the
 *         overlap, the energies that the next ones are predicted from above all, is that of the sound, and so nearly
 *         the same with both encoders once the new one has settled; what is not fades within 80 ms (RFC 7845 section
 *         4.6). Below, encoders that did not begin together change modes at different times, and cannot.
 * FLAC    Frames depend on nothing: the stream is that of one encoder, bit by bit, when its frames are numbered and
 *         its STREAMINFO tells of the whole (flac_stream.h). The frame before its span an encoder has only to see that
 *         a short one is short. (Frames that become no smaller are stored as they are; one that is within two bytes of
 *         that, as noise at full scale may be, can be decided on otherwise while its number is shorter.)
 * Vorbis  Its blocks have two lengths, so that it is told apart: vorbis_relay.h.
 *
 * The result depends on the sound alone, neither on the number of cores nor on their speed.
 *
 * A relay belongs to one thread.
 */
#ifndef TONEARM_MEDIA_RELAY_H
#define TONEARM_MEDIA_RELAY_H

#include "media/encode.h"
#include "media/seam.h"

enum { RELAY_SPANS_MOST = 8 };

/* How encoders of a codec relieve each other, in frames. */
struct relay_manner {
	const char *codec;
	int64_t least_rate; /* bits a second, below which they cannot */
	uint32_t span;    /* its length */
	uint32_t settle;  /* before it */
	uint32_t silence; /* the first of these, which an encoder gets instead of the sound */
	uint32_t overlap; /* beyond it */
	uint32_t ahead;   /* frames that an encoder must have before it gives the first */
	bool stays;       /* join() may find no place */
	bool blocks;      /* they are of two lengths, and the numbers above not used: vorbis_relay.h */
	size_t (*join)(struct seam *seam); /* see seam.h; NULL: any place is right */
};

/*
 * The one for RENDITION; of two manners that differ, the first in memory is that of the codec which takes longer. NULL
 * when its encoders cannot relieve each other.
 */
const struct relay_manner *relay_manner(const struct conf_rendition *rendition);

struct relay;

/*
 * A relay for RENDITION, whose codec has a manner and whose text outlives it, and BITS (see encode_open()), with SPANS
 * (2 to RELAY_SPANS_MOST) at work at a time. Each takes as much memory as its sound in planar float, which renditions
 * of a format share, or in FLAC's integers. *OUT is owned by the caller (relay_close()), NULL on failure.
 * ERR_NO_MEMORY.
 */
enum err relay_open(const struct conf_rendition *rendition, int bits, size_t spans, struct relay **out,
	struct err_info *info);

/*
 * As encode_frame(): FRAME (planar float) holds the encoder's frame_samples, the last maybe fewer; packets reach SINK
 * in their order. Waits while it is that many spans ahead.
 */
enum err relay_frame(
	struct relay *relay, const AVFrame *frame, encode_sink *sink, void *context, struct err_info *info);

/* Ends the threads if they still run. NULL is fine. */
void relay_close(struct relay *relay);

#endif
