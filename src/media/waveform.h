/* SPDX-License-Identifier: MIT */
/*
 * Waveforms by the arithmetic of BBC audiowaveform: the least and the greatest sample of each run of so many samples
 * (a pixel), of the mix of all channels and of each channel.
 *
 *     samples ──waveform_push()──► struct waveform ──waveform_part()──► struct waveform_data ──► files, below
 *                                                                         │    ▲
 *                                                       waveform_fold() ──┴────┘ coarser
 *
 * The mix is the sum of a sample's channels divided by their number, 8-bit values are 16-bit values divided by 256,
 * both truncated toward zero. A last pixel that is not full is kept. Least and greatest of a union are those of its
 * parts, and truncation keeps order, so a coarser or an 8-bit waveform made from a fine 16-bit one is exact.
 *
 * No FFmpeg here, no files: publishing and serving use it too. Belongs to one thread at a time.
 */
#ifndef TONEARM_MEDIA_WAVEFORM_H
#define TONEARM_MEDIA_WAVEFORM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WAVEFORM_PER_PIXEL = 256,      /* samples a pixel of a stored waveform, unless the programme is long */
	WAVEFORM_PIXELS_MOST = 262144, /* of a stored waveform; even. 25 minutes at 44.1 kHz */
	WAVEFORM_CHANNELS_MOST = 8,
	WAVEFORM_HEADER = 24 /* bytes of a .dat file before its values */
};

/* A waveform that grows. Zeroed, it is none; make it with waveform_init(). */
struct waveform {
	uint32_t sample_rate, channels;
	uint32_t per_pixel;      /* doubles when a pixel more than MOST comes */
	uint32_t filled;         /* samples in the pixel that is open */
	size_t lanes;            /* the mix, then, when there are several, each channel */
	size_t pixels, room, most;
	int16_t *pairs;          /* least and greatest, lane by lane, pixel by pixel: heap, owned */
	int16_t open[WAVEFORM_CHANNELS_MOST + 1][2];
};

/* A finished one, as the files hold it. */
struct waveform_data {
	uint32_t sample_rate; /* Hz */
	uint32_t per_pixel;
	uint32_t length;   /* pixels */
	uint32_t channels; /* 1 for a mix */
	int16_t *pairs;    /* least and greatest, channel by channel, pixel by pixel; in an arena */
};

/* CHANNELS is 1 to WAVEFORM_CHANNELS_MOST, PER_PIXEL not 0, MOST even. Ended by waveform_free(). */
void waveform_init(
	struct waveform *waveform, uint32_t sample_rate, uint32_t channels, uint32_t per_pixel, size_t most);

/* COUNT samples of each channel, PLANES[channel] each. ERR_NO_MEMORY; ERR_TOO_LARGE past 2^31 samples a pixel. */
enum err waveform_push(
	struct waveform *waveform, const int16_t *const *planes, size_t count, struct err_info *info);

/* Closes the last pixel; nothing is pushed after it. ERR_NO_MEMORY. */
enum err waveform_finish(struct waveform *waveform, struct err_info *info);

/* The mix, or with SPLIT each channel (only when there are several), of a finished one into OUT. */
void waveform_part(const struct waveform *waveform, bool split, struct arena *arena, struct waveform_data *out);

/* One that is zeroed is fine. */
void waveform_free(struct waveform *waveform);

/* FROM with FACTOR (not 0) pixels joined into one each, into OUT. */
void waveform_fold(
	const struct waveform_data *from, uint32_t factor, struct arena *arena, struct waveform_data *out);

/*
 * Reads a version 2 .dat file of 16 bits. ERR_UNPROCESSABLE with a sentence for anything else, for a length that does
 * not fit the bytes, and for a least value above its greatest.
 */
enum err waveform_read(
	const void *bytes, size_t length, struct arena *arena, struct waveform_data *out, struct err_info *info);

/*
 * Appends the file to OUT: audiowaveform's .dat (version 2) and .json, with BITS 8 or 16; and a picture of
 * WIDTH x HEIGHT units, one path in currentColor, channels below each other. The limit of OUT decides on what is too
 * long.
 */
void waveform_put_dat(struct buf *out, const struct waveform_data *data, int bits);
void waveform_put_json(struct buf *out, const struct waveform_data *data, int bits);
void waveform_put_svg(struct buf *out, const struct waveform_data *data, uint32_t width, uint32_t height);

#endif
