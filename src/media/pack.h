/* SPDX-License-Identifier: MIT */
/*
 * From the planar float that the pipeline carries to the interleaved samples that some encoders want. No FFmpeg here.
 * Pure, thread-safe.
 *
 * A block whose samples are all integers of that many bits, as those of a source with no more bits are while nobody
 * changes them, comes out as the same integers. Any other is dithered: noise of a triangular distribution, two steps
 * wide, is added to each sample before it is rounded, and what is past full scale is cut. It makes mean and power of
 * the rounding error the same whatever the sound, so that quiet tones sink into a steady noise of -93 dBFS (16 bits)
 * rather than become harmonics of themselves (Lipshitz, Wannamaker, Vanderkooy: "Quantization and Dither: A Theoretical
 * Survey", J. Audio Eng. Soc. 40, 1992). The noise is white: shaping it gains nothing at rates where its price, more
 * power above, is heard by those who process the file further.
 *
 * The noise of a sample is a hash of its place in the stream: the same sound gives the same bytes.
 */
#ifndef TONEARM_MEDIA_PACK_H
#define TONEARM_MEDIA_PACK_H

#include <stddef.h>
#include <stdint.h>

/*
 * A block of SAMPLES of each of the CHANNELS planes, the first of which is number AT of the stream, into OUT, SAMPLES *
 * CHANNELS of them.
 */
void pack_s16(const float *const *planes, size_t channels, size_t samples, uint64_t at, int16_t *out);

/* The same with 24 bits, in the upper three bytes of 32. */
void pack_s24(const float *const *planes, size_t channels, size_t samples, uint64_t at, int32_t *out);

/* As they are, only interleaved. */
void pack_float(const float *const *planes, size_t channels, size_t samples, float *out);

#endif
