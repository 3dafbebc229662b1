/* SPDX-License-Identifier: MIT */
#include "media/pack.h"

#include <math.h>

/* X as an integer of which 1.0 is SCALE. */
static long quantise(float x, float scale)
{
	float scaled = x * scale;

	if (!(scaled < scale - 1))
		return (long)scale - 1;
	return scaled < -scale ? -(long)scale : lrintf(scaled);
}

void pack_s16(const float *const *planes, size_t channels, size_t samples, int16_t *out)
{
	for (size_t i = 0; i < samples; i++) {
		for (size_t c = 0; c < channels; c++)
			*out++ = (int16_t)quantise(planes[c][i], 0x1p15F);
	}
}

void pack_s24(const float *const *planes, size_t channels, size_t samples, int32_t *out)
{
	for (size_t i = 0; i < samples; i++) {
		for (size_t c = 0; c < channels; c++)
			*out++ = (int32_t)(quantise(planes[c][i], 0x1p23F) * 256);
	}
}

void pack_float(const float *const *planes, size_t channels, size_t samples, float *out)
{
	for (size_t i = 0; i < samples; i++) {
		for (size_t c = 0; c < channels; c++)
			*out++ = planes[c][i];
	}
}
