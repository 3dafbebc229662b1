/* SPDX-License-Identifier: MIT */
/*
 * Writes one CMAF track (ISO/IEC 23000-19 over 14496-12) into one file:
 *
 *     ftyp moov sidx free moof mdat moof mdat ...
 *     └─ init ┘ └─ room ┘ └ segment ┘
 *
 * Encoded frames go in, bytes go out through a write callback at given offsets; no FFmpeg. One fragment is one segment.
 * Room for the `sidx` is reserved before the first fragment, so fragments never move; what is left of it is a `free`
 * box. Until the end that room is one `free` box and the durations of moov are 0, so that what is written can be played
 * while the rest is made; the end then writes init section and index in place, of the same size, in one write. The
 * loudness that a file tells of itself (cmaf_gain()) goes the same way: until then its room among the tags is a `free`
 * box, and where there is nothing to tell it stays one. Segments lie behind and never change; nobody is to keep an init
 * section of a growing file, so that no ETag ever meant other bytes.
 *
 * Encoder delay is an edit list (media_time = priming); padding is cut by the duration of the last sample, so that
 * durations sum to priming + samples. The same input gives the same bytes.
 *
 * The open segment is held in memory (64 MiB at most), and 12 bytes for each segment written. A writer belongs to one
 * thread.
 */
#ifndef TONEARM_PACKAGE_CMAF_H
#define TONEARM_PACKAGE_CMAF_H

#include "base/err.h"
#include "model/segment_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most units a second, and bytes in a file: with these, rates are computed in 64 bits. */
enum { CMAF_TIMESCALE_MOST = 1000000, CMAF_TAG_BYTES = 1024, CMAF_LONG_BYTES = 8192, CMAF_GAIN_BYTES = 96 };
#define CMAF_FILE_MOST (UINT64_C(1) << 40)

enum cmaf_codec { CMAF_AAC, CMAF_OPUS, CMAF_FLAC };

struct cmaf_chapter {
	uint64_t start_ms;
	const char *title; /* "" when it has none */
};

/* What a file says of itself to those who have nothing but the file. Texts are UTF-8; NULL, "" and 0 where unknown. */
struct cmaf_tags {
	const char *title, *artist, *album, *album_artist, *composer, *genre, *comment, *copyright, *isrc;
	const char *date;   /* NULL: the year is all that is known of it */
	int number, numbers; /* of the track on its disc, and how many there are; 0 to 9999, as the next are */
	int disc, discs, year;
	const char *lyrics; /* these and chapters only as far as CMAF_LONG_BYTES hold them: see package/cmaf_udta.h */
	const struct cmaf_chapter *chapters;
	size_t chapter_count;
	bool gain_room;   /* leave room for cmaf_gain() */
};

/* The loudness as players look for it (media/gain_text.h), each of at most CMAF_GAIN_BYTES; NULL: nothing. */
struct cmaf_gain {
	const char *gain, *peak; /* "-6.50 dB", "0.988553" */
	const char *norm;        /* iTunNORM */
};

struct cmaf_track {
	enum cmaf_codec codec;
	uint32_t timescale; /* = sampling rate (48000 for Opus) */
	uint32_t sample_rate, channels;
	uint32_t bit_rate; /* bits/s that esds and btrt state until cmaf_finish() writes what was measured; 0 unknown */
	uint32_t priming;  /* samples to discard at the start: encoder delay or pre-skip */
	/* AAC: AudioSpecificConfig; Opus: OpusHead without its magic; FLAC: STREAMINFO (34 bytes) */
	const void *config;
	size_t config_size;
	size_t segments_expected; /* how many segments to reserve `sidx` room for; at most 65535 are */
	struct cmaf_tags tags; /* short texts of at most CMAF_TAG_BYTES; what they point to outlives the writer */
};

struct cmaf_output {
	/* Writes LENGTH bytes at OFFSET; ERR_IO, ERR_NO_SPACE. Called in file order but for the end of a track. */
	enum err (*write)(void *context, uint64_t offset, const void *bytes, size_t length, struct err_info *info);
	void *context;
};

struct cmaf_writer;

/*
 * Writes the init section and reserves the index. TRACK and its config are copied, what its tags point to is not. *OUT
 * is owned by the caller, NULL on failure. ERR_UNPROCESSABLE for a track that cannot be written; what the callback
 * returns.
 */
enum err cmaf_open(const struct cmaf_track *track, const struct cmaf_output *output, struct cmaf_writer **out,
	struct err_info *info);

/*
 * Appends one encoded frame of LENGTH bytes and DURATION samples (timescale), neither 0; bytes are copied. It belongs
 * to the segment that is open. ERR_UNPROCESSABLE for an empty frame, ERR_TOO_LARGE for a segment past 64 MiB.
 */
enum err cmaf_sample(
	struct cmaf_writer *writer, const void *bytes, size_t length, uint32_t duration, struct err_info *info);

/*
 * Ends the open segment: its moof and mdat are written. Does nothing when it has no samples. ERR_TOO_LARGE past
 * SEGMENT_TABLE_MOST segments or CMAF_FILE_MOST bytes; what the callback returns.
 */
enum err cmaf_cut(struct cmaf_writer *writer, struct err_info *info);

/*
 * Puts SIZE bytes of CONFIG in the place of the codec configuration that the track began with, for a codec that knows
 * all of it only at the end (FLAC: number of samples, MD5). Ignored when it is not of the same size. Before
 * cmaf_finish().
 */
void cmaf_config(struct cmaf_writer *writer, const void *config, size_t size);

/*
 * What the end writes into the room for it; ignored when there is none. The texts outlive the writer. Before
 * cmaf_finish().
 */
void cmaf_gain(struct cmaf_writer *writer, const struct cmaf_gain *gain);

/*
 * SEGMENT, which holds number INDEX-1 (nothing when INDEX is 0), becomes number INDEX. False when that one is not
 * written yet, or is the last one cut, which the end may still change. Bytes and place of those told never change,
 * whatever follows (but cmaf_finish() may join them in the index).
 */
bool cmaf_next_segment(const struct cmaf_writer *writer, size_t index, struct segment *segment);

/*
 * Ends the track: the last sample's duration is cut so that the presented length is SAMPLES, the last segment is
 * written (anew, when it was cut already), and so are `sidx` and the durations of moov. When more segments came than
 * were reserved, as many neighbours each are joined in the index as makes it fit: a reference then covers several
 * fragments, one segment to a reader.
 *
 * The caller has dropped frames that begin past the end, and the first segment is longer than the priming: else
 * ERR_INTERNAL. ERR_UNPROCESSABLE when there is no frame at all, ERR_TOO_LARGE when joined segments reach 2 GiB; what
 * the callback returns. Whatever happens, the writer can then only be freed.
 */
enum err cmaf_finish(struct cmaf_writer *writer, uint64_t samples, struct err_info *info);

/* Frees the writer, finished or not. NULL is fine. */
void cmaf_free(struct cmaf_writer *writer);

#endif
