/* SPDX-License-Identifier: MIT */
/*
 * The third stage: decoded frames to the rate and channels of a rendition, as planar float in frames of the encoder's
 * size. One filter serves all renditions of a format; its frames are shared by reference.
 *
 * Exactness: nothing shifts (the resampler's delay is taken off), and over the whole file round(samples * rate / source
 * rate) samples come out: what the resampler's end leaves over or short is cut or filled with silence. Precision is
 * float's throughout: 24-bit sources lose nothing, and what has fewer bits afterwards is dithered there (pack.h).
 *
 * Rates are converted by soxr at 20 bits with linear phase, FFmpeg's own engine being the second choice: flat within
 * 0.01 dB up to 0.9 of the lower Nyquist frequency (20 kHz from 48 to 44.1 kHz), and what lies above that frequency is
 * 110 dB down before it can fold back, below what 16 bits hold. More bits of it cost time and are heard by nobody; a
 * wider pass band rings longer.
 *
 * A filter belongs to one thread.
 */
#ifndef TONEARM_MEDIA_FILTER_H
#define TONEARM_MEDIA_FILTER_H

#include "base/err.h"

#include <libavutil/audio_fifo.h>
#include <libavutil/frame.h>
#include <libswresample/swresample.h>
#include <stdint.h>

struct filter {
	int sample_rate, channels; /* of what comes out */
	int frame_samples;
	double gain; /* factor of all samples, 1 unless it is set before the first frame */
	SwrContext *resampler; /* NULL until the first frame */
	AVChannelLayout from;  /* what the resampler is set up for */
	int from_rate, from_format;
	AVAudioFifo *fifo;
	uint64_t taken; /* samples given to it */
	uint64_t given; /* samples taken out of it */
};

/*
 * Receives a frame of at most frame_samples samples; it is the receiver's. An error ends the filter's call and is
 * returned by it.
 */
typedef enum err filter_sink(void *context, AVFrame *frame, struct err_info *info);

/*
 * A filter to SAMPLE_RATE Hz and CHANNELS (1 or 2) in frames of FRAME_SAMPLES. *OUT is owned by the caller
 * (filter_close()), NULL on failure.
 */
enum err filter_open(int sample_rate, int channels, int frame_samples, struct filter **out, struct err_info *info);

/*
 * Takes FRAME (stays the caller's) and hands each full frame to SINK. The rate of all frames is the same, channels and
 * format may change.
 */
enum err filter_push(
	struct filter *filter, const AVFrame *frame, filter_sink *sink, void *context, struct err_info *info);

/* The end: hands out what is left, the last frame maybe short. *SAMPLES is how many came out in all. */
enum err filter_finish(
	struct filter *filter, filter_sink *sink, void *context, uint64_t *samples, struct err_info *info);

/* NULL is fine. */
void filter_close(struct filter *filter);

#endif
