/* SPDX-License-Identifier: MIT */
/*
 * Reads back what cmaf.c wrote: init size, index, segment table, codec string, priming. The bytes come from a worker
 * that opened a stranger's media, so nothing in them is trusted: every size is checked against its parent and the file,
 * and the segments must tile the file to its last byte. Thread-safe, no state.
 */
#ifndef TONEARM_PACKAGE_CMAF_INDEX_H
#define TONEARM_PACKAGE_CMAF_INDEX_H

#include "base/arena.h"
#include "base/err.h"
#include "model/rendition.h"

/* Most bytes of init section and index that are read. */
enum { CMAF_INDEX_MOST = 4 << 20 };

/*
 * Fills from the file behind FD (its offset is not used): container, codec, codecs, sample_rate, channels, timescale,
 * priming, samples, file_size, init_size, index_offset, index_size, peak_bandwidth, average_bandwidth and segments (in
 * ARENA); the rest of OUT is untouched, and so is all of it on failure. Segment durations are those of the media
 * (priming included in the first).
 *
 * The average is over all segments. The peak is over runs of neighbours that last 0.5 to 1.5 target durations, as RFC
 * 8216bis section 4.1 defines the peak segment bit rate, so that a short last segment does not count by itself.
 *
 * ERR_UNPROCESSABLE with a sentence when the file is not what cmaf.c writes, ERR_IO.
 */
enum err cmaf_index_read(int fd, struct arena *arena, struct rendition *out, struct err_info *info);

/*
 * What the init section says before the track was ended: codec, codecs, sample_rate, channels, timescale, priming and
 * init_size; the rest of OUT is untouched, and so is all of it on failure. Errors as above.
 */
enum err cmaf_index_begin(int fd, struct arena *arena, struct rendition *out, struct err_info *info);

/* Whether SEGMENT is whole in a file that still grows: there, a moof and its mdat, and no more. Errors as above. */
enum err cmaf_index_segment(int fd, const struct segment *segment, struct err_info *info);

#endif
