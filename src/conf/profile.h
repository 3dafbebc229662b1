/* SPDX-License-Identifier: MIT */
/*
 * What a rendition can be: one table with a row for each codec in each container. Whoever must know a file extension, a
 * media type, an encoder or a bound asks here: the reader of the configuration, the API, the worker, what publishes and
 * what delivers. No FFmpeg: only names of its encoders and muxers. Pure, thread-safe.
 *
 * A format is written as one word: the codec, the container where it is not the codec's usual one, and the kilobits a
 * second where it is lossy: "aac-128", "opus-ogg-96", "mp3-320", "flac", "flac-flac" (a plain .flac file), "wav". That
 * word is also the name of the quality when a request gives none.
 */
#ifndef TONEARM_CONF_PROFILE_H
#define TONEARM_CONF_PROFILE_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile {
	const char *codec;        /* "aac", "mp3", "opus", "vorbis", "flac", "pcm" */
	const char *container;    /* "cmaf", "mp3", "ogg", "flac", "wav" */
	const char *name;         /* the format's word without its bit rate */
	const char *encoder;      /* FFmpeg's, of 16 bits where it matters */
	const char *deep_encoder; /* FFmpeg's for 24 bits; NULL: the same */
	const char *muxer;        /* FFmpeg's; NULL: src/package writes the file */
	const char *extension;    /* of files and URLs, without the dot */
	const char *type;         /* Content-Type */
	const char *codecs;       /* RFC 6381; what the file itself says goes before it */
	const char *magic;        /* magic_name() of such a file */
	const int64_t *rates;     /* sampling rates in Hz, 0 at the end; NULL: any from 8000 to 192000 */
	int64_t usual_rate;       /* Hz, where a request names none; 0: the source's */
	uint32_t frame_samples;   /* what the frames hold at which segments are cut */
	uint32_t priming;         /* delay of the encoder in samples, of formats with segments */
	bool lossless;            /* bit_rate is 0 */
};

/*
 * The row of CODEC in CONTAINER, NULL for the codec's usual one; the first of a codec is that. NULL when there is none.
 */
const struct profile *profile_find(const char *codec, const char *container);

/* Whether renditions in CONTAINER stand in manifests: they have segments. */
bool profile_is_segmented(const char *container);

/*
 * Fills what a request left out of RENDITION: container (NULL), sample_rate and channels (negative), quality (NULL: the
 * format's word, in ARENA); then profile_check(). In a lossless format, sample_rate 0 and channels 0 stand for the
 * source's, at most two channels. ERR_UNPROCESSABLE.
 */
enum err profile_complete(struct conf_rendition *rendition, struct arena *arena, struct err_info *info);

/*
 * ERR_OK when this build can make RENDITION (no member left out); else ERR_UNPROCESSABLE and a sentence that names what
 * it can.
 */
enum err profile_check(const struct conf_rendition *rendition, struct err_info *info);

/* Reads the word of a format, such as "mp3-320", into OUT, complete, its text in ARENA. ERR_UNPROCESSABLE. */
enum err profile_parse(const char *word, struct arena *arena, struct conf_rendition *out, struct err_info *info);

#endif
