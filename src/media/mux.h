/* SPDX-License-Identifier: MIT */
/*
 * The last stage of native containers (MP3, Ogg, FLAC, WAV): packets in, a plain file out, by FFmpeg's muxers. The
 * muxer is named, never guessed; it writes through our own callback to a descriptor and can open nothing. What makes a
 * file gapless it writes itself: the Xing frame with LAME's delay and padding, Opus' pre-skip and last granule
 * position, Vorbis' granule positions, FLAC's STREAMINFO with the number of samples and their MD5 at the end, RF64 for
 * WAV past 4 GiB. Tags go where the container has a place for them; MP3 and WAV get a tag of ID3v2.3 (id3.h), WAV
 * beside RIFF INFO, which knows neither chapters nor lyrics. The same input gives the same bytes.
 *
 * A muxer belongs to one thread at a time.
 */
#ifndef TONEARM_MEDIA_MUX_H
#define TONEARM_MEDIA_MUX_H

#include "base/err.h"
#include "media/tags.h"
#include "model/loudness.h"

#include <libavcodec/avcodec.h>
#include <stdbool.h>

struct mux;

/*
 * Begins a file in FD (stays the caller's, at its start, seekable) by the muxer NAME for what CODEC, an open encoder
 * or a context that describes one, gives, with TAGS, and if GAIN_ROOM is set with room for the loudness (gain_file.h).
 * An MP3 file gets no Xing frame when the initial padding of CODEC is 0. *OUT is owned by the caller (mux_close()),
 * NULL on failure. ERR_UNPROCESSABLE, ERR_NO_MEMORY, and as mux_packet().
 */
enum err mux_open(const char *name, const AVCodecContext *codec, const struct tags *tags, bool gain_room, int fd,
	struct mux **out, struct err_info *info);

/* Writes PACKET, whose times are in the time base of the encoder. ERR_TOO_LARGE, ERR_NO_SPACE, ERR_IO. */
enum err mux_packet(struct mux *mux, AVPacket *packet, struct err_info *info);

/*
 * The end: what is only known now goes into the header, LOUDNESS too (NULL: it is not known) where room was left.
 * Errors as above, ERR_NO_MEMORY.
 */
enum err mux_finish(struct mux *mux, const struct loudness *loudness, struct err_info *info);

/* NULL is fine. */
void mux_close(struct mux *mux);

#endif
