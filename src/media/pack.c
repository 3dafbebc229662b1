/* SPDX-License-Identifier: MIT */
#include "media/pack.h"

#include <math.h>
#include <stdbool.h>

/* Samples as integers of which 1.0 is SCALE. */
struct quantiser {
	float scale;
	bool exact;     /* they are, and need no noise */
	uint64_t place; /* of the next, counting all channels */
};

static struct quantiser choose(
	const float *const *planes, size_t channels, size_t samples, uint64_t at, float scale)
{
	struct quantiser quantiser = {.scale = scale, .exact = true, .place = at * channels};

	for (size_t c = 0; c < channels && quantiser.exact; c++) {
		for (size_t i = 0; i < samples && quantiser.exact; i++)
			quantiser.exact = rintf(planes[c][i] * scale) == planes[c][i] * scale;
	}
	return quantiser;
}

/* -1 to 1, triangular: the sum of two even distributions from one hash (the finaliser of SplitMix64) of PLACE. */
static double noise(uint64_t place)
{
	uint64_t hash = (place + 1) * UINT64_C(0x9e3779b97f4a7c15);

	hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
	hash ^= hash >> 31;
	return ((double)(hash >> 32) + (double)(hash & UINT32_MAX)) / UINT32_MAX - 1;
}

static long quantise(struct quantiser *quantiser, float x)
{
	double scale = (double)quantiser->scale, value = (double)x * scale;
	uint64_t place = quantiser->place++;

	if (!quantiser->exact)
		value += noise(place);
	if (!(value < scale - 1))
		return (long)scale - 1;
	return value < -scale ? -(long)scale : lrint(value);
}

void pack_s16(const float *const *planes, size_t channels, size_t samples, uint64_t at, int16_t *out)
{
	struct quantiser quantiser = choose(planes, channels, samples, at, 0x1p15F);

	for (size_t i = 0; i < samples; i++) {
		for (size_t c = 0; c < channels; c++)
			*out++ = (int16_t)quantise(&quantiser, planes[c][i]);
	}
}

void pack_s24(const float *const *planes, size_t channels, size_t samples, uint64_t at, int32_t *out)
{
	struct quantiser quantiser = choose(planes, channels, samples, at, 0x1p23F);

	for (size_t i = 0; i < samples; i++) {
		for (size_t c = 0; c < channels; c++)
			*out++ = (int32_t)(quantise(&quantiser, planes[c][i]) * 256);
	}
}

void pack_float(const float *const *planes, size_t channels, size_t samples, float *out)
{
	for (size_t i = 0; i < samples; i++) {
		for (size_t c = 0; c < channels; c++)
			*out++ = planes[c][i];
	}
}
