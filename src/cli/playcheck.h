/* SPDX-License-Identifier: MIT */
/*
 * Does what was published play? Asks for everything a player would, over HTTP: the HLS master, each media playlist,
 * each init section and segment by the range the playlist names, then the DASH manifest with the ranges it names. Each
 * answer must have the status, the length and the kind of box that it should, and the segments must last as long as the
 * track. Nothing is decoded.
 */
#ifndef TONEARM_CLI_PLAYCHECK_H
#define TONEARM_CLI_PLAYCHECK_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct playcheck {
	size_t renditions, segments; /* of HLS */
	size_t representations;      /* of DASH */
	uint64_t bytes;              /* of media that came */
};

/*
 * Checks TRACK (an id) on the server at BASE ("http://127.0.0.1:8080"), which must need no credential for it.
 * DURATION_MS is what the library says the track lasts. ERR_UNPROCESSABLE with a sentence that names the URL and what
 * is wrong with its answer; ERR_IO, ERR_TIMEOUT.
 */
enum err playcheck_track(
	const char *base, const char *track, int64_t duration_ms, struct playcheck *result, struct err_info *info);

#endif
