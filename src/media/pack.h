/* SPDX-License-Identifier: MIT */
/*
 * From the planar float that the pipeline carries to the interleaved samples that some encoders want. A sample that was
 * an integer of at most that many bits in the source comes out as the same integer; others are rounded to the nearest,
 * and cut at full scale. No FFmpeg here. Pure, thread-safe.
 */
#ifndef TONEARM_MEDIA_PACK_H
#define TONEARM_MEDIA_PACK_H

#include <stddef.h>
#include <stdint.h>

/* SAMPLES of each of the CHANNELS planes into OUT, SAMPLES * CHANNELS of them. */
void pack_s16(const float *const *planes, size_t channels, size_t samples, int16_t *out);

/* The same with 24 bits, in the upper three bytes of 32. */
void pack_s24(const float *const *planes, size_t channels, size_t samples, int32_t *out);

/* The same, only interleaved. */
void pack_float(const float *const *planes, size_t channels, size_t samples, float *out);

#endif
