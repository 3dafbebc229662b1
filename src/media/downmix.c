/* SPDX-License-Identifier: MIT */
#include "media/downmix.h"

#include <assert.h>
#include <math.h>

/* Part of each speaker in left and in right. */
static const double parts[][DOWNMIX_OUTPUTS_MOST] = {
	[SPEAKER_NONE] = {0, 0},
	[SPEAKER_LEFT] = {1, 0},
	[SPEAKER_RIGHT] = {0, 1},
	[SPEAKER_CENTRE] = {M_SQRT1_2, M_SQRT1_2},
	[SPEAKER_SIDE_LEFT] = {M_SQRT1_2, 0},
	[SPEAKER_SIDE_RIGHT] = {0, M_SQRT1_2},
	[SPEAKER_BACK_CENTRE] = {0.5, 0.5},
};

static double row_sum(const double *row, size_t length)
{
	double sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += row[i];
	return sum;
}

void downmix_matrix(const enum speaker *speakers, size_t inputs, size_t outputs, double *matrix)
{
	double most = 0;

	assert(inputs >= 1 && inputs <= DOWNMIX_INPUTS_MOST && outputs >= 1 && outputs <= DOWNMIX_OUTPUTS_MOST);
	for (size_t i = 0; i < inputs; i++) {
		const double *part = parts[inputs == 1 ? SPEAKER_CENTRE : speakers[i]];

		for (size_t out = 0; out < outputs; out++)
			matrix[out * inputs + i] = outputs == 1 ? part[0] + part[1] : part[out];
	}
	for (size_t out = 0; out < outputs; out++)
		most = fmax(most, row_sum(matrix + out * inputs, inputs));
	for (size_t i = 0; i < inputs * outputs; i++)
		matrix[i] = most > 0 ? matrix[i] / most : 1.0 / (double)inputs;
}
