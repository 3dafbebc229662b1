/* SPDX-License-Identifier: MIT */
/*
 * HLS playlists (RFC 8216bis, draft-pantos-hls-rfc8216bis): pure builders, structs in, text out. Relative URIs, so that
 * they hold under any prefix and host, but for a file that is elsewhere. Numbers are integer arithmetic throughout: no
 * locale reaches the text, and the same input gives the same bytes. Thread-safe, no state.
 */
#ifndef TONEARM_MANIFEST_HLS_H
#define TONEARM_MANIFEST_HLS_H

#include "base/buf.h"
#include "model/rendition.h"

enum hls_addressing {
	HLS_BYTERANGE, /* EXT-X-BYTERANGE on /media/{track}/{file} */
	HLS_SEGMENTS,  /* init.mp4 and {n}.m4s beside the playlist, n from 0 */
	HLS_TRANSPORT  /* {n}.ts beside the playlist: MPEG transport streams, for players before fragmented MP4 */
};

struct hls_options {
	enum hls_addressing addressing;
	const char *query; /* percent-encoded, appended to each URI after "?"; "" for none */
	uint32_t segment_ms; /* HLS_TRANSPORT: about how long segments are */
	const char *file;    /* HLS_BYTERANGE: an address of the rendition's file elsewhere, as it is; NULL: the one here */
};

/*
 * Multivariant playlist of COUNT >= 1 renditions, in the order given, at /hls/{track}/master.m3u8; their segments are
 * not looked at. When they still grow, it says that playing starts at the beginning, not where the last segments are.
 * A rendition whose BANDWIDTH and CODECS equal those of one before it is left out: to a player the two would be
 * redundant copies of one variant (section 4.4.6.2), which they are not. When there are several codecs, each is a group
 * that its variants name. By HLS_TRANSPORT it stands at /hls/{track}/master-ts.m3u8, and the renditions are those that
 * ts_cmaf_fits().
 */
void hls_master(struct buf *out, const struct rendition *renditions, size_t count, const struct hls_options *options);

/*
 * Media playlist of a rendition with its segments, at /hls/{track}/{quality}/playlist.m3u8: VOD, or EVENT without an
 * end while it grows. From the one to the next growing one, and to the VOD one, segments are only added, and then
 * EXT-X-ENDLIST; but for the type nothing else changes (section 6.2.1), the target duration among it. EXTINF is what
 * the samples of a segment last, the priming that a player discards included. By HLS_TRANSPORT it is playlist-ts.m3u8.
 */
void hls_media(struct buf *out, const struct rendition *rendition, const struct hls_options *options);

#endif
