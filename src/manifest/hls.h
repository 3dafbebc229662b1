/* SPDX-License-Identifier: MIT */
/*
 * HLS playlists (RFC 8216bis): pure builders, structs in, text out. Relative URIs only, so that they hold under any prefix and host.
 */
#ifndef TONEARM_MANIFEST_HLS_H
#define TONEARM_MANIFEST_HLS_H

#include "base/buf.h"
#include "model/rendition.h"

enum hls_addressing {
	HLS_BYTERANGE, /* EXT-X-BYTERANGE on /media/{track}/{file} */
	HLS_SEGMENTS   /* init.mp4 and {n}.m4s beside the playlist, n from 0 */
};

struct hls_options {
	enum hls_addressing addressing;
	const char *query; /* appended to each URI after "?", "" for none */
};

/*
 * Multivariant playlist of COUNT >= 1 renditions, in the order given, at /hls/{track}/master.m3u8. Renditions of one codec are variants of each other.
 */
void hls_master(struct buf *out, const struct rendition *renditions, size_t count, const struct hls_options *options);

/* VOD media playlist at /hls/{track}/{quality}/playlist.m3u8. */
void hls_media(struct buf *out, const struct rendition *rendition, const struct hls_options *options);

#endif
