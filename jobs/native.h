/* SPDX-License-Identifier: MIT */
/*
 * A rendition in a native container (MP3, Ogg, FLAC, WAV), as its row: there is no index to read back, so what the file
 * begins with and how large it is must fit what was asked for. Thread-safe, no state.
 */
#ifndef TONEARM_JOBS_NATIVE_H
#define TONEARM_JOBS_NATIVE_H

#include "base/err.h"
#include "conf/conf.h"
#include "model/rendition.h"

/*
 * Fills from the file behind FD (its offset is not used), made as WANTED: container, codec, codecs, sample_rate,
 * channels, timescale, samples, file_size, peak_bandwidth, average_bandwidth; it has no segments. SAMPLES is the length
 * of SOURCE at its own rate. ERR_UNPROCESSABLE with a sentence when the file cannot be that, ERR_IO.
 */
enum err native_read(int fd, const struct conf_rendition *wanted, const struct track *source, int64_t samples,
	struct rendition *out, struct err_info *info);

#endif
