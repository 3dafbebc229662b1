/* SPDX-License-Identifier: MIT */
/*
 * DASH MPD (ISO/IEC 23009-1), static, on-demand profile: one AdaptationSet per codec, one Representation per rendition,
 * SegmentBase with indexRange. A pure builder: structs in, text out, integer arithmetic, relative URLs only. Text from
 * outside is escaped for XML; what XML cannot hold is dropped. Thread-safe, no state.
 */
#ifndef TONEARM_MANIFEST_DASH_H
#define TONEARM_MANIFEST_DASH_H

#include "base/buf.h"
#include "model/rendition.h"

struct dash_options {
	const char *query; /* percent-encoded, appended to each BaseURL after "?"; "" for none */
	const char *const *files; /* addresses of the renditions' files elsewhere, as they are; NULL: those here */
};

/*
 * The MPD at /dash/{track}/manifest.mpd, of COUNT >= 1 renditions in the order given; their segments are not looked at,
 * and of TRACK its title alone (clean UTF-8, or NULL).
 */
void dash_mpd(struct buf *out, const struct track *track, const struct rendition *renditions, size_t count,
	const struct dash_options *options);

#endif
